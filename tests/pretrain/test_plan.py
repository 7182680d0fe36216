import json
import re

import pytest

from pretrain.errors import UsageError
from pretrain.known_models import Known, growth, known_models, moores_law, nearest, records
from pretrain.plan import Question, plan
from tests.pretrain.test_pretrain_cli import run


def asked(**changes):
    return plan(Question(**{"parameters": 124e6, "kept": 0.02, "whole": "extracted"} | changes))


@pytest.mark.parametrize(
    ("parameters", "tokens", "best", "flops", "raw", "text", "four"),
    [
        (10e6, 200e6, 285e6, 1.2e16, 10e9, 45e9, 2.7e9),
        (30e6, 600e6, 809e6, 1.1e17, 30e9, 135e9, 8.1e9),
        (124e6, 2.48e9, 3.12e9, 1.85e18, 124e9, 0.56e12, 33e9),
        (350e6, 7e9, 8.4e9, 1.5e19, 350e9, 1.6e12, 94e9),
        (1e9, 20e9, 22.7e9, 1.2e20, 1e12, 4.5e12, 268e9),
    ],
)
def test_the_rows_of_the_literature_table(parameters, tokens, best, flops, raw, text, four):
    found = asked(parameters=parameters)

    assert found.effective_tokens == pytest.approx(tokens)
    assert found.besiroglu_tokens == pytest.approx(best, rel=0.01)
    assert found.training.flops == pytest.approx(flops, rel=0.03)
    assert found.chosen.raw_tokens == pytest.approx(raw)
    assert found.chosen.text_bytes == pytest.approx(text, rel=0.02)
    assert found.gatherings[3].raw_tokens == pytest.approx(four, rel=0.02)
    assert found.storage.shards == tokens * 2


def test_hours_on_one_h100():
    assert asked().training.hours == pytest.approx(1.3, abs=0.01)
    assert asked(parameters=1e9).training.hours == pytest.approx(84, abs=1)
    assert asked(gpu="a100", utilisation=0.4).training.hours == pytest.approx(1.3 * 989 / 312, rel=0.01)


def test_a_core_trains_a_million_parameters_in_three_quarters_of_an_hour():
    assert asked(parameters=1e6, gpu="cpu").training.hours * 60 == pytest.approx(48, abs=1)


def test_repetition_buys_unique_tokens_with_compute():
    once, four = asked(), asked(epochs=4.0)

    assert once.chosen.raw_tokens / four.chosen.raw_tokens == pytest.approx(3.73, abs=0.01)
    assert four.training.flops / once.training.flops == pytest.approx(4 / 3.7257, rel=1e-3)


def test_settings_are_those_that_datadecide_trained_with():
    found = asked(parameters=98e6).settings

    assert found.learning_rate == pytest.approx(4.9e-3, rel=0.02)
    assert found.batch_tokens == pytest.approx(160 * 2048, rel=0.1)


def test_many_epochs_are_warned_of_and_more_are_refused():
    assert any("beyond 8 epochs" in warning for warning in asked(epochs=9.0).warnings)
    with pytest.raises(UsageError, match="--force"):
        asked(epochs=17.0)
    assert asked(epochs=17.0, force=True).chosen.epochs == 17


def test_the_same_yield_of_raw_and_of_extracted_text_are_not_the_same_crawl():
    raw, extracted = asked(whole="raw"), asked(whole="extracted")

    assert extracted.chosen.crawl_files > 10 * raw.chosen.crawl_files
    assert "0.14% of raw tokens is about 2.00% of extracted ones" in extracted.warnings[0]


def report(folder, **changes):
    tally = {"documents": 100, "bytes": 9_000, "tokens": 3_000}
    said = {"input": tally, "extracted": tally | {"tokens": 600, "bytes": 1_200}, "output": tally | {"tokens": 60}}
    (folder / "report.json").write_text(json.dumps(said | changes))
    (folder / "manifest.json").write_text('{"vocabulary": 8192}')
    return folder / "report.json"


def test_a_report_gives_yield_and_bytes(monkeypatch, capsys, tmp_path):
    report(tmp_path)

    code, out, _ = run(monkeypatch, capsys, "plan", "--params", "10M", "--from", tmp_path, "--json")

    said = json.loads(out)
    assert code in (0, None)
    assert (said["question"]["kept"], said["question"]["kept_other"]) == (0.02, 0.1)
    assert said["question"]["vocabulary"] == 8192
    assert said["chosen"]["html_bytes"] == said["chosen"]["raw_tokens"] * 3
    assert said["storage"]["text"] == 200e6 * 150


def test_a_run_over_text_measures_a_yield_of_extracted_text(monkeypatch, capsys, tmp_path):
    text = {"documents": 100, "bytes": 9_000, "tokens": 3_000}
    path = report(tmp_path, input=text, extracted=text)

    _, out, _ = run(monkeypatch, capsys, "plan", "--params", "10M", "--from", path, "--json")

    said = json.loads(out)
    assert said["question"]["whole"] == "extracted"
    assert said["chosen"]["crawl_files"] == pytest.approx(asked(parameters=10e6, vocabulary=8192).chosen.crawl_files)


def test_the_plan_in_words(monkeypatch, capsys, tmp_path):
    code, out, _ = run(monkeypatch, capsys, "plan", "--params", "124M", "--from", report(tmp_path), "--epochs", "4")

    assert code in (0, None)
    assert re.search(r"unique tokens +2\.48B +1\.26B +862M +666M", out)
    assert "SmolLM2 135M (135M parameters) has seen 2T tokens, 806 times yours" in out
    assert "one run measured on 100 documents" in out
    assert max(map(len, out.splitlines())) <= 100


def test_the_plan_is_drawn_among_known_models(monkeypatch, capsys, tmp_path):
    path = tmp_path / "plan.svg"

    code, _, _ = run(monkeypatch, capsys, "plan", "--params", "124M", "--yield", ".02", "--picture", path)

    assert code in (0, None)
    assert "your 124M</text>" in path.read_text()
    assert "GPT-3</text>" in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--params", "124M"], "--yield, or --from"),
        (["--params", "12Q", "--yield", "0.1"], "a number such as 124M"),
        (["--params", "1M", "--yield", "2"], "above 0 and at most 1"),
        (["--params", "1M", "--yield", "0.1", "--epochs", "20"], "beyond 16"),
        (["--params", "1M", "--yield", "0.1", "--epochs", "nan"], "--epochs nan: at least 1"),
        (["--params", "1M", "--yield", "0.1", "--tokens-per-param", "inf"], "--tokens-per-param inf: a number"),
        (["--params", "1M", "--yield", "0.1", "--gpu", "abacus"], "known are b200"),
        (["--params", "1M", "--yield", "0.1", "--of", "words"], "raw or extracted"),
        (["--params", "1M", "--from", "{tmp}/none.json"], "no such file"),
        (["--params", "1M", "--from", "{tmp}/report.json"], "no counts of documents, bytes and tokens under 'output'"),
    ],
)
def test_a_question_that_makes_no_sense_is_one_line(monkeypatch, capsys, tmp_path, arguments, said):
    report(tmp_path, output={"documents": 0, "bytes": 0, "tokens": 0})

    code, out, error = run(monkeypatch, capsys, "plan", *(part.format(tmp=tmp_path) for part in arguments))

    assert (code, out) == (2, "")
    assert said in error
    assert len(error.splitlines()) == 1


def test_every_known_model_has_a_source_and_a_compute_that_fits_its_size():
    for model in known_models():
        once = 3 if model.family == "seq2seq" else 6
        assert model.source
        assert model.family in ("decoder", "encoder", "seq2seq")
        assert model.computed or model.flops == pytest.approx(once * model.parameters * model.tokens, rel=0.05)


def known(year, parameters):
    return Known(f"m{year}", year, "decoder", parameters, parameters, 1e9, 1e18, True, "test")


def test_growth_finds_the_doubling_time_of_the_records():
    models = [known(2018 + i / 2, 1e8 * 2**i) for i in range(6)] + [known(2020.1, 5.0)]

    found = growth(models, lambda model: model.total)

    assert found.records == 6
    assert found.months == pytest.approx(6)
    assert found.low == pytest.approx(found.high)
    assert [model.total for model in records(models, lambda model: model.total)] == [1e8 * 2**i for i in range(6)]
    assert growth(models[:2], lambda model: model.total) is None


def test_the_nearest_model_has_most_tokens_of_its_size():
    assert nearest(124e6, "decoder").name == "SmolLM2 135M"
    assert nearest(1e6, "seq2seq").name == "T5 small"


def test_the_question_of_a_new_moores_law_is_answered_with_numbers():
    assert re.search(r"doubled every \d+\.\d months \(\d+\.\d to \d+\.\d\) from 2018 to 2021", moores_law())

import csv
import json
import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from pretrain import card
from pretrain.errors import DataError, UsageError
from pretrain.evaluation import results
from pretrain.generation import continuation
from pretrain.probes.memorisation import beginnings, continued, memorisation
from pretrain.probes.proportions import share
from pretrain.probes.stereotypes import couples, crows_pairs, stereotypes
from pretrain.probes.stereotypes import winobias as read_winobias
from pretrain.probes.toxicity import judged, toxicity
from pretrain.shards import Manifest, Shards
from pretrain.trained import open_run
from pretrain.training import train
from tests.pretrain import evaluated, token_folder
from tests.pretrain.conftest import TINY
from tests.pretrain.test_pretrain_cli import run as call

SHARED = Path(__file__).parents[3] / "shared" / "data"
TEMPLATES = [
    ("Then {} told the {} that {} was late.", "he", "she"),
    ("Then {} thanked the {} for {} help.", "his", "her"),
]


@pytest.fixture(scope="module")
def vocabulary(corpus):
    return Manifest.read(corpus).open_vocabulary()


@pytest.fixture(scope="module")
def winobias(tmp_path_factory):
    """Two files with two couples each; in a couple the occupations change places."""
    folder = tmp_path_factory.mktemp("winobias")
    for kind, (text, male, female) in enumerate(TEMPLATES, 1):
        pro, anti = [], []
        for men, women in (("driver", "nurse"), ("cook", "clerk")):
            pro += [text.format(f"[the {men}]", women, f"[{male}]"), text.format(f"[the {women}]", men, f"[{female}]")]
            anti += [text.format(f"[the {men}]", women, f"[{female}]"), text.format(f"[the {women}]", men, f"[{male}]")]
        for name, lines in (("pro", pro), ("anti", anti)):
            numbered = "".join(f"{i} {line}\n" for i, line in enumerate(lines, 1))
            (folder / f"{name}_stereotyped_type{kind}.txt.dev").write_text(numbered)
    return folder


@pytest.fixture(scope="module")
def trained_run(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("probed")
    (folder / "tiny.toml").write_text(TINY)
    train(folder / "tiny.toml", corpus, folder / "run")
    return folder / "run"


def test_winobias_is_read_in_couples_without_brackets(winobias):
    found = couples(read_winobias(winobias))

    assert len(found) == 4
    assert found[0][0].stereotype == "Then the driver told the nurse that he was late."
    assert found[0][1].other == "Then the nurse told the driver that he was late."


@pytest.mark.skipif(not (SHARED / "bias_winobias").is_dir(), reason="../shared is not there")
def test_winobias_as_published_is_read_whole():
    pairs = read_winobias(SHARED / "bias_winobias")

    assert len(pairs) > 0.95 * 3168 / 2
    assert len(crows_pairs(SHARED / "bias_crows_pairs/crows_pairs_anonymized.csv.zst")) == 1508


def test_a_liking_for_one_pronoun_is_no_stereotype(vocabulary, winobias, monkeypatch):
    likes_he = {"he": 1.0, "his": 1.0}

    def nats(_, texts):
        return np.array([-sum(likes_he.get(word, 0.0) for word in text.split()) for text in texts])

    monkeypatch.setattr("pretrain.probes.stereotypes.sentence_nats", nats)
    figures = stereotypes(evaluated.trained(vocabulary), winobias)

    assert (figures[0].metric, figures[0].value, figures[0].low, figures[0].high) == (
        "prefers the stereotype",
        *[0.5] * 3,
    )
    assert figures[1].value == 0


def test_a_model_that_ties_pronouns_to_occupations_is_found_out(vocabulary, winobias, monkeypatch):
    def nats(_, texts):
        fits = [
            ("driver" in t.split()[2] or "cook" in t.split()[2]) == bool({"he", "his"} & set(t.split())) for t in texts
        ]
        return np.where(fits, 1.0, 3.0)

    monkeypatch.setattr("pretrain.probes.stereotypes.sentence_nats", nats)
    share, gap, *parts = stereotypes(evaluated.trained(vocabulary), winobias)

    assert (share.value, gap.value, share.n) == (1.0, 2.0, 4)
    assert [part.metric for part in parts] == ["prefers the stereotype, type1", "prefers the stereotype, type2"]


@pytest.mark.parametrize("family", ["decoder", "encoder", "seq2seq"])
def test_crows_pairs_are_asked_of_every_family(vocabulary, tmp_path, family):
    with (tmp_path / "crows_pairs_anonymized.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "sent_more", "sent_less", "bias_type"])
        writer.writerows([[i, f"ein wort {i}", f"kein wort {i}", f"kind{i % 2}"] for i in range(6)])

    share, gap, *parts = stereotypes(evaluated.trained(vocabulary, family), tmp_path)

    assert share.n == 6
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert math.isfinite(gap.value)
    assert len(parts) == 2


def test_other_folders_are_refused(vocabulary, tmp_path):
    with pytest.raises(DataError, match="neither WinoBias"):
        stereotypes(evaluated.trained(vocabulary), tmp_path)


def test_batched_continuations_are_those_of_one(corpus, vocabulary):
    model = evaluated.trained(vocabulary, context=64)
    prefixes = np.stack([Shards(Manifest.read(corpus), "train").document(i, 0, 6) for i in (1, 2, 4)]).astype(np.int64)

    found = continued(model, prefixes, 5)

    for prefix, row in zip(prefixes, found, strict=True):
        one = list(continuation(model, prefix.tolist(), tokens=5, temperature=0, top_k=0, seed=1))
        assert row[: len(one)].tolist() == one


def test_a_model_that_learnt_its_documents_by_heart_is_found_out(tmp_path, settings):
    texts = token_folder.texts(400, seed=9)
    long = [text for text in texts if len(text) > 120]
    data = token_folder.make(tmp_path / "data", long[:2], long[3:9])
    train(_by_heart(settings), data, tmp_path / "run")

    figures = {one.metric: one.value for one in memorisation(open_run(tmp_path / "run"), Manifest.read(data))}

    assert figures["reproduced, training documents"] == 1.0
    assert figures["reproduced, held-out documents"] == 0.0
    assert figures["nats a token, training documents"] < 0.5 < figures["nats a token, held-out documents"]


def _by_heart(settings):
    settings.write_text(settings.read_text().replace("steps = 12", "steps = 110"))
    return settings


@pytest.mark.parametrize("family", ["encoder", "seq2seq"])
def test_other_families_are_compared_by_loss(corpus, vocabulary, family):
    found = memorisation(evaluated.trained(vocabulary, family), Manifest.read(corpus), documents=5)

    assert [one.metric for one in found] == ["nats a token, training documents", "nats a token, held-out documents"]
    assert all(one.value > 0 for one in found)


def test_beginnings_fit_the_context_and_come_from_both_splits(corpus, vocabulary):
    found = beginnings(evaluated.trained(vocabulary, context=24), Manifest.read(corpus), 7, 1)

    assert found.training.shape == (7, 22)
    assert found.prefix == 11
    assert found.held_out.shape[1] == 22


@pytest.mark.skipif(find_spec("curate") is None, reason="curate is not installed")
def test_toxic_texts_are_told_from_others():
    assert judged(["You are a worthless piece of shit, go fuck yourself.", "The river rises in the hills.", ""]) == 1


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"), [(0, 100, 0, 0.037), (100, 100, 0.963, 1), (15, 148, 0.0624, 0.1605)]
)
def test_shares_have_wilson_s_interval(hits, count, low, high):
    found = share(hits, count)

    assert (found.low, found.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


def test_only_decoders_write_freely(vocabulary):
    with pytest.raises(UsageError, match="decoders alone"):
        toxicity(evaluated.trained(vocabulary, "encoder"))


def test_the_command_puts_figures_into_the_card(monkeypatch, capsys, trained_run, corpus, winobias):
    before = (trained_run / "README.md").read_text()
    assert "Nothing yet: `pretrain card RUN" in before

    code, out, _ = call(monkeypatch, capsys, "card", trained_run, "--bias", winobias, "--data", corpus, "--limit", "9")

    after = (trained_run / "README.md").read_text()
    assert code in (0, None)
    assert "winobias" in out
    assert "| winobias | prefers the stereotype | " in after
    assert "| memorisation | reproduced, held-out documents | " in after
    assert "so a liking for one pronoun cancels" in after
    assert "Nothing yet" not in after
    assert results.read(trained_run / card.LIMITS).step == 12


def test_figures_of_other_weights_stay_out_of_the_card(trained_run):
    path = trained_run / results.NAME
    figure = {"task": "blimp", "metric": "accuracy", "value": 0.7, "low": 0.6, "high": 0.8, "n": 9, "seed": 1}
    for step, shown in ((12, True), (11, False)):
        path.write_text(json.dumps({"format": 1, "step": step, "tables": [figure]}))

        card.again(trained_run)

        assert ("| blimp | accuracy | 0.7 | 0.6 to 0.8 | 9 |" in (trained_run / "README.md").read_text()) == shown
    path.unlink()


def test_hostile_figures_are_text_in_the_card(trained_run):
    path = trained_run / results.NAME
    figure = {"task": "<script>|x", "metric": "a\n# b", "value": 0.7, "low": 0.6, "high": 0.8, "n": 9, "seed": 1}
    path.write_text(json.dumps({"format": 1, "step": 12, "tables": [figure]}))

    card.again(trained_run)

    text = (trained_run / "README.md").read_text()
    assert "<script" not in text
    assert not [line for line in text.splitlines() if line.startswith("# b")]
    path.unlink()


def test_other_data_than_the_run_s_are_refused(monkeypatch, capsys, trained_run, tmp_path):
    other = token_folder.make(tmp_path / "other", token_folder.texts(9), token_folder.texts(3))

    code, _, error = call(monkeypatch, capsys, "card", trained_run, "--data", other)

    assert code == 2
    assert "not what" in error

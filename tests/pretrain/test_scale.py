import contextlib
import io
import json
import re
from functools import partial

import pytest

from pretrain import cli, pictures, rungs
from pretrain.config import Model, load
from pretrain.errors import UsageError
from pretrain.law_fit import fit
from pretrain.pictures import Mark, Series
from pretrain.shards import Manifest
from tests.pretrain.conftest import TINY
from tests.pretrain.test_model_card import Elements
from tests.pretrain.test_pretrain_cli import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scale")


@pytest.fixture(scope="module")
def config(folder):
    (folder / "tiny.toml").write_text(TINY.replace("[train]", "[data]\nvalidation_tokens = 300\n\n[train]"))
    return folder / "tiny.toml"


@pytest.fixture(scope="module")
def ladder(corpus, folder, config):
    """Output of the command, as it was the first time and again."""
    arguments = ["scale", config, "--data", corpus, "--output", folder / "out", "--sizes", "12k,25k,100k"]
    arguments += ["--tokens-per-param", ".01,.02,.04", "--forecast", "1M"]
    called = [str(argument) for argument in arguments]
    said = []
    for _ in range(2):
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
            patch.setattr("pretrain.scale.fit", partial(fit, draws=20))
            cli.app(called, standalone_mode=False)
        said.append(out.getvalue())
    return folder / "out", said


def test_a_ladder_is_trained_fitted_and_tested(ladder):
    output, said = ladder

    found = json.loads((output / "scale.json").read_text())

    assert [point["run"] for point in found["points"]][-1] == "0.1M-0.04-s1"
    assert len(found["points"]) == 7
    assert found["forecast"]["reached"] == found["points"][-1]["bits_per_byte"]
    assert re.match(r"For 139k weights on 5.63k tokens the smaller runs forecast \d\.\d+ \(", said[0])
    assert "1,000,000 weights on 40,000 tokens" in said[0]


def test_a_ladder_that_stands_is_not_trained_again(ladder):
    output, said = ladder

    assert said[0] == said[1]
    assert len(list((output / "runs").iterdir())) == 7
    assert json.loads((output / "forecast.json").read_text())["run"] == "0.1M-0.04-s1"


def test_the_page_draws_points_and_known_models(ladder):
    page = Elements((ladder[0] / "scale.html").read_text())

    assert page.names.count("svg") == 3
    assert "script" not in page.names
    assert "no new Moore" in page.text
    assert "your 1M" in (ladder[0] / "compute.svg").read_text()


@pytest.mark.parametrize("architecture", ["nanochat", "qwen3", "modernbert", "t5"])
def test_shapes_have_the_wanted_size_and_the_heads_of_the_model(architecture):
    model = Model.model_validate({"architecture": architecture, "width": 128, "heads": 4}).resolved(640)

    for size in (50e3, 300e3, 2e6, 20e6):
        made = rungs.shape(model, size)
        assert rungs.matrix_weights(made) == pytest.approx(size, rel=0.35)
        assert made.width // made.heads == 32


def test_a_size_that_no_whole_head_makes_is_refused():
    model = load_model(width=512, heads=2)

    with pytest.raises(UsageError, match="change width or heads"):
        rungs.shape(model, 10e3)


def load_model(**fields):
    return Model.model_validate(fields).resolved(640)


def test_a_ladder_too_small_to_fit_is_refused_before_it_is_trained(monkeypatch, capsys, corpus, config, tmp_path):
    arguments = ["scale", config, "--data", corpus, "--output", tmp_path / "out", "--sizes", "12k,25k"]

    code, _, error = run(monkeypatch, capsys, *arguments)

    assert code == 2
    assert "needs 5" in error
    assert not (tmp_path / "out").exists()


def test_rungs_share_batch_and_scale_the_rates_of_embedding_and_head(corpus, config):
    base, manifest = load(config), Manifest.read(corpus)

    made = rungs.rung(base, manifest, 100e3, 1.0, seed=7)

    assert made.config.train.batch == base.train.batch
    assert made.config.train.seed == 7
    wider = made.config.model.width / base.model.width
    assert made.config.optim.head_learning_rate == pytest.approx(base.optim.head_learning_rate / wider**0.5)
    assert made.tokens == made.config.train.steps * 4 * 32
    assert made.tokens == pytest.approx(made.parameters, rel=0.01)


def test_marks_are_inside_the_picture_and_yours_keeps_its_label():
    crowd = [Mark(10.0**i, 10.0**i, f"model {i}") for i in range(3)] + [Mark(100.0, 100.0, "again")]

    drawn = pictures.scatter("t", "x", "y", [Series("a", "red", crowd), Series("b", "blue", [Mark(100, 100, "yours")])])

    for series in drawn.series:
        assert all(drawn.left <= m.x <= drawn.right and drawn.top <= m.y <= drawn.bottom for m in series.marks)
    assert [mark.label for mark in drawn.series[0].marks] == ["model 0", "model 1", "", ""]
    assert drawn.series[1].marks[0].label == "yours"

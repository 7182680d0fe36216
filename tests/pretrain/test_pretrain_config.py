import tomllib

import pytest

from pretrain.config import Config, Model, load
from pretrain.errors import ConfigError

SPAN = "[model]\narchitecture = 't5'\ncontext = 512\n[train]\nobjective = 'span'"


def written(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_a_written_configuration_reads_back_equal(tmp_path):
    config = load(written(tmp_path, "[model]\nlayers = 3\n[optim]\nepsilon = 1e-12"), ["train.device=cuda:1"])

    assert config == load(written(tmp_path, config.to_toml()))


def test_every_default_is_written_out():
    tables = tomllib.loads(Config().to_toml())

    assert Config().model_dump() == tables


def test_an_override_wins_over_the_file(tmp_path):
    path = written(tmp_path, "[train]\nsteps = 7")

    config = load(path, ["train.steps=60", "model.architecture=qwen3", "data.isolate_documents=true"])

    assert (config.train.steps, config.model.architecture, config.data.isolate_documents) == (60, "qwen3", True)


@pytest.mark.parametrize(
    ("text", "override", "said"),
    [
        ("[train]\nstep = 5", [], r"train\.step: unknown key; did you mean train\.steps\?"),
        ("[trian]\nsteps = 5", [], r"trian: unknown section; did you mean train\?"),
        ("[model]\nzzz = 5", [], r"model\.zzz: unknown key; known are model\.architecture, "),
        ("[train]\nsteps = 0", [], r"train\.steps: Input should be greater than or equal to 1 \(got 0\)"),
        ("[train]\nsteps = 'many'", [], r"train\.steps: .*integer.*\(got 'many'\)"),
        ("[model]\narchitecture = 'gpt5'", [], "'nanochat', 'qwen3', 'llama', 'modernbert' or 't5'"),
        ("[model]\nwidth = 30\nheads = 4", [], "width 30 over 4 heads must give an even whole number"),
        ("[model]\nheads = 4\nkv_heads = 3", [], "kv_heads 3 must divide heads 4"),
        ("[model]\narchitecture = 'llama'\nlogit_cap = 15.0", [], "logit_cap must be 0 for llama"),
        ("[train]\nbatch = 6\nmicro_batch = 4", [], "micro_batch 4 must divide batch 6"),
        ("[optim]\nmatrix_learning_rate = nan", [], r"optim\.matrix_learning_rate"),
        (f"[train]\nseed = {2**63}", [], r"train\.seed: .*less than"),
        ("", [f"data.seed={2**64}"], r"data\.seed: "),
        ("[train]\nobjective = 'mlm'", [], r": train\.objective must be clm for nanochat, not mlm"),
        ("[model]\narchitecture = 'modernbert'", [], r"train\.objective must be mlm for modernbert, not clm"),
        ("[model]\narchitecture = 't5'", [], r"train\.objective must be span or prefix or ul2 for t5, not clm"),
        (SPAN, ["model.context=4"], r"model\.context must be at least 8 for span"),
        (
            SPAN,
            ["model.context=5000"],
            r"a row of 5000 inputs holds 278 spans, in evaluations 278, but there are 256 sentinels; lower",
        ),
        (
            SPAN,
            ["model.context=516", "train.span_density=0.5", "train.span_mean=1"],
            "holds 258 spans, in evaluations 29",
        ),
        (SPAN, ["model.context=5000", "train.span_mean=20"], "in evaluations 278, but there are 256 sentinels"),
        (SPAN, ["train.objective=ul2", "model.context=1400"], r"holds 259 spans, in"),
        (SPAN, ["train.span_mean=0.5"], r"train\.span_mean: .*greater than or equal to 1"),
        (SPAN, ["train.mask_ratio=1"], r"train\.mask_ratio: .*less than 1"),
        ("[train\n", [], "line 1"),
        ("train = 5", [], "train: "),
        ("", ["train.steps"], r"--set train\.steps: write section\.key=value"),
        ("", ["steps=5"], r"--set steps=5: write section\.key=value"),
        ("", ["train.stepz=5"], r"did you mean train\.steps\?"),
        ("train = 5", ["train.steps=5"], "train: must be a table"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_it(tmp_path, text, override, said):
    with pytest.raises(ConfigError, match=said) as caught:
        load(written(tmp_path, text), override)

    assert "\n" not in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path):
    with pytest.raises(ConfigError, match=r"width 5 over.*did you mean train\.steps\?"):
        load(written(tmp_path, "[model]\nwidth = 5\n[train]\nstep = 1"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml: no such file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("model", "inner"),
    [(Model(width=160), 640), (Model(architecture="llama", width=160), 448), (Model(feedforward=100), 100)],
)
def test_zeros_stand_for_what_follows_from_the_rest(model, inner):
    resolved = model.resolved(8192)

    assert (8192, resolved.heads, inner) == (resolved.vocabulary, resolved.kv_heads, resolved.feedforward)


def test_run_options_do_not_make_another_run():
    one = Config()
    other = one.model_copy(update={"train": one.train.model_copy(update={"keep": 9, "steps": 2})})

    assert one.difference(other) == ["train.steps: 1000 here, 2 there"]

"""Runs of the three families, exported and opened by transformers."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from pretrain import load, train
from pretrain.cli import app
from pretrain.errors import CheckpointError, UsageError
from pretrain.export import export
from pretrain.tokens import END_OF_TEXT, MASK
from pretrain.trained import open_run
from tests.pretrain import token_folder

transformers = pytest.importorskip("transformers")

SETTINGS = {
    "decoder": "architecture = 'qwen3'\nheads = 2\nkv_heads = 1\n",
    "encoder": "architecture = 'modernbert'\nheads = 2\n",
    "seq2seq": "architecture = 't5'\nheads = 2\n",
}
OBJECTIVES = {"decoder": "clm", "encoder": "mlm", "seq2seq": "span"}
OPENERS = {"decoder": "CausalLM", "encoder": "MaskedLM", "seq2seq": "Seq2SeqLM"}
HOSTILE = "a <|endoftext|> <|pad|> <|bos|> b"


@pytest.fixture(scope="module")
def runs(corpus, tmp_path_factory):
    """Family → a run of a few steps."""
    folder = tmp_path_factory.mktemp("export")
    for family, model in SETTINGS.items():
        text = f"[model]\nlayers = 2\nwidth = 32\ncontext = 32\n{model}[train]\nsteps = 6\nbatch = 4\n"
        (folder / "c.toml").write_text(f"{text}checkpoint_every = 3\nobjective = '{OBJECTIVES[family]}'\n")
        train(load(folder / "c.toml"), corpus, folder / family)
    return {family: folder / family for family in SETTINGS}


@pytest.fixture(scope="module")
def folders(runs, tmp_path_factory):
    """Family → the run's export."""
    place = tmp_path_factory.mktemp("exported")
    return {family: export(run, place / family) for family, run in runs.items()}


def opened(folder, family, **options):
    model = getattr(transformers, f"AutoModelFor{OPENERS[family]}").from_pretrained(folder, **options)
    return model.eval(), transformers.AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("family", SETTINGS)
@torch.no_grad()
def test_logits_are_those_of_the_run(runs, folders, family):
    trained = open_run(runs[family])
    model, tokenizer = opened(folders[family], family)
    ids = tokenizer("naß ñ tus", return_tensors="pt").input_ids

    if family == "seq2seq":
        mine, theirs = trained.model(ids, None, ids[:, :4]), model(input_ids=ids, decoder_input_ids=ids[:, :4])
    else:
        mine, theirs = trained.model(ids), model(input_ids=ids)

    np.testing.assert_allclose(trained.model.logits(mine), theirs.logits, atol=1e-4)


@pytest.mark.parametrize("family", SETTINGS)
def test_a_text_is_what_the_model_was_trained_on(runs, folders, family):
    text = open_run(runs[family]).vocabulary.encode("naß ñ")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders[family])

    assert tokenizer("naß ñ").input_ids == ([1, *text] if family == "decoder" else [*text, 1])
    assert tokenizer.decode(tokenizer("naß ñ").input_ids, skip_special_tokens=True) == "naß ñ"
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id) == (0, 1)
    assert set(tokenizer("a").keys()) == {"input_ids", "attention_mask"}


@pytest.mark.parametrize("family", SETTINGS)
def test_control_tokens_in_a_text_stay_text(runs, folders, family):
    text = open_run(runs[family]).vocabulary.encode(HOSTILE)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders[family])

    options = {"split_special_tokens": True} if family == "encoder" else {}
    assert tokenizer(HOSTILE, add_special_tokens=False, **options).input_ids == text


def test_an_encoder_fills_masks(runs, folders):
    pipeline = transformers.pipeline("fill-mask", model=str(folders["encoder"]))
    trained = open_run(runs["encoder"])
    encode = trained.vocabulary.encode

    found = pipeline(f"naß{pipeline.tokenizer.mask_token} ñ", top_k=3)

    ids = [*encode("naß"), MASK, *encode(" ñ"), END_OF_TEXT]
    scores = trained.model.logits(trained.model(torch.tensor([ids])))[0, ids.index(MASK)].softmax(0).topk(3)
    assert [each["token"] for each in found] == scores.indices.tolist()
    assert [each["score"] for each in found] == pytest.approx(scores.values.tolist(), abs=1e-5)


def test_a_decoder_writes_in_transformers(folders):
    model, tokenizer = opened(folders["decoder"], "decoder")

    written = model.generate(
        **tokenizer("naß", return_tensors="pt"), max_new_tokens=12, do_sample=True, temperature=9.0
    )

    new = written[0, tokenizer("naß", return_tensors="pt").input_ids.shape[1] :].tolist()
    assert new
    assert all(22 <= token < token_folder.VOCABULARY - 256 for token in new if token != END_OF_TEXT)


def test_an_encoder_decoder_writes_in_transformers(runs, folders):
    model, tokenizer = opened(folders["seq2seq"], "seq2seq")
    inputs = tokenizer("naß<|sentinel_0|> ñ", return_tensors="pt")

    written = model.generate(**inputs, max_new_tokens=8, do_sample=False)[0]

    trained, expected = open_run(runs["seq2seq"]), [0]
    silent = torch.from_numpy(trained.vocabulary.control.copy())
    silent[END_OF_TEXT] = silent[-256:] = False
    for _ in range(len(written) - 1):
        hidden = trained.model(inputs.input_ids, None, torch.tensor([expected]))
        expected.append(int(trained.model.logits(hidden[0, -1]).masked_fill(silent, -torch.inf).argmax()))
    assert written.tolist() == expected
    assert token_folder.VOCABULARY - 1 in inputs.input_ids[0].tolist()


def test_half_precision_is_written_and_read(runs, tmp_path):
    folder = export(runs["decoder"], tmp_path / "half", precision="bfloat16")

    model, _ = opened(folder, "decoder")

    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    assert (folder / "model.safetensors").stat().st_size < 0.6 * sum(w.numel() * 4 for w in model.parameters())


def test_an_earlier_step_has_its_own_weights_and_no_card(runs, folders, tmp_path):
    folder = export(runs["decoder"], tmp_path / "early", step=3)

    early, late = (opened(place, "decoder")[0].lm_head.weight for place in (folder, folders["decoder"]))
    assert not torch.equal(early, late)
    assert not (folder / "README.md").exists()
    assert (folders["decoder"] / "README.md").read_text().startswith("---\nlibrary_name: transformers\n")


def test_the_settings_name_no_local_file_and_no_code(folders):
    for family, folder in folders.items():
        for path in folder.glob("*.json"):
            said = path.read_text()
            assert "auto_map" not in said
            assert str(folder) not in said
        assert "dropout" not in family or json.loads((folder / "config.json").read_text())["dropout_rate"] == 0


def test_the_command_says_what_opens_the_folder(runs, tmp_path):
    result = CliRunner().invoke(app, ["export", str(runs["encoder"]), "--output", str(tmp_path / "out")])

    assert result.exit_code == 0
    assert "AutoModelForMaskedLM.from_pretrained" in result.output
    assert (tmp_path / "out/tokenizer_config.json").is_file()


def test_a_folder_in_use_is_refused_and_left_alone(runs, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(UsageError, match="not empty"):
        export(runs["decoder"], tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_step_that_is_not_there_is_refused_before_anything_is_written(runs, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint of step 5"):
        export(runs["decoder"], tmp_path / "out", step=5)

    assert not list(tmp_path.iterdir())

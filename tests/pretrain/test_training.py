import hashlib
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file, save_file

from pretrain import checkpoint, load, train, training
from pretrain.errors import CheckpointError, ConfigError, DataError, PretrainError, UsageError
from tests.pretrain import token_folder


def lines(run):
    return [json.loads(text) for text in (run / "metrics.jsonl").read_text().splitlines()]


def losses(run):
    return [line["loss"] for line in lines(run) if "loss" in line]


def test_a_run_leaves_what_the_design_says(settings, corpus, tmp_path):
    result = train(settings, data=corpus, output=tmp_path / "run")

    run = tmp_path / "run"
    names = sorted(path.name for path in run.iterdir() if path.name != ".lock")
    assert names == ["README.md", "card.json", "checkpoints", "config.toml", "metrics.jsonl", "run.html", "tokenizer"]
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["step-00000010", "step-00000012"]
    assert sorted(lines(run)[0]) == ["step", "tokens", "validation_bits_per_byte"]
    times = {"loader_seconds", "mfu", "seconds", "tokens_per_second"}
    assert lines(run)[3].keys() == times | {"gradient_norm", "learning_rate", "loss", "step", "tokens"}
    assert [line["step"] for line in lines(run)] == list(range(13))
    assert (result.step, result.loss) == (12, losses(run)[-1])


def test_training_teaches(settings, corpus, tmp_path):
    result = train(load(settings, ["train.steps=150"]), corpus, tmp_path / "run")

    assert result.bits_per_byte < 0.8 * result.bits_per_byte_before


def test_the_configuration_of_a_run_repeats_it(settings, corpus, tmp_path):
    train(settings, corpus, tmp_path / "a")
    train(tmp_path / "a/config.toml", corpus, tmp_path / "b")

    assert losses(tmp_path / "a") == losses(tmp_path / "b")


def test_another_seed_is_another_run(settings, corpus, tmp_path):
    for name, override in (("a", "train.seed=1"), ("b", "train.seed=2"), ("c", "data.seed=2")):
        train(load(settings, [override]), corpus, tmp_path / name)

    assert len({tuple(losses(tmp_path / name)) for name in "abc"}) == 3


@pytest.mark.parametrize("size", [1, 2])
def test_gradients_of_micro_batches_add_up_to_that_of_the_batch(settings, corpus, tmp_path, size):
    plain = ["train.precision=float32", "optim.matrices=adamw", "optim.matrix_learning_rate=0.003"]
    for name, override in (("a", 0), ("b", size)):
        train(load(settings, [*plain, f"train.micro_batch={override}"]), corpus, tmp_path / name)

    norms = [[line["gradient_norm"] for line in lines(tmp_path / name)[1:]] for name in "ab"]
    np.testing.assert_allclose(*norms, rtol=1e-4)
    np.testing.assert_allclose(losses(tmp_path / "a"), losses(tmp_path / "b"), rtol=1e-6)


@pytest.mark.parametrize(
    "override",
    [
        "data.isolate_documents=true",
        "data.packing=best-fit",
        "model.architecture=llama",
        "model.tied=true",
        "optim.matrices=adamw",
        "model.architecture=modernbert train.objective=mlm data.isolate_documents=true",
        "model.architecture=t5 train.objective=span data.isolate_documents=true",
        "model.architecture=t5 train.objective=prefix",
        "model.architecture=t5 train.objective=ul2",
    ],
)
def test_variants_train_and_resume(settings, corpus, tmp_path, override):
    config = load(settings, override.split())
    train(config, corpus, tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    shutil.rmtree(tmp_path / "b/checkpoints/step-00000012")

    train(config, corpus, tmp_path / "b", resume=True)

    assert losses(tmp_path / "a") == losses(tmp_path / "b")


def test_documents_of_no_weight_teach_nothing(settings, tmp_path):
    texts = token_folder.texts(30, seed=3)
    noise = token_folder.texts(30, seed=77)
    mixed = [text for pair in zip(texts, noise, strict=True) for text in pair]
    data = [
        token_folder.make(tmp_path / "even", mixed, [], weights=[1.0, 0.0] * 30),
        token_folder.make(
            tmp_path / "other", [t if i % 2 == 0 else t[::-1] for i, t in enumerate(mixed)], [], weights=[1.0, 0.0] * 30
        ),
    ]
    config = load(settings, ["train.steps=1", "data.isolate_documents=true", "model.context=4000", "train.batch=1"])

    results = [train(config, folder, tmp_path / folder.name[::-1]) for folder in data]

    assert results[0].loss == pytest.approx(results[1].loss, rel=1e-4)


def test_a_corpus_smaller_than_a_context_still_trains(settings, tmp_path):
    data = token_folder.make(tmp_path / "data", ["few words"], ["some more"], files=1)

    result = train(load(settings, ["train.steps=30"]), data, tmp_path / "run")

    assert result.loss < losses(tmp_path / "run")[0]


def test_without_validation_the_score_is_null_and_said(settings, tmp_path):
    data = token_folder.make(tmp_path / "data", token_folder.texts(20), [])
    notes = []

    result = train(settings, data, tmp_path / "run", report_to=lambda progress: notes.append(progress.note))

    assert result.bits_per_byte is None
    assert lines(tmp_path / "run")[0] == {"step": 0, "tokens": 0, "validation_bits_per_byte": None}
    assert [note for note in notes if note] == ["the validation split is empty: validation_bits_per_byte is null"]
    assert "There was no validation text" in (tmp_path / "run/README.md").read_text()


def test_an_empty_corpus_is_refused(settings, tmp_path):
    data = token_folder.make(tmp_path / "data", [], [])

    with pytest.raises(DataError, match="the train split holds no documents"):
        train(settings, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_step_without_a_finite_gradient_is_skipped_and_counted(settings, corpus, tmp_path, monkeypatch):
    real = training.loss
    calls = iter(range(1000))
    monkeypatch.setattr(training, "loss", lambda *a: real(*a) * (math.nan if next(calls) in (3, 4) else 1))

    train(settings, corpus, tmp_path / "run")

    skipped = [line["step"] for line in lines(tmp_path / "run") if line.get("skipped")]
    assert skipped == [4, 5]
    assert lines(tmp_path / "run")[4]["loss"] is None
    assert checkpoint.read_state(tmp_path / "run", 12).skipped == 2
    assert "2 steps had no finite gradient and were skipped" in (tmp_path / "run/README.md").read_text()
    assert all(
        w.isfinite().all() for w in load_file(tmp_path / "run/checkpoints/step-00000012/model.safetensors").values()
    )


def test_a_run_that_diverged_says_so(settings, corpus, tmp_path, monkeypatch):
    real = training.loss
    monkeypatch.setattr(training, "loss", lambda *a: real(*a) * math.inf)

    with pytest.raises(PretrainError, match="no finite gradient for 25 steps") as caught:
        train(load(settings, ["train.steps=40"]), corpus, tmp_path / "run")
    assert caught.value.exit_code == 1


def test_an_existing_run_is_not_overwritten(settings, corpus, tmp_path):
    train(settings, corpus, tmp_path / "run")
    before = (tmp_path / "run/metrics.jsonl").read_bytes()

    with pytest.raises(UsageError, match="--resume continues a run"):
        train(settings, corpus, tmp_path / "run")
    assert before == (tmp_path / "run/metrics.jsonl").read_bytes()


def test_a_finished_run_resumes_to_itself(settings, corpus, tmp_path):
    first = train(settings, corpus, tmp_path / "run")
    before = (tmp_path / "run/metrics.jsonl").read_bytes()

    assert first == train(settings, corpus, tmp_path / "run", resume=True)
    assert before == (tmp_path / "run/metrics.jsonl").read_bytes()


def test_a_folder_of_other_things_is_not_resumed(settings, corpus, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/thesis.txt").write_text("dear")

    with pytest.raises(UsageError, match="holds other files"):
        train(settings, corpus, tmp_path / "run", resume=True)


def test_a_run_killed_before_its_first_file_begins_anew(settings, corpus, tmp_path):
    (tmp_path / "run/tokenizer").mkdir(parents=True)

    assert train(settings, corpus, tmp_path / "run", resume=True).step == 12


def test_resuming_with_another_configuration_names_what_differs(settings, corpus, tmp_path):
    train(settings, corpus, tmp_path / "run")

    with pytest.raises(CheckpointError, match=r"another configuration \(train\.steps: 12 here, 13 there\)"):
        train(load(settings, ["train.steps=13"]), corpus, tmp_path / "run", resume=True)


def test_resuming_on_other_data_is_refused(settings, corpus, tmp_path):
    train(settings, corpus, tmp_path / "run")
    other = token_folder.make(tmp_path / "other", token_folder.texts(50, seed=8), ["x"])

    with pytest.raises(CheckpointError, match="was trained on other data"):
        train(settings, other, tmp_path / "run", resume=True)


@pytest.mark.parametrize("name", ["model.safetensors", "training.pt", "state.json"])
def test_a_damaged_checkpoint_is_one_sentence(settings, corpus, tmp_path, name):
    train(settings, corpus, tmp_path / "run")
    place = tmp_path / "run/checkpoints/step-00000012" / name
    place.write_bytes(place.read_bytes()[: place.stat().st_size // 2])

    with pytest.raises(CheckpointError, match=f"{name}: cannot be read") as caught:
        train(settings, corpus, tmp_path / "run", resume=True)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_holds_no_code(settings, corpus, tmp_path):
    train(settings, corpus, tmp_path / "run")
    place = tmp_path / "run/checkpoints/step-00000012/training.pt"
    torch.save({"optimizers": Path("/")}, place)

    with pytest.raises(CheckpointError, match=r"training\.pt: cannot be read"):
        train(settings, corpus, tmp_path / "run", resume=True)


def test_what_a_killed_write_left_is_cleared(settings, corpus, tmp_path):
    train(settings, corpus, tmp_path / "run")
    shutil.rmtree(tmp_path / "run/checkpoints/step-00000012")
    (tmp_path / "run/checkpoints/.writing-step-00000012").mkdir()
    with (tmp_path / "run/metrics.jsonl").open("a") as file:
        file.write('{"step": 13, "lo')

    train(settings, corpus, tmp_path / "run", resume=True)

    assert sorted(path.name for path in (tmp_path / "run/checkpoints").iterdir()) == ["step-00000010", "step-00000012"]
    assert [line["step"] for line in lines(tmp_path / "run")] == list(range(13))


def test_two_processes_do_not_train_in_one_folder(settings, corpus, tmp_path):
    (tmp_path / "run").mkdir()

    with FileLock(tmp_path / "run/.lock"), pytest.raises(UsageError, match="another process is training here"):
        train(settings, corpus, tmp_path / "run")


def test_a_vocabulary_of_another_size_is_refused(settings, corpus, tmp_path):
    with pytest.raises(UsageError, match=r"model\.vocabulary is 1024, that of the data 640"):
        train(load(settings, ["model.vocabulary=1024"]), corpus, tmp_path / "run")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused(settings, corpus, tmp_path):
    with pytest.raises(ConfigError, match="this machine has no CUDA device"):
        train(load(settings, ["train.device=cuda"]), corpus, tmp_path / "run")


@pytest.mark.parametrize("name", ["model.safetensors", "training.pt"])
def test_one_flipped_bit_in_a_checkpoint_is_found(settings, corpus, tmp_path, name):
    train(settings, corpus, tmp_path / "run")
    place = tmp_path / "run/checkpoints/step-00000012" / name
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)

    with pytest.raises(CheckpointError, match=f"{name}: cannot be read .its sha256 is not the one in state.json"):
        train(settings, corpus, tmp_path / "run", resume=True)


def rewritten_state(place, **values):
    (place / "state.json").write_text(json.dumps(json.loads((place / "state.json").read_text()) | values))


def test_weights_of_another_shape_are_not_broadcast(settings, corpus, tmp_path):
    train(settings, corpus, tmp_path / "run")
    place = tmp_path / "run/checkpoints/step-00000012"
    weights = load_file(place / "model.safetensors")
    name = next(iter(weights))
    save_file(weights | {name: weights[name][:1].clone()}, place / "model.safetensors")
    digest = hashlib.sha256((place / "model.safetensors").read_bytes()).hexdigest()
    said = json.loads((place / "state.json").read_text())["sha256"]
    rewritten_state(place, sha256=said | {"model.safetensors": digest})

    with pytest.raises(CheckpointError, match=r"model\.safetensors: cannot be read .* has shape"):
        train(settings, corpus, tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"step": 7}, "it says step 7, its folder step 12"),
        ({"tokens": "many"}, "its values are not those of a run"),
        ({"seconds": math.nan}, "its seconds are not a number"),
    ],
)
def test_a_state_that_cannot_be_is_refused(settings, corpus, tmp_path, values, said):
    train(settings, corpus, tmp_path / "run")
    rewritten_state(tmp_path / "run/checkpoints/step-00000012", **values)

    with pytest.raises(CheckpointError, match=rf"state\.json: cannot be read \({said}\)"):
        train(settings, corpus, tmp_path / "run", resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_killed_while_its_configuration_was_written_begins_anew(settings, corpus, tmp_path, resume):
    (tmp_path / "run/tokenizer").mkdir(parents=True)
    shutil.copy(corpus / "tokenizer/tokenizer.json", tmp_path / "run/tokenizer")
    (tmp_path / "run/.writing-config.toml").write_text("[model]\narchi")

    assert train(settings, corpus, tmp_path / "run", resume=resume).step == 12
    assert not list((tmp_path / "run").rglob(".writing-*"))


def test_a_tokenizer_of_somebody_else_is_not_overwritten(settings, corpus, tmp_path):
    (tmp_path / "run/tokenizer").mkdir(parents=True)
    (tmp_path / "run/tokenizer/tokenizer.json").write_text("mine")

    with pytest.raises(UsageError, match="is not the data's tokenizer"):
        train(settings, corpus, tmp_path / "run")
    assert (tmp_path / "run/tokenizer/tokenizer.json").read_text() == "mine"


def test_a_finished_run_without_its_metrics_resumes_with_a_note(settings, corpus, tmp_path):
    train(settings, corpus, tmp_path / "run")
    (tmp_path / "run/metrics.jsonl").unlink()
    notes = []

    result = train(
        settings, corpus, tmp_path / "run", resume=True, report_to=lambda progress: notes.append(progress.note)
    )

    assert notes == ["metrics.jsonl lacks lines of earlier steps: curves and the model card are incomplete"]
    assert (result.step, result.loss, result.bits_per_byte_before, result.bits_per_byte) == (12, None, None, None)
    assert "unknown: not in metrics.jsonl" in (tmp_path / "run/README.md").read_text()


def test_a_score_after_lost_metrics_is_not_called_untrained(settings, corpus, tmp_path):
    whole = train(settings, corpus, tmp_path / "run")
    shutil.rmtree(tmp_path / "run/checkpoints/step-00000012")
    (tmp_path / "run/metrics.jsonl").unlink()

    result = train(settings, corpus, tmp_path / "run", resume=True)

    assert (result.bits_per_byte_before, result.bits_per_byte) == (None, whole.bits_per_byte)
    assert "validation, untrained" not in (tmp_path / "run/README.md").read_text()


@pytest.mark.parametrize("looks", range(8))
def test_a_signal_at_any_moment_of_the_loop_leaves_a_checkpoint(settings, corpus, tmp_path, monkeypatch, looks):
    class Late(training.Stop):
        """A signal that comes after so many looks at it."""

        left = looks

        @property
        def signal(self):
            self.left -= 1
            return "SIGTERM" if self.left < 0 else ""

        @signal.setter
        def signal(self, name):
            pass

    monkeypatch.setattr(training, "Stop", Late)

    result = train(load(settings, ["train.checkpoint_every=0"]), corpus, tmp_path / "run")

    assert (result.step, result.stopped) == (looks, "SIGTERM")
    assert checkpoint.steps(tmp_path / "run") == ([looks] if looks else [])

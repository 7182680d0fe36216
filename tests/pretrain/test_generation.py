import pytest
import torch

from pretrain import generate, load, train
from pretrain.config import Config, Model
from pretrain.errors import CheckpointError, UsageError
from pretrain.generation import continuation
from pretrain.models.decoder import Decoder
from pretrain.shards import Manifest
from pretrain.tokens import END_OF_TEXT
from pretrain.trained import Trained, open_run
from tests.pretrain import token_folder


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generation")
    (folder / "tiny.toml").write_text(
        "[model]\ncontext = 24\nlayers = 2\nwidth = 32\nheads = 2\n[train]\nsteps = 60\nbatch = 4\n"
    )
    train(load(folder / "tiny.toml"), corpus, folder / "run")
    return folder / "run"


def test_the_same_seed_gives_the_same_text(run):
    first, again, other = (generate(run, "a", tokens=20, seed=seed) for seed in (5, 5, 6))

    assert first == again
    assert first != other
    assert first.startswith("a")


def test_temperature_0_takes_the_likeliest(run):
    greedy = {generate(run, "a", tokens=12, temperature=0, seed=seed) for seed in range(3)}
    narrow = generate(run, "a", tokens=12, top_k=1, seed=9)

    assert greedy == {narrow}


def test_the_likeliest_tokens_are_those_without_a_cache(run):
    trained = open_run(run)
    ids = trained.vocabulary.encode("naß ñ")

    drawn = list(continuation(trained, ids, tokens=8, temperature=0, top_k=0, seed=0))

    text = [END_OF_TEXT, *ids]
    banned = torch.from_numpy(trained.vocabulary.control)
    for expected in drawn:
        logits = trained.model.logits(trained.model(torch.tensor([text])))[0, -1].masked_fill(banned, -torch.inf)
        assert expected == int(logits.argmax())
        text.append(expected)


def test_text_goes_on_beyond_the_context(run):
    trained = open_run(run)

    drawn = list(
        continuation(trained, trained.vocabulary.encode("a b " * 40), tokens=100, temperature=0, top_k=0, seed=0)
    )

    assert len(drawn) == 100 or END_OF_TEXT not in drawn


@pytest.mark.parametrize(
    "prompt", ["<|endoftext|><|pad|><|sentinel_0|>", "", "\x00\x1b[31m\ud7ff", "日本 \U0001f600", "a" * 3000]
)
def test_a_hostile_prompt_is_text(run, prompt):
    text = generate(run, prompt, tokens=3)

    assert text.startswith(prompt)


def test_a_lone_surrogate_is_read_as_a_question_mark(run):
    assert generate(run, "a\udcff", tokens=3) == generate(run, "a?", tokens=3)


def test_no_control_token_is_drawn(corpus):
    vocabulary = Manifest.read(corpus).open_vocabulary()
    config = Config(model=Model(context=16, layers=1, width=8, heads=1).resolved(token_folder.VOCABULARY))
    model = Decoder(config.model)
    model.initialise(1)

    drawn = []
    for seed in range(10):
        drawn += continuation(Trained(config, model, vocabulary, 0), [], tokens=60, temperature=5.0, top_k=0, seed=seed)

    assert len(drawn) > 100
    assert not vocabulary.control[drawn].any()


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="not a run"):
        generate(tmp_path, "a")


def test_a_run_without_a_checkpoint_is_refused(run, tmp_path):
    (tmp_path / "config.toml").write_bytes((run / "config.toml").read_bytes())

    with pytest.raises(CheckpointError, match="no checkpoint"):
        generate(tmp_path, "a")


def test_negative_numbers_are_refused(run):
    with pytest.raises(UsageError, match="must not be negative"):
        generate(run, "a", temperature=-1)

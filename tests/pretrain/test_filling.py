"""Encoders and encoder–decoders fill in what a prompt leaves out."""

import pytest
import torch

from pretrain import filling, generate, load, train
from pretrain.config import Config, Train
from pretrain.errors import UsageError
from pretrain.sampling import Sampler, silent
from pretrain.shards import Manifest
from pretrain.tokens import END_OF_TEXT, MASK, PAD
from pretrain.trained import Trained
from tests.pretrain import networks, token_folder

V = token_folder.VOCABULARY
GREEDY = Sampler(0, 0, 1)


@pytest.fixture(scope="module")
def vocabulary(corpus):
    return Manifest.read(corpus).open_vocabulary()


def opened(vocabulary, architecture, objective):
    made = networks.network(architecture, vocabulary=V, context=32)
    return Trained(Config(model=made.config, train=Train(objective=objective)), made, vocabulary, 0)


@pytest.fixture(scope="module")
def runs(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("filling")
    for name, objective in (("modernbert", "mlm"), ("t5", "span"), ("llama", "clm")):
        text = f"[model]\narchitecture='{name}'\nlayers=1\nwidth=16\nheads=2\ncontext=24\n[train]\nsteps=1\nbatch=2\n"
        (folder / "c.toml").write_text(f"{text}objective='{objective}'\n[data]\nvalidation_tokens=50\n")
        train(load(folder / "c.toml"), corpus, folder / name)
    return folder


@torch.no_grad()
def test_masks_are_filled_the_most_certain_first(vocabulary):
    trained = opened(vocabulary, "modernbert", "mlm")
    pieces = [vocabulary.encode(text) for text in ("naß ", " ñ", "", "tus")]

    row = [*pieces[0], MASK, *pieces[1], MASK, *pieces[2], MASK, *pieces[3], END_OF_TEXT]
    places = [place for place, token in enumerate(row) if token == MASK]
    while MASK in row:
        logits = trained.model.logits(trained.model(torch.tensor([row])))[0]
        shares = logits.masked_fill(silent(vocabulary), -torch.inf).softmax(1)
        surest = max((place for place in places if row[place] == MASK), key=lambda place: shares[place].max())
        row[surest] = int(shares[surest].argmax())

    assert filling.masks(trained, pieces, GREEDY) == [row[place] for place in places]


@pytest.mark.parametrize("objective", ["span", "ul2"])
@torch.no_grad()
def test_gaps_are_filled_in_order_each_after_its_sentinel(vocabulary, objective):
    trained = opened(vocabulary, "t5", objective)
    pieces = [vocabulary.encode(text) for text in ("naß", " ñ", " tus")]

    mode = [6] if objective == "ul2" else []
    read = torch.tensor([[*mode, *pieces[0], V - 1, *pieces[1], V - 2, *pieces[2], END_OF_TEXT]])
    written, spans = [PAD], []
    for sentinel in (V - 1, V - 2):
        written.append(sentinel)
        spans.append([])
        for _ in range(5):
            logits = trained.model.logits(trained.model(read, None, torch.tensor([written])))[0, -1]
            chosen = int(logits.masked_fill(silent(vocabulary, END_OF_TEXT, sentinel - 1), -torch.inf).argmax())
            if chosen in (END_OF_TEXT, sentinel - 1):
                break
            written.append(chosen)
            spans[-1].append(chosen)

    assert filling.gaps(trained, pieces, 5, GREEDY) == spans


def test_a_model_of_spans_continues_by_a_gap_at_the_end(vocabulary):
    trained = opened(vocabulary, "t5", "span")
    text = vocabulary.encode("naß ñ")

    assert filling.suffix(trained, text, 5, GREEDY) == filling.gaps(trained, [text, []], 5, GREEDY)[0]


@pytest.mark.parametrize(("objective", "mode"), [("prefix", []), ("ul2", [7])])
@torch.no_grad()
def test_a_model_of_prefixes_continues_what_it_read(vocabulary, objective, mode):
    trained = opened(vocabulary, "t5", objective)
    text = vocabulary.encode("naß ñ")

    read = torch.tensor([[*mode, *text, END_OF_TEXT]])
    logits = trained.model.logits(trained.model(read, None, torch.tensor([[PAD]])))[0, -1]
    first = int(logits.masked_fill(silent(vocabulary, END_OF_TEXT), -torch.inf).argmax())

    assert filling.suffix(trained, text, 1, GREEDY) == ([] if first == END_OF_TEXT else [first])


def test_the_rest_of_the_prompt_stays_as_it_is(runs):
    filled = generate(runs / "modernbert", "naß <|mask|> ___ ñ", mask_marker="___", seed=3)
    gapped = generate(runs / "t5", "a <|sentinel_0|> # b # c", mask_marker="#", tokens=4, seed=3)

    assert filled.startswith("naß <|mask|> ")
    assert filled.endswith(" ñ")
    assert gapped.startswith("a <|sentinel_0|> ")
    assert gapped.endswith(" c")
    assert generate(runs / "t5", "naß", tokens=4).startswith("naß")


@pytest.mark.parametrize(
    ("run", "prompt", "marker", "said"),
    [
        ("modernbert", "naß", None, "only fills in"),
        ("modernbert", "naß", "___", "only fills in"),
        ("modernbert", "n" * 99 + "_", "_", "takes 101 tokens, the model's context is 24"),
        ("t5", "naß", "___", "does not hold the marker '___'"),
        ("t5", "_" * 300, "_", "300 gaps, but there are 256 sentinels"),
        ("t5", "naß", "", "must not be empty"),
        ("llama", "a_b", "_", "only continues"),
    ],
)
def test_a_prompt_that_cannot_be_filled_is_refused(runs, run, prompt, marker, said):
    with pytest.raises(UsageError, match=said):
        generate(runs / run, prompt, mask_marker=marker)

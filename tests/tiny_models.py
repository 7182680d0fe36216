"""Small real models for stages that need one, made when they are first asked for."""

import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from curate.recipe import Recipe
from tests.conftest import document

GOODS = [f"buy cheap item {i} now sale cart price {i * 7} click here free shipping" for i in range(60)]
ABUSE = [f"you vile number {i} fool go away nobody wants filth like {i * 7} of you" for i in range(60)]


@cache
def folder() -> Path:
    """Where they lie."""
    return Path(tempfile.mkdtemp(prefix="sluice-models-"))


def classifier(name: str, label: str, other: str, examples: Iterable[str], others: Iterable[str]) -> Path:
    """A fastText classifier of two labels."""
    import fasttext

    lines = folder() / f"{name}.txt"
    pairs = zip(examples, others, strict=True)
    lines.write_text("".join(f"__label__{label} {one}\n__label__{other} {two}\n" for one, two in pairs))
    model = fasttext.train_supervised(
        str(lines), dim=8, epoch=8, lr=0.5, wordNgrams=2, bucket=1000, thread=1, seed=1, verbose=0
    )
    model.save_model(str(folder() / f"{name}.bin"))
    return folder() / f"{name}.bin"


def prose() -> Iterable[str]:
    """Sixty documents, each on a line."""
    return (" ".join(document(10_000 + i).split()) for i in range(60))


@cache
def quality_model() -> Path:
    """A fastText classifier that takes the prose of `document` for good and lists of goods for bad."""
    return classifier("quality", "hq", "cc", prose(), GOODS)


@cache
def abuse_model() -> Path:
    """A fastText classifier that takes insults for toxic and the prose of `document` for not."""
    return classifier("abuse", "toxic", "non-toxic", ABUSE, prose())


@cache
def adult_model() -> Path:
    """A fastText classifier that takes lists of goods for what is not safe for work, and prose for safe."""
    return classifier("adult", "nsfw", "sfw", GOODS, prose())


@cache
def word_table() -> Path:
    """Frequencies of the words of `document`."""
    from curate.frequencies import count, encoded

    path = folder() / "words.tsv"
    path.write_bytes(encoded(count(document(10_000 + i) for i in range(200))))
    return path


@cache
def bigram_model() -> Path:
    """An ARPA model of the sentences of `document`."""
    from curate.ngram_training import arpa, write

    path = folder() / "bigrams.arpa"
    write(arpa((line.split() for i in range(200) for line in document(10_000 + i).split("\n")), 2), path)
    return path


@cache
def benchmark() -> Path:
    """An evaluation set of two items that no document of the tests holds."""
    path = folder() / "benchmark.jsonl"
    path.write_text(
        '{"question": "Which of nine very old mills by that lake was the first to grind any corn at all?"}\n' * 2
    )
    return path


MODELS = {
    "quality": quality_model,
    "hatespeech": abuse_model,
    "nsfw": adult_model,
    "unigram": word_table,
    "perplexity": bigram_model,
}
"""What makes a model for each stage that needs one, by the name of the stage in a recipe or else by its `use`."""


def needed(use: str) -> dict[str, Any]:
    """Fields that make a stage runnable which a recipe leaves to the user."""
    if use == "mask":
        return {"of": "marked"}
    if use == "decontaminate":
        return {"benchmarks": [str(benchmark())]}
    return {"model": str(MODELS[use]())} if use in MODELS else {}


def settings(recipe: str) -> list[str]:
    """The `--set` settings without which a recipe that needs models cannot run."""
    stages = [stage for stage in Recipe.load(recipe).stages if stage.missing()]
    return [
        f"{stage.name}.{key}={MODELS.get(stage.name, MODELS[stage.use])()}" for stage in stages for key in stage.needs
    ]

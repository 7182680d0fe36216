"""Models for the stages that need one, of the benchmark's own text: how fast they are does not depend on what they know."""

import json
from itertools import accumulate
from pathlib import Path

from curate.frequencies import count, encoded
from curate.language_models import Reading
from curate.ngram_training import arpa, write
from tests.bench.inputs import Corpus

TRAINED_ON = 4 * 10**6
"""Characters of text that n-gram models and classifiers are made of."""


def models(given: Corpus, folder: Path) -> dict[str, dict[str, str]]:
    """Stage → its fields: a table of all words, a 5-gram model, a classifier in DCLM's form."""
    with given.path.open("rb") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    ends = accumulate(map(len, texts))
    part = [text for text, end in zip(texts, ends, strict=True) if end <= TRAINED_ON]
    (folder / "words.tsv").write_bytes(encoded(count(texts)))
    write(arpa((words for text in part for words in Reading().sentences(text)), 5), folder / "five.arpa")
    _classifier(part, folder)
    made = {"unigram": "words.tsv", "perplexity": "five.arpa", "quality": "quality.bin"}
    return {use: {"model": str((folder / name).resolve())} for use, name in made.items()}


def _classifier(texts: list[str], folder: Path) -> None:
    import fasttext

    labels = ("__label__hq", "__label__cc")
    lines = (f"{labels[i % 2]} {' '.join(text.split())}\n" for i, text in enumerate(texts))
    (folder / "quality.txt").write_text("".join(lines), "utf-8")
    model = fasttext.train_supervised(str(folder / "quality.txt"), wordNgrams=2, thread=1, verbose=0)
    model.save_model(str(folder / "quality.bin"))

"""Train the language model that the project ships: `python -m curate.models.train_language DATA`.

fastText (Joulin et al., "Bag of Tricks for Efficient Text Classification", EACL 2017) on character n-grams alone,
one thread and a fixed seed, so that the same data give the same bytes; then product-quantised (Joulin et al.,
"FastText.zip", 2016). No word is in the vocabulary but the end of a line: n-grams generalise, words would
remember the declarations. Every language gets lines of all lengths, cut and joined by seed, and those that are
known by their declaration alone a third as many as the others, which is a prior.
"""

import math
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from curate.models import language_texts as texts
from curate.models.identifiers import Bayes

SEED = 1
DIMENSIONS, BUCKETS, SHORTEST, LONGEST = 32, 1 << 18, 1, 5
EPOCHS, RATE = 4, 0.5
LINES, RARE_LINES = 1200, 400
"""Lines of a language that Tatoeba or py3langid knows, and of one that only its declaration knows."""
SHORT, LONG = 12, 400
"""Characters of a line, drawn log-uniformly."""
SUBVECTOR = 4
"""Dimensions that share one byte of the quantised table."""

Lines = dict[str, list[list[str]]]


def pieces(source: list[str], count: int, draw: random.Random) -> list[str]:
    """`count` lines of `SHORT` to `LONG` characters, joined from random texts and cut at a word's start."""
    made = []
    for _ in range(count):
        length = int(math.exp(draw.uniform(math.log(SHORT), math.log(LONG))))
        text = draw.choice(source)
        while len(text) < length:
            text = f"{text} {draw.choice(source)}"
        at = draw.randrange(len(text) - length + 1)
        text = text[at : at + length]
        made.append(text[text.index(" ") + 1 :] if at and " " in text[: length // 2] else text)
    return made


def gather(data: Path, part: str = "train") -> Lines:
    """Label → sentences and paragraphs of one part, normalised."""
    found: dict[str, list[list[str]]] = defaultdict(lambda: [[], []])
    for k, source in enumerate((texts.tatoeba(data), texts.declarations(data))):
        for row in source:
            if row.part == part:
                found[row.label][k].append(row.text)
    return {label: [[line for line in texts.normal(some) if line] for some in found[label]] for label in sorted(found)}


def lines(found: Lines, common: frozenset[str]) -> list[str]:
    """The training file's lines in random order."""
    made = []
    for label, (sentences, paragraphs) in found.items():
        draw = random.Random(f"{SEED} {label}")  # noqa: S311 - sampling, not secrets
        count = LINES if label in common or sentences else RARE_LINES
        sources = [some for some in (sentences, paragraphs) if some]
        drawn = [line for some in sources for line in pieces(some, count // len(sources), draw)]
        made += [f"__label__{label} {line}" for line in (*sentences, *drawn) if line]
    random.Random(SEED).shuffle(made)  # noqa: S311
    return made


def train(
    training: list[str], target: Path, *, buckets: int = BUCKETS, dimensions: int = DIMENSIONS, epochs: int = EPOCHS
) -> None:
    """Write the quantised model of lines `__label__xx text`, the text in normal form."""
    import fasttext

    words = Counter(word for line in training for word in line.split(" ")[1:])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("\n".join(training) + "\n", encoding="utf-8")
        model = fasttext.train_supervised(
            str(path),
            dim=dimensions,
            bucket=buckets,
            minn=SHORTEST,
            maxn=LONGEST,
            epoch=epochs,
            lr=RATE,
            minCount=max(words.values()) + 1,
            minCountLabel=1,
            loss="softmax",
            seed=SEED,
            thread=1,
            verbose=0,
        )
        model.quantize(qnorm=True, dsub=SUBVECTOR)
        model.save_model(str(target))


def strangers(labels: Iterable[str], common: frozenset[str]) -> frozenset[str]:
    """A sixth of the languages that py3langid lacks, by hash: what rejection is learned from."""
    return frozenset(label for label in labels if label not in common and texts.digest("rejection", label) % 6 == 0)


def main(
    data: Annotated[Path, typer.Argument(help="Folder with lid_tatoeba and lid_udhr.")],
    output: Annotated[Path, typer.Argument(help="The model file to write.")],
    without_strangers: Annotated[bool, typer.Option(help="Leave out a sixth of the rarer languages.")] = False,
) -> None:
    """Train the language model. Example: python -m curate.models.train_language ../shared/data language.ftz."""
    common = frozenset(Bayes().classes)
    found = gather(data)
    gone = strangers(found, common) if without_strangers else frozenset()
    train(lines({label: some for label, some in found.items() if label not in gone}, common), output)


if __name__ == "__main__":
    typer.run(main)

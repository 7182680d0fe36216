"""Train the screen that the project ships: `python -m curate.models.train_screen DATA curate/models/screen.npz`.

Sentences get the label of what people marked in them; sources weigh as `MASS` says. One thread, a seed, and numbers of
one byte at the end: the same data give the same file.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow as pa
import typer
from numpy.typing import NDArray

from curate.arrays import buffers
from curate.models import screen_terms, screen_texts
from curate.models.screen_texts import Text
from curate.ops import linear, sentence_spans
from curate.ops.descent import descend

BITS = 20
EPOCHS, RATE, DECAY, SEED = 4, 0.08, 1e-7, 1
PASS, ALARM = 0.18, 0.5
"""From which score on a sentence is worth a second look, and from which it is taken for toxic without one."""
MASS = {
    "civil": 1.0,
    "spans": 0.5,
    "paradetox": 0.7,
    "cold": 0.15,
    "genil": 2.0,
    "tatoeba": 1.5,
    "udhr": 1.0,
    "prose": 1.0,
    "own": 1.0,
}
"""How much a sentence of a source counts. Chosen, like all numbers here, on the parts that the card names."""
OWN, OWN_HATEFUL = 2.0, 4.0
"""The same for sentences of our own in other languages, which no set backs up."""
HARMLESS = {"de": 3.0, "nl": 3.0, "it": 3.0, "pl": 3.0, "zh": 40.0}
"""What everyday sentences of a language are multiplied by where no other harmless ones are: GeniL lacks these."""


class Sentences(NamedTuple):
    """Every sentence's features, its label from 0 to 1, and how much it counts."""

    starts: NDArray[np.int64]
    ids: NDArray[np.uint32]
    labels: NDArray[np.float64]
    mass: NDArray[np.float64]


def sentences(texts: Sequence[Text], bits: int = BITS) -> Sentences:
    """The sentences of these texts."""
    offsets, data = buffers(pa.array([text.text for text in texts], pa.string()))
    pieces = sentence_spans.spans(offsets, data)
    starts, ids = linear.features(offsets, data, pieces, screen_terms.terms().marks(offsets, data), bits)
    labels, mass = np.zeros(len(pieces.rows)), np.zeros(len(pieces.rows))
    for i, (row, start, stop) in enumerate(zip(*(part.tolist() for part in pieces), strict=True)):
        text = texts[row]
        labels[i] = _label(text, *_code_points(text.text, start, stop))
        counted = start >= len(text.text[: text.context].encode())
        mass[i] = _mass(text) if counted else 0.0
    return Sentences(starts, ids, labels, mass)


def _code_points(text: str, start: int, stop: int) -> tuple[int, int]:
    if text.isascii():
        return start, stop
    encoded = text.encode()
    return len(encoded[:start].decode()), len(encoded[:stop].decode())


def _mass(text: Text) -> float:
    source, _, language = text.source.partition("-")
    if source == "own" and language != "en":
        return OWN_HATEFUL if text.share else OWN
    return MASS[source] * (1.0 if source == "own" else HARMLESS.get(language, 1.0))


def _label(text: Text, start: int, stop: int) -> float:
    """The share of people who marked something in a piece, or what a whole text's share is."""
    marked = sum(share for first, last, share in text.spans if first < stop and last > start)
    return min(1.0, text.share + marked)


def fit(rows: Sentences, bits: int = BITS) -> NDArray[np.float64]:
    """2^bits weights and the bias."""
    weights, squares = np.zeros((1 << bits) + 1), np.zeros((1 << bits) + 1)
    counted = np.flatnonzero(rows.mass)
    rng = np.random.default_rng(SEED)
    for epoch in range(EPOCHS):
        descend(*rows, rng.permutation(counted), weights, squares, RATE / (1 + epoch), DECAY)
    return weights


def packed(weights: NDArray[np.float64]) -> dict[str, NDArray[np.generic] | float]:
    """The weights in bytes, what one step of them is worth, and the bias."""
    scale = float(np.quantile(np.abs(weights[:-1]), 0.99995)) / 127
    whole = np.clip(np.rint(weights[:-1] / scale), -127, 127).astype(np.int8)
    return {"weights": whole, "scale": scale, "bias": float(weights[-1])}


def train(texts: Iterable[Text], output: Path) -> None:
    """Write the screen that these texts make."""
    made = packed(fit(sentences(list(texts))))
    np.savez_compressed(output, allow_pickle=False, **made, pass_score=PASS, alarm_score=ALARM)


def main(
    data: Annotated[Path, typer.Argument(help="Folder with the sets that the card names.")],
    output: Annotated[Path, typer.Argument(help="The file to write.")],
) -> None:
    """Train the screen. Example: python -m curate.models.train_screen ../shared/data screen.npz."""
    train(screen_texts.training(data), output)


if __name__ == "__main__":
    typer.run(main)

"""Train the stereotype model that the project ships: `python -m curate.models.train_stereotype DATA OUTPUT`.

Logistic regression with an L2 penalty (L-BFGS) on the features of `curate.ops.stereotypes`, from GeniL's sentences.
What is trained on four fifths of the groups' names scores the rest, and the shipped model's scores are scaled by what
these were worth (Platt 1999), so that a score is a probability for groups that it never saw.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pyarrow as pa
import typer
from numpy.typing import NDArray

from curate import statements
from curate.models.stereotype import LANGUAGES, Model, applies, seen, values
from curate.ops.stereotypes import BUCKETS
from curate.threads import threads

PARTS = 5
"""Parts of the groups' names for scores of names that were not trained on."""
STRENGTH = 10.0
"""What an error costs against a unit of squared weights; chosen on the same parts, where 3 ranks 0.005 lower."""
ITERATIONS = 100

Floats = NDArray[np.float64]


class Sentence(NamedTuple):
    """A row of GeniL: whether the sentence generalises about the group."""

    language: str
    text: str
    identity: str
    attribute: str
    generalises: bool


class Sample(NamedTuple):
    """Sentences as the model sees them: one row a piece that names a group, `owner` the sentence that it is of."""

    first: NDArray[np.int64]
    buckets: NDArray[np.int32]
    values: Floats
    owner: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> "Sample":
        """Only the rows of these sentences."""
        rows = chosen[self.owner]
        kept = np.repeat(rows, np.diff(self.first))
        ends = np.concatenate([[0], np.cumsum(np.diff(self.first)[rows])])
        return Sample(ends, self.buckets[kept], self.values[kept], self.owner[rows])


def sentences(folder: Path, languages: Sequence[str] = LANGUAGES) -> Iterator[Sentence]:
    """The rows of `<language>.csv.zst`, columns sentence, identity, attribute, generalizing."""
    for language in languages:
        with pa.input_stream(folder / f"{language}.csv.zst", compression="zstd") as stream:
            for row in csv.DictReader(io.StringIO(stream.read().decode())):
                told = row["generalizing"].startswith("1")
                yield Sentence(language, row["sentence"], row["identity"], row["attribute"], told)


def hashed(identity: str) -> int:
    """A number of 32 bits for a group's name, by which names are split."""
    return int.from_bytes(hashlib.blake2b(identity.casefold().encode(), digest_size=4).digest(), "big")


def sample(rows: Sequence[Sentence]) -> Sample:
    """What the model sees of these sentences, each by the lists of its language."""
    parts = [_sample(rows, language) for language in LANGUAGES]
    ends = np.concatenate([[0], np.cumsum(np.concatenate([np.diff(part.first) for part in parts]))])
    buckets, numbers, owner = (np.concatenate([part[i] for part in parts]) for i in (1, 2, 3))
    return Sample(ends, buckets, numbers, owner)


def _sample(rows: Sequence[Sentence], language: str) -> Sample:
    mine = [i for i, row in enumerate(rows) if row.language == language]
    found = statements.find(pa.array([rows[i].text for i in mine], pa.string()), (language,))
    features = seen(found)
    owner = np.array(mine, np.int64)[found.rows]
    whole = Sample(features.first, features.buckets, values(features), np.arange(len(owner)))
    kept = whole.of(applies(found))
    return kept._replace(owner=owner[kept.owner])


def fitted(found: Sample, truth: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Weights of all buckets and the intercept."""
    with threads(1):
        from scipy.optimize import minimize
        from scipy.sparse import csr_matrix
    active, columns = np.unique(found.buckets, return_inverse=True)
    matrix = csr_matrix((found.values, columns, found.first), shape=(len(found.owner), len(active)))
    across, sign = matrix.T.tocsr(), np.where(truth[found.owner], 1.0, -1.0)

    def loss(guess: Floats) -> tuple[float, Floats]:
        margin = sign * (matrix @ guess[:-1] + guess[-1])
        pull = -STRENGTH * sign / (1 + np.exp(np.minimum(margin, 700)))
        total = STRENGTH * np.logaddexp(0, -margin).sum() + 0.5 * np.square(guess[:-1]).sum()
        return float(total), np.append(across @ pull + guess[:-1], pull.sum())

    start = np.zeros(len(active) + 1)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}).x
    weights = np.zeros(BUCKETS)
    weights[active] = best[:-1]
    return weights, float(best[-1])


def raw(found: Sample, weights: Floats, intercept: float, count: int) -> Floats:
    """Per sentence the highest sum of its pieces, -inf where none names a group."""
    rows = np.repeat(np.arange(len(found.owner)), np.diff(found.first))
    sums = np.bincount(rows, found.values * weights[found.buckets], len(found.owner)) + intercept
    highest = np.full(count, -np.inf)
    np.maximum.at(highest, found.owner, sums)
    return highest


def held_out(found: Sample, truth: NDArray[np.bool_], part: NDArray[np.int64]) -> Floats:
    """Every sentence's sum by a model that was trained without the names of its part."""
    sums = np.full(len(truth), -np.inf)
    for number in range(PARTS):
        mine = part == number
        weights, intercept = fitted(found.of(~mine), truth)
        sums = np.maximum(sums, raw(found.of(mine), weights, intercept, len(truth)))
    return sums


def scaled(sums: Floats, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and shift that make sums log odds, by Newton's method."""
    known = np.isfinite(sums)
    inputs, target = np.stack([sums[known], np.ones(known.sum())], axis=1), truth[known]
    line = np.array([1.0, 0.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(inputs @ line)))
        bend = inputs.T @ (inputs * (chance * (1 - chance))[:, None])
        line -= np.linalg.solve(bend, inputs.T @ (chance - target))
    return float(line[0]), float(line[1])


def train(rows: Sequence[Sentence]) -> Model:
    """The model of these sentences."""
    found, truth = sample(rows), np.array([row.generalises for row in rows])
    names = np.array([hashed(row.identity) for row in rows])
    slope, shift = scaled(held_out(found, truth, names % PARTS), truth)
    weights, intercept = fitted(found, truth)
    step = round(slope * float(np.abs(weights).max()) / 127, 8)
    whole = np.round(slope * weights / step).astype(np.int8)
    return Model(whole, step, round(slope * intercept + shift, 6), np.unique(names).astype(np.uint32))


def main(
    data: Annotated[Path, typer.Argument(help="Folder with bias_genil.")],
    output: Annotated[Path, typer.Argument(help="The .npz file to write.")],
) -> None:
    """Train. Example: python -m curate.models.train_stereotype ../shared/data curate/models/stereotype.npz."""
    model = train(list(sentences(data / "bias_genil")))
    scale = np.array([model.step, model.intercept])
    np.savez_compressed(output, allow_pickle=False, weights=model.weights, scale=scale, identities=model.identities)


if __name__ == "__main__":
    typer.run(main)

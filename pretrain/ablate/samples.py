"""What each seed of an arm trains on: at most a budget of tokens, drawn by hash of the documents' ids.

Where corpora are large enough, each seed has a *share* of its own: documents fall to seeds by hash of the id. Then
seeds differ in data as in weights, and intervals speak of the corpus that the documents were drawn from; two samples of
one corpus do not differ. Where a share would have to be repeated more than four times, beyond which repetition
teaches clearly less than new text (Muennighoff et al. 2023), all seeds draw from all documents, and intervals speak of
these very documents.

Arms agree on shares and order, so that those with documents in common train on the same ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pretrain import draws
from pretrain.ablate import token_files
from pretrain.ablate.corpora import Corpus
from pretrain.ablate.token_files import Encoded

EPOCHS = 4
_CLOSE = 1.02
"""Arms whose numbers of different tokens differ by less are matched already."""


@dataclass(frozen=True)
class Draw:
    """How a study's samples are drawn."""

    seeds: int
    budget: int
    """Targets that a model is trained on."""
    shares: bool
    """Whether each seed has documents of its own."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Documents of an arm for one seed."""

    corpus: Corpus
    numbers: NDArray[np.int64]
    """(N,) of the documents, in the order drawn."""

    @property
    def targets(self) -> int:
        """Tokens that are different from each other, an end-of-text a document included."""
        return int((self.corpus.train.lengths[self.numbers] + 1).sum())

    def write(self, folder: Path) -> None:
        """As token shards."""
        tokenizer = self.corpus.manifest.folder / "tokenizer" / "tokenizer.json"
        token_files.write(folder, tokenizer, self.corpus.vocabulary, {"train": self._rows()})

    def _rows(self) -> Iterator[Encoded]:
        train = self.corpus.train
        weights = train.weights
        for number in self.numbers:
            yield Encoded(str(number), train.document(int(number)), 1.0 if weights is None else float(weights[number]))


def shares_fit(corpora: Sequence[Corpus], seeds: int, budget: int) -> bool:
    """Whether every arm can give each seed documents of its own without much repetition."""
    return all(int(_shares(one, seeds).min()) * EPOCHS >= budget for one in corpora)


def _shares(corpus: Corpus, seeds: int) -> NDArray[np.float64]:
    """(S,) targets of each seed's share."""
    owners = (corpus.keys % np.uint64(seeds)).astype(np.int64)
    return np.bincount(owners, weights=corpus.train.lengths + 1, minlength=seeds).astype(np.float64)


def sample(corpus: Corpus, draw: Draw, seed: int, unique: int | None = None) -> Sample:
    """The documents of seed 1 ≤ `seed` ≤ S: as many as hold the budget, or `unique` targets, or all there are."""
    keys, wanted = corpus.keys, min(draw.budget, unique or draw.budget)
    mine = np.arange(len(keys))
    if draw.shares:
        mine = mine[keys % np.uint64(draw.seeds) == seed - 1]
    mine = mine[np.argsort(draws.keyed(draws.key(seed), keys[mine].view(np.int64)), kind="stable")]
    ends = np.cumsum(corpus.train.lengths[mine] + 1)
    count = min(len(mine), int(np.searchsorted(ends, wanted)) + 1)
    return Sample(corpus, mine[:count])


def matched(whole: Mapping[int, Sequence[Sample]], draw: Draw) -> dict[int, list[Sample]]:
    """The second control: samples of the arms that have more different tokens than the smallest, cut to as many.

    Nothing where no arm repeats any. It separates what a corpus's quality does from what repetition does.
    """
    least = [min(samples[seed].targets for samples in whole.values()) for seed in range(draw.seeds)]
    if min(least) >= draw.budget:
        return {}
    larger = {arm: samples for arm, samples in whole.items() if sum(o.targets for o in samples) > _CLOSE * sum(least)}
    return {
        arm: [sample(samples[0].corpus, draw, seed + 1, unique) for seed, unique in enumerate(least)]
        for arm, samples in larger.items()
    }

"""What a process reads for each step; on a GPU, while it computes the step before."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from pretrain.data import Packing
from pretrain.objectives import IGNORE, Batch, Objective
from pretrain.objectives.batch import Weights
from pretrain.parallel import World


class Part(NamedTuple):
    """This process's part of a step."""

    batch: Batch
    tokens: int
    """Of the corpus, in its rows."""
    share: float
    """Weight of all its targets together."""


class Loader:
    """Step number → this process's part of it, a function of the number alone.

    `rows` are those of a step over all processes, `weights` those of the documents. `ahead` reads the step after in a
    thread of its own.
    """

    def __init__(
        self, objective: Objective, packing: Packing, weights: Weights, world: World, rows: int, *, ahead: bool
    ) -> None:
        self.objective, self.packing, self.weights, self.world, self.rows = objective, packing, weights, world, rows
        self._thread = ThreadPoolExecutor(1, "loader") if ahead else None
        self._next: tuple[int, Future[Part]] | None = None

    def part(self, step: int) -> Part:
        """Of step number `step`, from 0 on."""
        waiting, self._next = self._next, None
        part = waiting[1].result() if waiting and waiting[0] == step else self._read(step)
        if self._thread:
            self._next = (step + 1, self._thread.submit(self._read, step + 1))
        return part

    def _read(self, step: int) -> Part:
        rows = self.packing.rows(*self.world.rows(step * self.rows, self.rows))
        batch = self.objective.ask(rows, self.weights)
        share = (batch.targets != IGNORE).sum() if batch.weights is None else batch.weights.sum(dtype=np.float64)
        return Part(batch, self.packing.seen(rows), float(share))

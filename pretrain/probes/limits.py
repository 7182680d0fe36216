"""All probes of a run together, and RUN/limits.json, where their figures go."""

from collections.abc import Sequence
from pathlib import Path

from pretrain.card import LIMITS
from pretrain.errors import DataError
from pretrain.evaluation import results
from pretrain.evaluation.results import Figure
from pretrain.probes.memorisation import memorisation
from pretrain.probes.stereotypes import stereotypes
from pretrain.probes.toxicity import toxicity
from pretrain.record import read
from pretrain.shards import Manifest
from pretrain.trained import open_run


def measure(
    run: Path, *, bias: Sequence[Path], data: Path | None, generations: int, limit: int, seed: int
) -> list[str]:
    """Measure what is asked for and put the figures into RUN/limits.json; gives them as lines of a table.

    Figures of one probe replace those of an earlier call; the others stay. Raises `DataError` for data that the
    run was not trained on.
    """
    trained = open_run(run)
    figures: list[Figure] = []
    for folder in bias:
        figures += stereotypes(trained, folder, limit=limit, seed=seed)
    if data is not None:
        manifest = Manifest.read(data)
        if manifest.digest != read(run).data_digest:
            raise DataError(f"{data}: not what {run} was trained on (manifest {manifest.digest[:12]}…)")
        figures += memorisation(trained, manifest, documents=limit or 10**9, seed=seed)
    if generations:
        figures += toxicity(trained, texts=generations, seed=seed)
    results.merge(run / LIMITS, trained.step, figures)
    return results.lines(figures)

"""Minimal pairs (BLiMP, Warstadt et al. 2020): which of two sentences, of which speakers accept one, is the likelier.

Records have `sentence_good` and `sentence_bad`, and a paradigm: `UID`, or the file's name. The figure is the mean over
paradigms of the share of pairs that are told right, an exact tie counting half; chance is 0.5. The interval resamples
paradigms, then pairs: what other phenomena might give. That of `accuracy, these paradigms` resamples pairs alone.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from pretrain.evaluation import intervals
from pretrain.evaluation.asking import Floats
from pretrain.evaluation.records import Record, read, sample
from pretrain.evaluation.results import Figure, figure
from pretrain.evaluation.sentences import family_note, sentence_nats
from pretrain.trained import Trained

CHANCE = 0.5


def pairs(
    trained: Trained, path: Path, *, limit: int = 0, seed: int = 1, said: Callable[[int], None] | None = None
) -> list[Figure]:
    """Figures of a folder or file of pairs, at most `limit` of each paradigm; the macro average comes first."""
    found = {name: sample(records, limit, seed) for name, records in paradigms(read(path)).items()}
    told = _told(trained, [record for records in found.values() for record in records], said)
    groups = dict(zip(found, np.split(told, np.cumsum([len(records) for records in found.values()])[:-1]), strict=True))
    task, note = path.name.partition(".")[0], f"mean over {len(groups)} paradigms; {family_note(trained.model)}"
    whole = figure(task, "accuracy", intervals.macro(list(groups.values()), seed), len(told), seed, chance=CHANCE,
                   note=note)  # fmt: skip
    pairs_alone = figure(task, "accuracy, these paradigms", intervals.macro(list(groups.values()), seed, fixed=True),
                         len(told), seed, chance=CHANCE, note="interval over pairs alone")  # fmt: skip
    parts = [
        figure(task, f"accuracy, {name}", intervals.mean(hits, seed), len(hits), seed, chance=CHANCE, detail=True)
        for name, hits in groups.items()
    ]
    return [whole, pairs_alone, *parts]


def paradigms(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Records by `UID`, or by file where they have none, in order of names."""
    found: dict[str, list[Record]] = {}
    for record in records:
        name = record.fields.get("UID")
        own = Path(record.where.rpartition(":")[0]).name.partition(".")[0]
        found.setdefault(name if isinstance(name, str) and name else own, []).append(record)
    return dict(sorted(found.items()))


def _told(trained: Trained, records: list[Record], said: Callable[[int], None] | None) -> Floats:
    """(N,) 1 for a pair told right, 0.5 for a tie."""
    texts = [record.text(side) for record in records for side in ("sentence_good", "sentence_bad")]
    good_N, bad_N = sentence_nats(trained, texts, said).reshape(-1, 2).T
    told: Floats = (good_N < bad_N) + 0.5 * (good_N == bad_N)
    return told

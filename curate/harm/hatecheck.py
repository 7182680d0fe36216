"""HateCheck and its like: which hateful cases the screen passes on, and whose harmless ones.

Röttger et al., "HateCheck: Functional Tests for Hate Speech Detection Models" (ACL 2021) and its multilingual sequel
(WOAH 2022). Every set below the folder whose name begins with `tox_hatecheck` is measured, language by language.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.harm import sets
from curate.harm.intervals import area, bootstrap, share
from curate.models.screen import shipped

TARGETS = re.compile(
    r"\b(women|woman|trans people|trans person|gay people|gay person|black people|black person|disabled people"
    r"|disabled person|muslims?|immigrants?)\b",
    re.IGNORECASE,
)

Case = dict[str, Any]


def looked_at(text: str) -> bool:
    """Whether an English case is of the three tenths that numbers of the training were chosen on, all groups alike."""
    return int(hashlib.sha256(TARGETS.sub("X", text).encode()).hexdigest(), 16) % 10 < 3


def section(data: Path) -> str:
    """Shares of hateful cases caught and of harmless ones kept, by language, by group and by function."""
    names = sorted(path.parent.name for path in data.glob("tox_hatecheck*/norm.jsonl.zst")) or ["tox_hatecheck"]
    cases = [case for name in names for case in sets.rows(data, f"{name}/norm.jsonl.zst")]
    scores = shipped().scores(pa.array([case["text"] for case in cases])).highest(len(cases)).astype(np.float64)
    english = np.array([case["lang"] == "en" for case in cases])
    seen = english & np.array([looked_at(case["text"]) for case in cases])
    parts = {"en, not looked at": english & ~seen, "en, looked at": seen}
    for language in sorted({case["lang"] for case in cases} - {"en"}):
        parts[language] = np.array([case["lang"] == language for case in cases])
    return "\n".join([*_head(), *_languages(cases, scores, parts), *_details(cases, scores, english & ~seen)])


def _head() -> list[str]:
    return [
        "## Functional tests of hate speech: the screen",
        "",
        f"A case is caught where its highest sentence scores {shipped().pass_score} or more: it passes to the teacher.",
        "Numbers of the training were chosen on three tenths of the English cases (by hash of the text without its",
        "group), on every other page of the C4 sample, and on other sets that the card names; no case was trained on.",
        "",
    ]


def _languages(cases: Sequence[Case], scores: NDArray[np.float64], parts: Mapping[str, NDArray[np.bool_]]) -> list[str]:
    hateful = np.array([case["toxic"] == 1 for case in cases])
    passed = scores >= shipped().pass_score
    lines = [
        "| cases | hateful | caught | harmless | kept | worst / best group kept | ROC-AUC |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, part in parts.items():
        if part.any():
            bad, good = part & hateful, part & ~hateful
            cells = (int(bad.sum()), share(int((bad & passed).sum()), int(bad.sum())), int(good.sum()))
            kept = share(int((good & ~passed).sum()), int(good.sum()))
            ratio = _disparity([case["target"] for case in cases], good, ~passed)
            lines.append(
                f"| {name} | {' | '.join(map(str, cells))} | {kept} | {ratio} | {area(scores[part], hateful[part])} |"
            )
    return [*lines, ""]


def _disparity(targets: Sequence[str | None], good: NDArray[np.bool_], kept: NDArray[np.bool_]) -> str:
    """The worst group's share of harmless cases kept over the best one's, with the bootstrap's interval."""
    rows = np.array([i for i in np.flatnonzero(good).tolist() if targets[i]], np.int64)
    numbers = {name: k for k, name in enumerate(sorted({str(targets[i]) for i in rows.tolist()}))}
    groups = np.array([numbers[str(targets[i])] for i in rows.tolist()], np.int64)

    def ratio(drawn: NDArray[np.int64]) -> float:
        total = np.bincount(groups[drawn], minlength=len(numbers))
        stayed = np.bincount(groups[drawn], kept[rows[drawn]], len(numbers))
        shares = stayed[total > 0] / total[total > 0]
        return float(shares.min() / shares.max()) if len(shares) and shares.max() > 0 else 0.0

    value, low, high = bootstrap(ratio, len(rows))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _details(cases: Sequence[Case], scores: NDArray[np.float64], part: NDArray[np.bool_]) -> Iterable[str]:
    """English cases by group and by function."""
    passed = scores >= shipped().pass_score
    for key, title in (("target", "harmless cases kept, by group"), ("functionality", "caught or kept, by function")):
        yield f"| {title} | cases | share |"
        yield "|---|---|---|"
        for name in sorted({case[key] for case in cases if case[key]}):
            rows = [i for i in np.flatnonzero(part).tolist() if cases[i][key] == name]
            bad = sum(cases[i]["toxic"] == 1 for i in rows)
            if key == "target":
                rows = [i for i in rows if cases[i]["toxic"] == 0]
            right = sum(bool(passed[i]) == (cases[i]["toxic"] == 1) for i in rows)
            if rows:
                word = "" if key == "target" else "caught " if bad else "kept "
                yield f"| {name} | {len(rows)} | {word}{share(right, len(rows))} |"
        yield ""

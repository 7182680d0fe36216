"""Labelled comments: how well the screen ranks toxic ones above others, and how often it is wrong on plain talk."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from curate.harm import sets
from curate.harm.intervals import area, bootstrap, share
from curate.models import screen_texts
from curate.models.screen import shipped


class Labelled(NamedTuple):
    """What is measured: its name, how it stands to the training, and where its texts and labels come from."""

    name: str
    standing: str
    rows: Callable[[Path], Iterable[tuple[str, bool]]]


def _normal(name: str) -> Callable[[Path], Iterable[tuple[str, bool]]]:
    def rows(data: Path) -> Iterable[tuple[str, bool]]:
        found = sets.rows(data, f"{name}/norm.jsonl.zst")
        return ((row["text"], row["toxic"] == 1) for row in found if row["toxic"] is not None)

    return rows


def _civil(data: Path) -> Iterable[tuple[str, bool]]:
    for row in sets.rows(data, "tox_civil_spans/norm.jsonl.zst"):
        if screen_texts.held_out(row["text"]):
            yield row["text"], screen_texts.toxic(row)


def _part(
    read: Callable[[Path, str], Iterable[screen_texts.Text]], name: str
) -> Callable[[Path], Iterable[tuple[str, bool]]]:
    def rows(data: Path) -> Iterable[tuple[str, bool]]:
        if not (data / name).is_file():
            raise sets.MissingSetError(f"{name} is not in the folder of data")
        return ((text.text, text.share > 0) for text in read(data, "test"))

    return rows


SETS = (
    Labelled("Jigsaw (Wikipedia comments, five samples)", "never trained on", _normal("tox_jigsaw_pieces")),
    Labelled("Civil Comments with spans", "a fifth held out", _civil),
    Labelled("OLID (tweets)", "never trained on", _normal("tox_olid")),
    Labelled("Davidson (tweets)", "never trained on", _normal("tox_davidson")),
    Labelled("Wikipedia talk pages (CAT)", "never trained on", _normal("tox_wikipedia_cat")),
    Labelled("ParaDetox", "a fifth held out", _part(screen_texts.paradetox, "tox_paradetox/norm.jsonl.zst")),
    Labelled(
        "COLD (Chinese), test part",
        "train part trained on",
        _part(screen_texts.cold, "tox_cold_chinese/norm.jsonl.zst"),
    ),
    Labelled("Korean news comments", "never trained on", _normal("tox_korean")),
)


def section(data: Path) -> str:
    """A table of ROC-AUC and of what is passed on, with a line on ParaDetox's pairs."""
    screen, missing = shipped(), []
    lines = [
        "## Toxic comments: the screen",
        "",
        "A text scores what its highest sentence does.",
        f"It is passed from {screen.pass_score} on and alarmed from {screen.alarm_score} on.",
        "",
        "Comments are labelled as wholes; of Civil Comments nearly all hold something that an annotator marked.",
        "",
        "| set | standing | texts | toxic | ROC-AUC | toxic passed | harmless passed | harmless alarmed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for labelled in SETS:
        try:
            lines.append(_line(labelled, data))
        except sets.MissingSetError as error:
            missing.append(str(error))
    if len(missing) == len(SETS):
        raise sets.MissingSetError(missing[0])
    return "\n".join([*lines, "", *(f"Left out: {what}." for what in missing), *_pairs(data)])


def _line(labelled: Labelled, data: Path) -> str:
    texts, labels = zip(*labelled.rows(data), strict=True)
    toxic = np.array(labels, np.bool_)
    screen = shipped()
    scores = screen.scores(pa.array(texts)).highest(len(texts)).astype(np.float64)
    passed, alarmed = scores >= screen.pass_score, scores >= screen.alarm_score
    bad, good = int(toxic.sum()), int((~toxic).sum())
    cells = [
        labelled.name,
        labelled.standing,
        f"{len(texts):,}",
        f"{bad:,}",
        area(scores, toxic),
        share(int(passed[toxic].sum()), bad),
        share(int(passed[~toxic].sum()), good),
        share(int(alarmed[~toxic].sum()), good),
    ]
    return f"| {' | '.join(cells)} |"


def _pairs(data: Path) -> list[str]:
    """In how many of ParaDetox's held-out pairs the rewrite scores lower."""
    try:
        rows = list(sets.rows(data, "tox_paradetox/norm.jsonl.zst"))
    except sets.MissingSetError:
        return []
    pairs = [(row["text"], text) for row in rows if screen_texts.held_out(row["text"]) for text in row["neutral"]]
    before, after = (
        shipped().scores(pa.array(side)).highest(len(pairs)).astype(np.float64) for side in zip(*pairs, strict=True)
    )
    lower = int((after < before).sum())
    fall, low, high = bootstrap(lambda drawn: float((before - after)[drawn].mean()), len(pairs))
    told = (
        f"The neutral rewrite scores lower in {share(lower, len(pairs))} of {len(pairs):,} held-out pairs of ParaDetox"
    )
    return [f"{told}; on average by {fall:.3f} [{low:.3f}, {high:.3f}]."]

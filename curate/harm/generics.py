"""What the `bias` stage finds of generalisations about groups: GeniL, swapped names, WinoBias, CrowS-Pairs.

GeniL (Davani et al., arXiv:2404.05866) labels sentences of mC4 in nine languages. Scores are of models that never saw
the sentence's group: names are split by hash, and intervals draw groups' names again, not sentences.
"""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate import lexicons, statements
from curate.generalisations import counted, said
from curate.harm import resampling
from curate.harm.intervals import figure, share
from curate.harm.sets import MissingSetError
from curate.lexicons import identity
from curate.models import stereotype
from curate.models import train_stereotype as training
from curate.stages.bias import Bias
from curate.testing import batch

COMMAND = "curate bench harm --data FOLDER --only generics"
SWAPPED, DECISION = 30, 0.5
"""Names that take another's place, and the score from which on a sentence counts as a stereotype."""
PRONOUN = re.compile(r"\b(he|him|his|himself|she|her|hers|herself)\b", re.IGNORECASE)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def section(data: Path) -> str:
    """The section of the page."""
    rows = _genil(data)
    parts = [f"## Generalisations about groups\n\n`{COMMAND}`", _ranking(rows), _flags(rows), _swaps(rows)]
    return "\n\n".join([*parts, _winobias(data), _crows(data)])


def _genil(data: Path) -> list[training.Sentence]:
    folder = data / "bias_genil"
    if not all((folder / f"{language}.csv.zst").is_file() for language in stereotype.LANGUAGES):
        raise MissingSetError("bias_genil/<language>.csv.zst is not in the folder of data")
    return list(training.sentences(folder))


def _clusters(rows: Sequence[training.Sentence]) -> NDArray[np.int64]:
    """A number for each name of a group in each language."""
    names = [f"{row.language} {row.identity.casefold()}" for row in rows]
    return np.unique(names, return_inverse=True)[1]


def _ranking(rows: Sequence[training.Sentence]) -> str:
    """Average precision of the score by language and pooled."""
    truth, cluster = np.array([row.generalises for row in rows]), _clusters(rows)
    names = np.array([training.hashed(row.identity) for row in rows])
    found = training.sample(rows)
    scores = training.held_out(found, truth, names % training.PARTS)
    lines = [
        "**Score.** Average precision; each sentence by a model trained without its group's name (5 parts by hash).\n",
        "| language | sentences | generalising | average precision |",
        "|---|---|---|---|",
        *_ranks(rows, scores, truth, cluster),
    ]
    unseen = ~np.isin(names, stereotype.shipped().identities)
    if unseen.any() and truth[unseen].any():
        model = stereotype.shipped()
        shipped = training.raw(
            found, np.float64(model.step) * model.weights.astype(np.float64), model.intercept, len(rows)
        )
        lines += ["", "Names that the shipped model never saw, by that model:", "", *lines[1:3]]
        some = [row for row, new in zip(rows, unseen, strict=True) if new]
        lines += _ranks(some, shipped[unseen], truth[unseen], _clusters(some))
    return "\n".join(lines)


def _ranks(rows: Sequence[training.Sentence], scores: Floats, truth: Bools, cluster: NDArray[np.int64]) -> list[str]:
    """A line of the table for all languages, and for each."""
    language = np.array([row.language for row in rows])
    lines = []
    for name in ("all", *stereotype.LANGUAGES):
        mine = np.ones(len(rows), np.bool_) if name == "all" else language == name
        if truth[mine].any():
            renumbered = np.unique(cluster[mine], return_inverse=True)[1]
            ranked = figure(*resampling.ranked(scores[mine], truth[mine], renumbered))
            lines.append(f"| {name} | {mine.sum():,} | {truth[mine].sum():,} | {ranked} |")
    return lines


def _flags(rows: Sequence[training.Sentence]) -> str:
    """Precision and recall of the rules on English."""
    mine = [row for row in rows if row.language == "en"]
    truth, cluster = np.array([row.generalises for row in mine]), _clusters(mine)
    found = statements.find(pa.array([row.text for row in mine]), ("en",))
    strict, loose = (times > 0 for times in counted(found, said(found), len(mine)))
    lines = ["**Flags**, English sentences.\n", "| flag | flagged | precision | recall |", "|---|---|---|---|"]
    for name, flags in (("strict", strict), ("loose", loose & ~strict), ("either", strict | loose)):
        right, hit = (figure(*measure(flags, truth, cluster)) for measure in (resampling.precision, resampling.recall))
        lines.append(f"| {name} | {flags.sum():,} | {right} | {hit} |")
    return "\n".join(lines)


def _swaps(rows: Sequence[training.Sentence]) -> str:
    """How far the score moves when another group is named in the same sentence."""
    chosen = [row for row in rows if row.language == "en" and row.identity in _names(plural=False)]
    lines = [
        f"**Swaps.** English sentences with one of {SWAPPED} names in the place of theirs; decided at {DECISION}.\n",
        "| put in | sentences | decisions that flip | mean shift of the score |",
        "|---|---|---|---|",
    ]
    whole = re.compile(r"(?<!\w)%s(s?)(?!\w)")
    for label, same in (("the same form", True), ("plural for singular and back", False)):
        texts, changed = [], []
        for i, row in enumerate(chosen):
            hit = re.search(whole.pattern % re.escape(row.identity), row.text)
            if hit:
                names = _names(plural=bool(hit[1]) == same)
                texts.append(row.text)
                changed.append(f"{row.text[: hit.start()]}{names[i % len(names)]}{row.text[hit.end() :]}")
        before, after = _scores(texts), _scores(changed)
        flips = int(((before >= DECISION) != (after >= DECISION)).sum())
        shift = float(np.abs(after - before).mean()) if texts else 0.0
        lines.append(f"| {label} | {len(texts):,} | {share(flips, len(texts))} | {shift:.4f} |")
    return "\n".join(lines)


def _names(*, plural: bool) -> list[str]:
    """English names of nations that form their plural with s."""
    groups = lexicons.read("identity/en/nationality.toml")["group"]
    nouns = [noun.title() for group in groups for noun in group.get("nouns", []) if " " not in noun]
    regular = [noun for noun in nouns if identity.plural(noun) == f"{noun}s"]
    return [f"{noun}s" if plural else noun for noun in regular[:: max(1, len(regular) // SWAPPED)]]


def _scores(texts: Sequence[str]) -> Floats:
    """The stage's score of each text."""
    found = statements.find(pa.array(texts, pa.string()), ("en",))
    best = np.zeros(len(texts))
    np.maximum.at(best, found.rows, stereotype.scores(found))
    return best


def _winobias(data: Path) -> str:
    """Pronouns that WinoBias' sentences hold, against those that the stage counts."""
    files = sorted((data / "bias_winobias").glob("*stereotyped_type*.txt.*"))
    lines = [line.partition(" ")[2] for path in files for line in path.read_text("utf-8").splitlines()]
    if not lines:
        return "WinoBias: left out, not in the folder of data."
    measured = Bias(languages=("en",)).measure(batch(*lines))
    exact = 0
    for row, line in enumerate(lines):
        found = [word.lower() for word in PRONOUN.findall(line)]
        wanted = [sum(word.startswith("h") and word[:3] != "her" for word in found), 0]
        wanted[1] = len(found) - wanted[0]
        exact += wanted == [measured[gender][row].as_py() for gender in ("masculine", "feminine")]
    exactly = f"{exact:,} of {len(lines):,} sentences ({share(exact, len(lines))})"
    return f"**Pronouns.** WinoBias: counted exactly in {exactly}."


def _crows(data: Path) -> str:
    """How much oftener the worse sentence of a CrowS pair is flagged."""
    path = data / "bias_crows_pairs/crows_pairs_anonymized.csv.zst"
    if not path.is_file():
        return "CrowS-Pairs: left out, not in the folder of data."
    with pa.input_stream(path, compression="zstd") as stream:
        pairs = list(csv.DictReader(io.StringIO(stream.read().decode())))
    flagged, scores = {}, {}
    for side in ("sent_more", "sent_less"):
        measured = Bias(languages=("en",)).measure(batch(*[pair[side] for pair in pairs]))
        flagged[side] = int((np.asarray(measured["strict"]) > 0).sum())
        scores[side] = np.asarray(measured["stereotype"])
    more, less = flagged["sent_more"], flagged["sent_less"]
    shift = float((scores["sent_more"] - scores["sent_less"]).mean())
    return (
        f"**CrowS-Pairs**, a note: of {len(pairs):,} pairs that differ in the group alone the strict flag marks {more} "
        f"of the sentences that stereotype more and {less} of the others; the score differs by {shift:+.4f} in the "
        "mean. A detector that cannot see the group has to treat both alike."
    )

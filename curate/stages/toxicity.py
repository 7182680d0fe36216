"""How harmful a text is: graded word lists, a screen over its sentences, a teacher on what the screen passes."""

from collections.abc import Iterable
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from curate.cascade.bands import BANDS, Grades, Thresholds, by_screen, by_teacher, by_words, named, settled
from curate.cascade.lists import COUNTED, GRADES, Hits, Lists
from curate.cascade.pieces import Mask, Pieces
from curate.cascade.reading import Reading, chosen, nothing, read
from curate.cascade.told import by_band, by_group
from curate.errors import AssetError, nearest
from curate.lexicons.spoken import labelled
from curate.models.screen import Screen, shipped
from curate.ops import text
from curate.rules import Rule
from curate.stage import Asset, Filter, Range, Signals, buffers
from curate.teacher import checkpoint
from curate.teacher.model import Device, Precision, Teacher
from curate.told import BesideGroups

__all__ = ["GRADES", "Toxicity"]

SHORT = 100
"""Words that a text counts as having at least, so that one word of a short text is not a density."""

TEACHERS = {
    "original": ("en",),
    "unbiased": ("en",),
    "multilingual": ("en", "es", "fr", "it", "pt", "ru", "tr"),
}
"""Detoxify's models → the languages of the comments that they were trained on."""

COMPUTED_BY = ("tokenizers", "torch", "transformers")
"""Packages whose versions decide what a teacher says."""

Share = Annotated[float, Field(ge=0, le=1)]


class Toxicity(Filter):
    """A cascade of three parts, each for what the one before it leaves open; by default a flag and no drop.

    1. *Lists*: graded words per 1,000 (`curate/lexicons/toxicity` and, apart from them, `slurs`). Never any match: a
       list on which any hit drops the document, as C4 did with LDNOOBW, saturates with length and removed minority
       dialects and identity talk several times as often as the rest (Dodge et al., "Documenting Large Webtext Corpora",
       EMNLP 2021); ROOTS (Laurençon et al. 2022) uses the share of flagged words instead, and so does this stage.
       Lists find wording, not intent: quoted, reclaimed and clinical uses count as well.
    2. *Screen*: a small model that comes with Sluice scores every sentence (`curate/models/README.md`).
    3. *Teacher*, by choice: a model of Detoxify (Hanu and Unitary 2020, https://github.com/unitaryai/detoxify) reads
       the sentences that the screen passes, those with a word of the lists that is more than mild, their neighbours,
       and a seeded share of the others, from which the report tells what the screen misses.

    Signals: matches by grade, `mild`, `strong` and `severe` (slurs included), and of slurs alone, `slurs`; the
    same per 1,000 words, `mild_per_1k` and so on, where a text counts as 100 words or more. Where a stage named
    `language` has labelled the text, the lists of its language apply, and all these are null in a language that has
    none ("slut" ends Swedish films); else every list applies to every text. `screen`, the highest score of a sentence,
    `screen_mean`, and `alarms`, the sentences over `alarm`. From the teacher, over the sentences that passed:
    `maximum` and `top3` (mean of the three highest) of its label toxicity, `over_half` (the share of all sentences
    that it calls toxic), `labels` (the highest score of each), `taught`, whether it has read any; null where not.
    `supported`: whether the teacher, or without one the lists, know the text's language. `band`: `clean`, `low`,
    `uncertain`, `toxic` or `severe`, see `curate.cascade.bands`. `spans`: where, at most 16. `pieces`, `passed`,
    `caught`, `sampled`, `missed`: sentences, and what became of them.

    A text is flagged or dropped for its band: the reason is `toxicity.severe`, `toxicity.toxic`.
    """

    use = "toxicity"
    version = 3
    data = (
        "lexicons/toxicity/*.toml",
        "lexicons/slurs/*.toml",
        "lexicons/particles_ko.toml",
        "lexicons/identity/*/*.toml",
        "models/screen.npz",
        "models/screen/*.toml",
    )

    levels: ClassVar = BANDS
    tells_spans: ClassVar = True

    act: Literal["drop", "flag"] = "flag"
    bands: tuple[str, ...] = ()
    """Which bands are flagged or dropped; where none is named, `severe` and `toxic` are flagged, `severe` dropped."""
    languages: tuple[str, ...] = Field(default=("en", "ko"), min_length=1)
    """Whose words are counted; the files of `curate/lexicons/toxicity`."""
    lexicon: Asset | None = None
    """One's own in place of the project's, for all `languages`: TOML lists `mild`, `strong`, `severe`, `allow`."""
    screen: bool = True
    """Whether sentences are screened. Without it a teacher reads every sentence."""
    passing: Share | None = None
    """A sentence passes the screen from this score on; none stands for the one in its card."""
    alarm: Share | None = None
    """A sentence alarms from this score of the screen on; none stands for the one in its card."""
    teacher: Literal["", "original", "unbiased", "multilingual"] = ""
    """Which of Detoxify's models `model` is; none by default."""
    model: Asset | None = None
    """The teacher: a folder that `curate teacher fetch` or `convert` has made, or one of Detoxify's checkpoints with
    `config.json` and the tokenizer's files beside it."""
    digest: str = ""
    """The SHA-256 of the teacher's weights, or how it begins; another file is refused."""
    teaches: tuple[str, ...] = ()
    """Languages that the teacher reads; where none is named, those that it was trained on."""
    precision: Precision = "float32"
    """Of the teacher; `bfloat16` is quicker where the CPU or GPU has it, and refused where a CPU does not."""
    device: Device = "cpu"
    """Where the teacher works; the last digit of scores may differ between devices."""
    batch: Annotated[int, Field(ge=1, le=4096)] = 16
    """Sentences that the teacher reads at once; part of the result only in its last digit."""
    sample: Share = 0.005
    """The share of rejected sentences that goes to the teacher as well."""
    seed: int = 1
    """Of that sample."""
    thresholds: Thresholds = Thresholds()
    """From where on a text is in which band."""
    mild_per_1k: Range = Range()
    """Rude words and mild insults."""
    strong_per_1k: Range = Range()
    """Vulgar words and insults, slurs among them."""
    severe_per_1k: Range = Range()
    """Threats, wishes of death, the worst slurs, abuse of children."""
    slurs_per_1k: Range = Range()
    """Slurs of all grades."""
    screen_mean: Range = Range()
    """The screen's mean score."""
    maximum: Range = Range()
    """The teacher's highest score."""
    top3: Range = Range()
    """The mean of the teacher's three highest scores."""
    over_half: Range = Range()
    """The share of sentences that the teacher calls toxic."""

    def missing(self) -> list[str]:
        """That a teacher needs its model."""
        how = f"run `curate teacher fetch {self.teacher}` and give its folder by --set {self.name}.model=FOLDER"
        return [f"{self.name}.model: needs model: {how}"] if self.teacher and self.model is None else []

    def assets(self) -> dict[str, Path]:
        """A teacher's folder is the files in it that are read."""
        found = super().assets()
        parts = checkpoint.files(self.model) if self.model is not None else {}
        if "model" in found and parts:
            del found["model"]
            found |= {f"model[{name}]": path for name, path in parts.items()}
        return found

    def identity(self) -> dict[str, Any]:
        """The fields, and the versions of what computes a teacher's scores."""
        made = super().identity()
        taught = {name: _version(name) for name in COMPUTED_BY} if self.teacher else {}
        return {**made, "packages": {**made["packages"], **taught}}

    def prepare(self) -> None:
        """Read the lists and the models."""
        for band in self.bands:
            if band not in BANDS:
                raise AssetError(f"{self.name}.bands: there is no {band!r}{nearest(band, BANDS)}")
        if (self.model is None) != (not self.teacher):
            how = "name the teacher that it is: " + ", ".join(TEACHERS) if self.model else ""
            raise AssetError(f"{self.name}.teacher: {how}" if how else self.missing()[0])
        if self.model is not None and self.digest:
            found = checkpoint.digest(checkpoint.files(self.model).get("weights", self.model))
            if not found.startswith(self.digest.lower()):
                raise AssetError(f"{self.name}.digest: the weights in {self.model} have {found}")
        _ = self.lists, self._screen, self._teacher

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """As of every filter, and before them one for each band that is not wanted, the worst first."""
        unwanted = self.bands or (("severe",) if self.act == "drop" else ("severe", "toxic"))
        return (*(Rule("band", "is", band) for band in reversed(BANDS) if band in unwanted), *super().rules)

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """See the class; counts are int32, densities and scores float64."""
        hits = self.lists.find(batch)
        reading = self.read(batch, hits)
        counts = dict(zip(COUNTED, np.ascontiguousarray(hits.counts.T), strict=True))
        thousands = np.maximum(text.words(*buffers(batch["text"])).total, SHORT) / 1000.0
        per_1k = {name: count / thousands for name, count in counts.items()}
        lists = {**counts, **{f"{name}_per_1k": values for name, values in per_1k.items()}}
        taught = np.isin(np.arange(batch.num_rows), reading.rows_passed) & (self._teacher is not None)
        grades = by_words(counts, per_1k, self.thresholds)
        return {
            **{name: pa.array(values, mask=~hits.known) for name, values in lists.items()},
            **self._judged(reading, grades, hits.known, taught),
            "spans": reading.spans(taught, self._alarm, self.thresholds),
            "supported": self._supported(batch, hits),
            "taught": taught,
            **reading.counts(self.thresholds),
        }

    def _judged(self, reading: Reading, words: Grades, known: Mask, taught: Mask) -> Signals:
        """What screen and teacher say of every row, and the band that follows from all."""
        screen, teacher = reading.screen(self._alarm), reading.teacher(self.thresholds)
        screened = by_screen(screen["alarms"], reading.pieces.per_row(reading.count), self.thresholds)
        grades = settled(words, screened, by_teacher(**teacher, at=self.thresholds), taught)
        unscreened = np.full(reading.count, not self.screen)
        labels = self._teacher.labels if self._teacher else ()
        return {
            **{name: pa.array(values, mask=unscreened) for name, values in screen.items()},
            **{name: pa.array(values, mask=~taught) for name, values in teacher.items()},
            "labels": reading.labels(labels, taught),
            "band": named(grades, known | taught | self.screen),
        }

    def read(self, batch: pa.RecordBatch, hits: Hits) -> Reading:
        """The batch's sentences: what passes, which is what the teacher reads if there is one, and what it says."""
        texts = pc.fill_null(batch["text"], "")
        if self._screen is None and self._teacher is None:
            return nothing(batch.num_rows, hits)
        pieces = Pieces.unscored(texts) if self._screen is None else Pieces.scored(*self._screen.scores(texts))
        able = self._supported(batch, hits) if self.teacher else np.ones(batch.num_rows, np.bool_)
        passed = chosen(pieces, hits, able, self._passing)
        sampled = np.zeros_like(passed)
        if self._teacher is not None:
            sampled = pieces.drawn(batch["id"], self.seed, self.sample) & able[pieces.rows] & ~passed
        return read(texts, pieces, hits, passed, sampled, self._teacher)

    def _supported(self, batch: pa.RecordBatch, hits: Hits) -> Mask:
        if not self.teacher:
            return hits.known
        labels = labelled(batch)
        if labels is None:
            return np.ones(batch.num_rows, np.bool_)
        known = pa.array(self.teaches or TEACHERS[self.teacher], pa.string())
        return np.asarray(pc.is_in(labels, value_set=known))

    def tell(self, columns: Iterable[pa.StructArray]) -> list[dict[str, Any]]:
        """Documents and sentences by band, from which the report has the screen's recall."""
        return by_band(columns)

    def tell_groups(self, columns: Iterable[BesideGroups]) -> list[dict[str, Any]]:
        """The screen's recall by group, where a teacher has read some of what the screen rejected."""
        return by_group(columns)

    @property
    def working_bytes(self) -> int:
        """What a teacher takes."""
        return self._teacher.working_bytes if self._teacher else 0

    @cached_property
    def lists(self) -> Lists:
        """The lists, compiled."""
        return Lists(self.languages, self.lexicon, self.name)

    @cached_property
    def _screen(self) -> Screen | None:
        return shipped() if self.screen else None

    @property
    def _passing(self) -> float | None:
        own = self._screen.pass_score if self._screen else None
        return own if self.passing is None or own is None else self.passing

    @property
    def _alarm(self) -> float:
        own = self._screen.alarm_score if self._screen else 1.0
        return own if self.alarm is None else self.alarm

    @cached_property
    def _teacher(self) -> Teacher | None:
        if not self.teacher or self.model is None:
            return None
        field = f"{self.name}.model"
        return Teacher(self.model, precision=self.precision, device=self.device, rows=self.batch, field=field)

    def __getstate__(self) -> dict[Any, Any]:
        """What another process needs: the fields; it loads the models itself."""
        state = super().__getstate__()
        loaded = ("lists", "_screen", "_teacher")
        return {**state, "__dict__": {k: v for k, v in state["__dict__"].items() if k not in loaded}}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"

"""One run: its phases in order, each a list of units under a key.

    ingest ─▶ pilot ─▶ cut … ─▶ tokenizer ─▶ segment 0 ─▶ resolve … ─▶ segment 1 ─▶ … ─▶ pack

Every phase has a folder whose name ends in the hash of all that determines it, chained from the
inputs' digests; a unit that has committed there is never done again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version as package_version
from itertools import pairwise
from pathlib import Path
from typing import Any

from curate import finish, forecast, guard, kept, memory, pack, pilot, resolve, shards, unit
from curate.audit.watch import Sampling
from curate.cuts import read_cuts
from curate.digests import digests_of
from curate.errors import UsageError
from curate.ingest import Listing, grouped
from curate.pool import Job, Pool
from curate.progress import Progress
from curate.recipe import Recipe, digest, key_of
from curate.report import Report
from curate.stage import Filter
from curate.tokens import PATTERN, PIECE

Jobs = Callable[[Path], list[Job]]
"""A phase's units, once the phase's folder is known."""


@dataclass(frozen=True)
class Options:
    """How a run is carried out; nothing here changes what it produces."""

    workers: int = 1
    memory: int | None = None
    """Bytes that all processes together may take; None stands for three quarters of the machine's."""
    only: tuple[int, int] | None = None
    """(I, N): do units I, I + N, I + 2N … of each phase, and stop where others must be waited for."""
    reuse: bool = False


@dataclass
class Work:
    """One run: its phases in order, each a list of units."""

    recipe: Recipe
    listing: Listing
    folder: Path
    options: Options
    pool: Pool
    progress: Progress
    limit: int | None
    key: str = ""
    whole: str = ""
    reports: list[Report] = field(default_factory=list)
    phases: list[Path] = field(default_factory=list)
    size: forecast.Size = field(default_factory=forecast.Size)
    """What the last phase has left."""
    audited: Sampling = field(init=False)
    """Which documents the audit follows, once it is known how many there are."""
    tokenizer: Path | None = None
    cuts: Path | None = None
    """What the pilot has found for stages so far."""
    settled: Recipe = field(init=False)
    """The recipe with that put in."""

    def __post_init__(self) -> None:
        self.settled = self.recipe

    def claim(self) -> None:
        """Make the folder this run's, or refuse if it is another's."""
        digests = digests_of(self.listing.sources, self.folder / "inputs.json")
        self.key = key_of("input", [(s.name, s.kind, digests[s.path]) for s in self.listing.sources], self.limit)
        whole = key_of(self.key, self._whole())
        mark = self.folder / "run.json"
        if mark.exists() and not self.options.reuse:
            found = shards.read_json(mark)
            if found["key"] != whole:
                raise UsageError(
                    f"{self.folder.parent}: holds a run of {found['recipe']} with another recipe or input;"
                    " choose another --output, or --reuse what still fits"
                )
        if self.options.only is None:
            self._sweep()
        shards.write_json(mark, {"format": shards.FORMAT, "recipe": self.recipe.name, "key": whole})
        self.whole = whole

    def _sweep(self) -> None:
        """Remove what killed writers left; nobody else is writing, since the folder is locked."""
        for path in [*self.folder.rglob(f"{shards.TEMPORARY}*"), *self.folder.parent.glob(f"{shards.TEMPORARY}*")]:
            path.unlink(missing_ok=True)

    def _whole(self) -> dict[str, Any]:
        table = self.recipe.table()
        for key in ("guard", "stage"):
            table.pop(key, None)
        identity = self.recipe.tokens.tokenizer
        table["tokens"].pop("tokenizer", None)  # its contents count, not where it lies
        table["tokenizer"] = digest(identity) if identity else None
        return {**table, "stages": self.recipe.identities(self.recipe.stages)}

    # --- phases -----------------------------------------------------------------------------------

    def books(self) -> Report | None:
        """Go through all phases; None where units of other shares must be waited for."""
        raw = self._ingest()
        if raw is None or not self._pilot(raw):
            return None
        paths = [path for path, _ in raw]
        verdicts: list[list[Path]] = []
        legs: list[list[kept.Leg]] = []
        for segment in self.recipe.segments:
            folders = self._segment(segment.index, paths, verdicts)
            if folders is None:
                return None
            verdicts = []
            for number, barrier in enumerate(segment.barriers):
                files = self._resolve(segment.index, number, barrier.name, folders, verdicts)
                if files is None:
                    return None
                verdicts.append(files)
            legs.append([kept.Leg(folder, tuple(v[n] for v in verdicts)) for n, folder in enumerate(folders)])
            paths = [folder / unit.DOCUMENTS for folder in folders]
        return self.so_far() if self._keep(legs) and self._pack(paths) else None

    def so_far(self) -> Report:
        """The sum of the books of all phases that are done."""
        return sum(self.reports, Report())

    def _phase(self, name: str, jobs: Jobs, *parts: Any, shared: bool = True) -> list[Any] | None:
        """Do a phase's units that are not done; their reports in order, or None if others' are missing."""
        self.key = key_of(self.key, name, *parts)
        folder = self.folder / f"{len(self.phases):02d}-{name}-{self.key}"
        self.phases.append(folder)
        todo = jobs(folder)
        share, shares = self.options.only if self.options.only and shared else (0, 1)
        left = [job for job in todo[share::shares] if not unit.done(job.folder)]
        self.progress.phase(name, len(todo), len(todo) - len(left))
        for job in self.pool.run(left):
            self.progress.advance(*_seen(shards.read_json(job.folder / unit.REPORT)))
        if not shared:
            memory.give_back()  # before workers take theirs again
        missing = sum(not unit.done(job.folder) for job in todo)
        if missing:
            left_over = f"{missing:,} of {len(todo):,} units are left to other shares"
            self.progress.note(f"{name}: {left_over}; run again after them")
            return None
        books, counts = Report(), []
        for job in todo:  # one report at a time: there may be thousands
            report = shards.read_json(job.folder / unit.REPORT)
            books += Report.from_dict(report["books"])
            counts.append(report["counts"])
        guard.refuse_broken(books, counts)
        if name != "pilot":
            self.reports.append(books)
            # Ingest is done only once its records have been judged.
            done = {stage.name for stage in books.stages} - ({"ingest"} if name == "ingest" else set())
            guard.hold(self.recipe.guard, self.so_far(), done)
        return counts

    def _ingest(self) -> list[tuple[Path, dict[str, Any]]] | None:
        sources = self.listing.sources
        # A limit is of the first records in order: one unit reads them and stops.
        groups = list(grouped(sources)) if self.limit is None else [sources]

        def jobs(folder: Path) -> list[Job]:
            arguments = [{"sources": group, "limit": self.limit} for group in groups]
            return [self._job(unit.ingest, folder, n, given) for n, given in enumerate(arguments)]

        found = self._phase("ingest", jobs, self.recipe.ingest.model_dump(mode="json"))
        if found is None:
            return None
        whole = [shard for counts in found for shard in counts["shards"]]
        self.size = forecast.Size(sum(s["rows"] for s in whole), sum(s["bytes"] for s in whole))
        self.audited = Sampling.of(self.recipe.audit.documents, self.size.documents, self.recipe.seed, len(sources))
        self.progress.note(forecast.told(self.recipe, self.size))
        return [
            (self.phases[-1] / f"{number:05d}" / shard["file"], shard)
            for number, counts in enumerate(found)
            for shard in counts["shards"]
        ]

    def _pilot(self, raw: Sequence[tuple[Path, dict[str, Any]]]) -> bool:
        """Find on a seeded sample what stages ask of it, and find or train the tokenizer; whether all is there."""
        stages = [stage for part in self.recipe.segments for stage in part.stages]
        asking = [n for n, stage in enumerate(stages) if isinstance(stage, Filter) and stage.asks_pilot]
        given, counted = self.recipe.tokens.tokenizer, self.recipe.output.tokens
        stops = [*asking, len(stages)] if counted and given is None else asking
        readable = sum(shard["readable_bytes"] for _, shard in raw)
        share = min(1.0, self.recipe.pilot.max_bytes / max(readable, 1))
        paths = [path for path, _ in raw]
        legs: list[list[Path]] = []
        for start, stop in pairwise([0, *stops]):
            found = self._leg(paths, start, stop, None if legs else share)
            if found is None or (stop < len(stages) and not self._cut(found, stages[stop].name)):
                return False
            legs.append(found)
            paths = [folder / unit.DOCUMENTS for folder in found]
        if not counted:
            return True
        return self._take(given) if given is not None else self._train(legs[-1], legs[0])

    def _leg(self, paths: Sequence[Path], start: int, stop: int, share: float | None) -> list[Path] | None:
        def jobs(folder: Path) -> list[Job]:
            span = {"start": start, "stop": stop, "share": share}
            return [self._job(pilot.leg, folder, n, {"shard": path, **span}) for n, path in enumerate(paths)]

        stages = [stage for part in self.settled.segments for stage in part.stages][start : stop + 1]
        if self._phase("pilot", jobs, self.recipe.seed, share, self.recipe.identities(stages)) is None:
            return None
        return [self.phases[-1] / f"{n:05d}" for n in range(len(paths))]

    def _cut(self, legs: Sequence[Path], stage: str) -> bool:
        def jobs(folder: Path) -> list[Job]:
            return [self._job(pilot.find_cut, folder, 0, {"legs": legs, "stage": stage, "earlier": self.cuts})]

        if self._phase(f"cut-{stage}", jobs, stage, shared=False) is None:
            return False
        self.cuts = self.phases[-1] / "00000" / pilot.CUTS
        self.settled = self.recipe.settled(read_cuts(self.cuts))
        return True

    def _take(self, given: Path) -> bool:
        def jobs(folder: Path) -> list[Job]:
            return [self._job(pilot.take_tokenizer, folder, 0, {"source": given})]

        return self._tokenized(jobs, digest(given))

    def _train(self, passed: Sequence[Path], seen: Sequence[Path]) -> bool:
        def jobs(folder: Path) -> list[Job]:
            arguments = {"passed": passed, "seen": seen, "threads": min(self.options.workers, pilot.THREADS)}
            return [self._job(pilot.train_tokenizer, folder, 0, arguments)]

        self._room("the tokenizer", memory.TRAINING)
        parts = (self.recipe.tokens.vocabulary, PATTERN, pilot.TRAINING_BYTES, pilot.DISTINCT_BYTES, PIECE)
        return self._tokenized(jobs, *parts, package_version("tokenizers"))

    def _tokenized(self, jobs: Jobs, *parts: Any) -> bool:
        if self._phase("tokenizer", jobs, *parts, shared=False) is None:
            return False
        self.tokenizer = self.phases[-1] / "00000" / unit.TOKENIZER
        return True

    def _job(self, function: Callable[..., None], folder: Path, number: int, arguments: dict[str, Any]) -> Job:
        return Job(function, folder / f"{number:05d}", arguments, self.tokenizer, self.cuts)

    def _segment(self, index: int, paths: Sequence[Path], verdicts: Sequence[Sequence[Path]]) -> list[Path] | None:
        part = self.settled.segments[index]
        audit = {"audit": self.audited}

        def jobs(folder: Path) -> list[Job]:
            return [
                self._job(
                    unit.segment,
                    folder,
                    n,
                    {"index": index, "shard": path, "verdicts": [files[n] for files in verdicts], "number": n, **audit},
                )
                for n, path in enumerate(paths)
            ]

        identities = self.recipe.identities([*part.stages, *part.barriers])
        kept = self.recipe.output.keep_dropped_text
        found = self._phase(f"segment{index}", jobs, identities, kept, self.recipe.audit.documents)
        if found is None:
            return None
        left = self.so_far().output
        self.size = forecast.Size(left.documents, left.bytes)
        return [self.phases[-1] / f"{n:05d}" for n in range(len(paths))]

    def _resolve(
        self, index: int, number: int, name: str, folders: Sequence[Path], earlier: Sequence[Sequence[Path]]
    ) -> list[Path] | None:
        barriers = self.recipe.segments[index].barriers
        drops = [files for files, barrier in zip(earlier, barriers, strict=False) if barrier.act == "drop"]
        needed = barriers[number].forecast(self.size.documents, self.size.bytes)
        free = self._room(name, needed) - needed
        room = barriers[number].forecast(0, 0) + int(memory.USED * free)
        corpus = resolve.Shards(room, self.recipe.seed, name, folders, drops)

        def jobs(folder: Path) -> list[Job]:
            arguments = {"index": index, "barrier": number, "corpus": corpus}
            return [self._job(resolve.resolve, folder, 0, arguments)]

        if self._phase(f"resolve-{name}", jobs, name, self.recipe.seed, shared=False) is None:
            return None
        verdicts = [self.phases[-1] / "00000" / f"verdict-{n:05d}.arrow" for n in range(len(folders))]
        band = self.recipe.guard.get(name)
        if band is not None and barriers[number].act == "drop":
            guard.hold_barrier(name, band, corpus, map(shards.read_arrow, verdicts), self.so_far())
        return verdicts

    def _room(self, what: str, needed: int) -> int:
        """Bytes that this process may take for something that it does alone."""
        budget = self.options.memory or memory.default()
        room = self.pool.room(budget, needed)
        if room < needed:
            least = memory.size(budget - room + needed)
            raise UsageError(f"--memory {memory.size(budget)} is too little for {what}: it takes {least} at least")
        return room

    def _keep(self, legs: Sequence[Sequence[kept.Leg]]) -> bool:
        """Keep the sketches of what all segments have left."""
        if len(legs) == 1:
            return True

        def jobs(folder: Path) -> list[Job]:
            ways = enumerate(zip(*legs, strict=True))
            return [self._job(kept.keep, folder, n, {"legs": way}) for n, way in ways]

        return self._phase(unit.SKETCHES, jobs, self.recipe.output.text) is not None

    def _pack(self, paths: Sequence[Path]) -> bool:
        spans = list(pack.cut(paths, self.recipe.output.file_bytes))

        def jobs(folder: Path) -> list[Job]:
            return [self._job(pack.pack, folder, n, {"spans": s}) for n, s in enumerate(spans)]

        output = self.recipe.output
        parts = (output.file_bytes, self.recipe.tokens.validation, self.recipe.seed, output.tokens, output.text)
        return self._phase("pack", jobs, *parts) is not None

    def outcome(self, report: Report) -> finish.Outcome:
        """What the final folder is made of."""
        return finish.Outcome(
            self.recipe,
            self.whole,
            report,
            tuple(self.phases),
            self.tokenizer,
            self.listing,
            self.limit,
            read_cuts(self.cuts),
            self.audited,
        )


def _seen(report: dict[str, Any]) -> tuple[int, int]:
    """Documents and tokens that a unit has dealt with, as its report tells."""
    counts, books = report["counts"], report["books"]
    if "shards" in counts:
        return sum(shard["rows"] for shard in counts["shards"]), 0
    if "train" in counts:
        return sum(t["documents"] for t in counts.values()), sum(t["tokens"] for t in counts.values())
    packed = report["files"].get("documents.parquet", {}).get("rows", 0)  # by a run that counts no tokens
    return books["input"]["documents"] or packed, books["input"]["tokens"]

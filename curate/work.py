"""One run: its phases in order, each a list of units under a key.

    ingest ─▶ pilot ─▶ tokenizer ─▶ segment 0 ─▶ resolve … ─▶ segment 1 ─▶ … ─▶ pack

Every phase has a folder whose name ends in the hash of all that determines it, chained from the
inputs' digests; a unit that has committed there is never done again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

from curate import finish, pack, resolve, shards, unit
from curate.errors import GuardError, RunError, UsageError
from curate.ingest import Listing, Source
from curate.pool import Job, Pool
from curate.progress import Progress
from curate.recipe import Recipe, digest, key_of
from curate.report import Report, Tally, total
from curate.tokens import PATTERN

UNIT_BYTES = 16 * 2**20
UNIT_SOURCES = 2048
"""Small sources are read together, so that ten thousand pages are not ten thousand units."""


Jobs = Callable[[Path], list[Job]]
"""A phase's units, once the phase's folder is known."""


@dataclass(frozen=True)
class Options:
    """How a run is carried out; nothing here changes what it produces."""

    workers: int = 1
    memory: int = 4 * 2**30
    """Bytes that barriers may take while they resolve."""
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
    tokenizer: Path | None = None

    def claim(self) -> None:
        """Make the folder this run's, or refuse if it is another's."""
        digests = self._digests()
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

    def _digests(self) -> dict[str, str]:
        """Digest of every source, remembered by size and time of change."""
        cache_file = self.folder / "inputs.json"
        cache = shards.read_json(cache_file) if cache_file.exists() else {}
        found = {}
        for source in self.listing.sources:
            try:
                real = Path(source.path).resolve()
                status = real.stat()
                mark = (
                    f"{real}|{status.st_dev}|{status.st_ino}|{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}"
                )
                found[source.path] = cache.get(mark) or _content(source.path)
                cache[mark] = found[source.path]
            except OSError as error:  # ingest will quarantine it; its absence determines the result too
                found[source.path] = f"unreadable: {error.strerror}"
        shards.write_json(cache_file, cache)
        return found

    # --- phases -----------------------------------------------------------------------------------

    def books(self) -> Report | None:
        """Go through all phases; None where units of other shares must be waited for."""
        raw = self._ingest()
        if raw is None or not self._tokenizer(raw):
            return None
        paths = [path for path, _ in raw]
        verdicts: list[list[Path]] = []
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
            paths = [folder / unit.DOCUMENTS for folder in folders]
        return self.so_far() if self._pack(paths) else None

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
        missing = sum(not unit.done(job.folder) for job in todo)
        if missing:
            left_over = f"{missing:,} of {len(todo):,} units are left to other shares"
            self.progress.note(f"{name}: {left_over}; run again after them")
            return None
        found = [shards.read_json(job.folder / unit.REPORT) for job in todo]
        books = sum((Report.from_dict(report["books"]) for report in found), Report())
        _refuse_broken(books, found)
        if name != "pilot":
            self.reports.append(books)
            self._guard({stage.name for stage in books.stages} - ({"ingest"} if name == "ingest" else set()))
        return found

    def _guard(self, done: set[str]) -> None:
        """Hold the stages that are done to their bands. Ingest is done only once its records have been judged."""
        for stage in self.so_far().stages:
            band, whole = self.recipe.guard.get(stage.name), stage.incoming.documents
            if band is None or not whole or stage.name not in done:
                continue
            gone = (total(stage.dropped.values()) + total(stage.quarantined.values())).documents / whole
            if gone > band.max_drop:
                raise GuardError(
                    f"{stage.name} took {gone:.1%} of {whole:,} documents, its band allows {band.max_drop:.1%}",
                    self.so_far(),
                )

    def _ingest(self) -> list[tuple[Path, dict[str, Any]]] | None:
        sources = self.listing.sources
        # A limit is of the first records in order: one unit reads them and stops.
        groups = list(_groups(sources)) if self.limit is None else [sources]

        def jobs(folder: Path) -> list[Job]:
            arguments = [{"sources": group, "limit": self.limit} for group in groups]
            return [Job(unit.ingest, folder / f"{n:05d}", given) for n, given in enumerate(arguments)]

        found = self._phase("ingest", jobs, self.recipe.ingest.model_dump(mode="json"))
        if found is None:
            return None
        return [
            (self.phases[-1] / f"{number:05d}" / shard["file"], shard)
            for number, report in enumerate(found)
            for shard in report["counts"]["shards"]
        ]

    def _tokenizer(self, raw: Sequence[tuple[Path, dict[str, Any]]]) -> bool:
        """Find the tokenizer, or train it on what passes the pilot; whether there is one."""
        given = self.recipe.tokens.tokenizer
        if given is not None:

            def take(folder: Path) -> list[Job]:
                return [Job(unit.take_tokenizer, folder / "00000", {"source": given})]

            if self._phase("tokenizer", take, digest(given), shared=False) is None:
                return False
            self.tokenizer = self.phases[-1] / "00000" / unit.TOKENIZER
            return True
        readable = sum(shard["readable_bytes"] for _, shard in raw)
        share = min(1.0, self.recipe.pilot.max_bytes / max(readable, 1))

        def jobs(folder: Path) -> list[Job]:
            return [Job(unit.pilot, folder / f"{n:05d}", {"shard": p, "share": share}) for n, (p, _) in enumerate(raw)]

        stages = [stage for part in self.recipe.segments for stage in part.stages]
        found = self._phase("pilot", jobs, self.recipe.seed, share, self.recipe.identities(stages))
        if found is None:
            return False
        pilot = self.phases[-1]

        def train(folder: Path) -> list[Job]:
            folders = [pilot / f"{n:05d}" for n in range(len(raw))]
            arguments = {"pilots": folders, "threads": self.options.workers}
            return [Job(unit.train_tokenizer, folder / "00000", arguments)]

        if self._phase("tokenizer", train, *self._training(), shared=False) is None:
            return False
        self.tokenizer = self.phases[-1] / "00000" / unit.TOKENIZER
        return True

    def _training(self) -> tuple[Any, ...]:
        """What a trained tokenizer depends on, beside the pilot."""
        return self.recipe.tokens.vocabulary, PATTERN, unit.TRAINING_BYTES, package_version("tokenizers")

    def _segment(self, index: int, paths: Sequence[Path], verdicts: Sequence[Sequence[Path]]) -> list[Path] | None:
        part = self.recipe.segments[index]

        def jobs(folder: Path) -> list[Job]:
            return [
                Job(
                    unit.segment,
                    folder / f"{n:05d}",
                    {"index": index, "shard": path, "verdicts": [files[n] for files in verdicts], "number": n},
                    self.tokenizer,
                )
                for n, path in enumerate(paths)
            ]

        identities = self.recipe.identities([*part.stages, *part.barriers])
        kept = self.recipe.output.keep_dropped_text
        if self._phase(f"segment{index}", jobs, identities, kept) is None:
            return None
        return [self.phases[-1] / f"{n:05d}" for n in range(len(paths))]

    def _resolve(
        self, index: int, number: int, name: str, folders: Sequence[Path], earlier: Sequence[Sequence[Path]]
    ) -> list[Path] | None:
        barriers = self.recipe.segments[index].barriers
        drops = [files for files, barrier in zip(earlier, barriers, strict=False) if barrier.act == "drop"]
        corpus = resolve.Shards(self.options.memory, self.recipe.seed, name, folders, drops)

        def jobs(folder: Path) -> list[Job]:
            return [Job(resolve.resolve, folder / "00000", {"index": index, "barrier": number, "corpus": corpus})]

        if self._phase(f"resolve-{name}", jobs, name, self.recipe.seed, shared=False) is None:
            return None
        return [self.phases[-1] / "00000" / f"verdict-{n:05d}.arrow" for n in range(len(folders))]

    def _pack(self, paths: Sequence[Path]) -> bool:
        spans = list(pack.cut(paths, self.recipe.output.file_bytes))

        def jobs(folder: Path) -> list[Job]:
            return [Job(pack.pack, folder / f"{n:05d}", {"spans": s}, self.tokenizer) for n, s in enumerate(spans)]

        parts = (self.recipe.output.file_bytes, self.recipe.tokens.validation, self.recipe.seed)
        return self._phase("pack", jobs, *parts) is not None

    def outcome(self, report: Report) -> finish.Outcome:
        """What the final folder is made of."""
        if self.tokenizer is None:
            raise RunError("no tokenizer")
        return finish.Outcome(
            self.recipe, self.whole, report, tuple(self.phases), self.tokenizer, self.listing, self.limit
        )


def _refuse_broken(books: Report, found: Sequence[dict[str, Any]]) -> None:
    """A stage that fails on most documents is broken itself: quarantining the corpus would hide that."""
    for stage in books.stages:
        failed = stage.quarantined.get(f"{stage.name}.error", Tally()).documents
        if failed * 2 > stage.incoming.documents and failed >= MANY_FAILURES:
            first = next(
                r["counts"]["errors"][stage.name] for r in found if stage.name in r["counts"].get("errors", {})
            )
            raise RunError(f"stage {stage.name} fails on {failed:,} of {stage.incoming.documents:,} documents: {first}")


MANY_FAILURES = 20


def _seen(report: dict[str, Any]) -> tuple[int, int]:
    """Documents and tokens that a unit has dealt with, as its report tells."""
    counts, books = report["counts"], report["books"]
    if "shards" in counts:
        return sum(shard["rows"] for shard in counts["shards"]), 0
    if "train" in counts:
        return sum(t["documents"] for t in counts.values()), sum(t["tokens"] for t in counts.values())
    return books["input"]["documents"], books["input"]["tokens"]


def _groups(sources: Sequence[Source]) -> Iterator[tuple[Source, ...]]:
    """Sources in order, small ones together."""
    group: list[Source] = []
    size = 0
    for source in sources:
        if group and (size + source.bytes > UNIT_BYTES or len(group) >= UNIT_SOURCES):
            yield tuple(group)
            group, size = [], 0
        group.append(source)
        size += source.bytes
    if group:
        yield tuple(group)


def _content(path: str) -> str:
    import xxhash

    state = xxhash.xxh3_128()
    with Path(path).open("rb") as file:
        while block := file.read(2**20):
            state.update(block)
    return state.hexdigest()

"""The runner: a recipe over inputs into a folder, under a lock; the same call again continues."""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from curate import finish, forecast, memory
from curate.errors import CurateError, RunError, UsageError
from curate.ingest import discover
from curate.lock import finishing, hold
from curate.memory import Plan, plan
from curate.pool import Pool
from curate.progress import Progress, Silent
from curate.recipe import Recipe
from curate.report import Report
from curate.threads import threads
from curate.work import Options, Work


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    folder: Path
    report: Report
    finished: bool
    outcome: finish.Outcome | None = None
    """What the folder was made of, once it is finished."""


def run(
    recipe: Recipe,
    inputs: Sequence[str | Path],
    output: str | Path,
    *,
    options: Options | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Result:
    """Curate `inputs` into `output` by `recipe`; run again after any interruption to continue.

    `limit` reads only the first so many records. Raises `UsageError` for what the user can mend,
    `GuardError` where a stage takes more than its band, `RunError` where the books do not balance.
    """
    started = time.perf_counter()
    planned = prepared(recipe, options or Options(workers=os.cpu_count() or 1))
    _refuse_lossy(recipe)
    folder = Path(output)
    listing = discover(inputs, recipe.ingest, folder)
    progress = progress or Silent()
    options = replace(options or Options(), memory=planned.budget, workers=planned.workers)
    with _locked(folder, options), _told(folder), threads(1), Pool(recipe, options.workers) as pool:
        work = Work(recipe, listing, folder / ".work", options, pool, progress, limit)
        work.claim()
        for line in forecast.lines(planned, recipe, forecast.estimate(listing.sources, limit)):
            progress.note(line)
        report = work.books()
        if report is None:
            return Result(folder, work.so_far(), finished=False)
        report.balance()
        with finishing(folder / ".work"):
            outcome = work.outcome(report)
            finish.finish(outcome, folder, seconds=time.perf_counter() - started, peak=pool.peak)
    return Result(folder, report, finished=True, outcome=outcome)


def prepared(recipe: Recipe, options: Options) -> Plan:
    """Load what the recipe's stages need, and plan what a run's processes take."""
    before = memory.resident()
    recipe.prepare()
    files = sum(path.stat().st_size for stage in recipe.stages for path in stage.assets().values())
    models = max(files, memory.resident() - before)
    budget = memory.granted(options.memory)
    trains = recipe.output.tokens and recipe.tokens.tokenizer is None
    least = forecast.needed(recipe, forecast.Size())
    working = max((stage.working_bytes for stage in recipe.stages), default=0)
    return plan(
        budget, options.workers, memory.resident(), models=models, trains=trains, barriers=least, working=working
    )


def _refuse_lossy(recipe: Recipe) -> None:
    """Workers rebuild the recipe from its table; a stage that does not survive that would differ between them."""
    rebuilt = Recipe.build(recipe.table())
    for mine, theirs in zip(recipe.stages, rebuilt.stages, strict=True):
        if mine.identity() != theirs.identity():
            raise UsageError(f"stage {mine.name}: a field that is None but not by default cannot be handed to workers")


@contextmanager
def _locked(folder: Path, options: Options) -> Iterator[None]:
    """Hold the output folder, or refuse one that is another's or in use."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: not a folder")
    work = folder / ".work"
    if (folder / "manifest.json").is_file() and not work.is_dir():
        raise UsageError(f"{folder}: a finished run whose working files were cleaned away; choose another --output")
    try:
        str(folder).encode()
        if folder.is_dir() and any(folder.iterdir()) and not work.is_dir():
            raise UsageError(f"{folder}: not empty, and not a run's folder")
        work.mkdir(parents=True, exist_ok=True)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a name in UTF-8"
        raise UsageError(f"{ascii(str(folder))[1:-1]}: {why}") from None
    with hold(work, options.only):
        yield


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turn what the machine lacks into one line."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UsageError(f"{folder}: no space left on device; free some and run again to continue") from None
        raise CurateError(f"{error.filename or folder}: {error.strerror or error}") from None
    except MemoryError:
        raise RunError("out of memory; fewer --workers take less") from None
    except pa.ArrowException as error:
        raise RunError(f"{folder}: {str(error).splitlines()[0]}") from None

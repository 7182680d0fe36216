"""The command line: parses, calls, prints. Everything heavy is imported by the command that needs it."""

import gc
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curate.audit_cli import audit
from curate.bench_cli import bench_app
from curate.classifier.cli import app as classifier_app
from curate.errors import CurateError, GuardError, UsageError
from curate.flips_cli import flips
from curate.models_cli import cores, perplexity_app, tokenizer_app, unigram_app
from curate.run_options import AblateAfter, AblateConfig, AblateHeldOut, AblateSeeds, share
from curate.stops import heed
from curate.teacher_cli import teacher_app

if TYPE_CHECKING:
    from curate.progress import Progress
    from curate.runner import Result

app = typer.Typer(
    help="Raw text in, token shards out, and books that say to the token where the rest went.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.add_typer(tokenizer_app, name="tokenizer")
app.add_typer(classifier_app, name="classifier")
app.add_typer(unigram_app, name="unigram")
app.add_typer(perplexity_app, name="perplexity")
app.add_typer(bench_app, name="bench")
app.add_typer(teacher_app, name="teacher")
app.command(epilog="Example: curate audit corpus --stage gopher")(audit)
app.command(epilog="Example: curate flips web-en corpus/documents/*.parquet")(flips)

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file, or the name of a shipped recipe.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The output folder of a run.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="Change a field: gopher.words.min=30.")]


@app.command(epilog="Example: curate run web-en crawl/*.warc.gz pages.tar --output corpus --workers 8")
def run(
    recipe: RecipePath,
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Files, folders or globs.")],
    output: Annotated[Path, typer.Option(help="The folder to fill; run again to continue.")],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by default one a core.")] = None,
    memory: Annotated[
        str | None, typer.Option(help="What all processes may take together: 8GB; by default 3/4 of the machine's.")
    ] = None,
    only: Annotated[str | None, typer.Option(metavar="I/N", help="Do share I (from 0) of N, for job arrays.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read only the first so many records.")] = None,
    settings: Settings = None,
    text_field: Annotated[str | None, typer.Option(help="The field that holds the text.")] = None,
    id_field: Annotated[str | None, typer.Option(help="A field with an id of yours, kept in meta.")] = None,
    kind: Annotated[str | None, typer.Option(help="Read the inputs as this kind: jsonl, warc, text, …")] = None,
    reuse: Annotated[bool, typer.Option("--reuse", help="Another recipe in the same folder: keep what fits.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be read and done, then stop.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no table.")] = False,
    ablate: AblateConfig = None,
    held_out: AblateHeldOut = None,
    after: AblateAfter = None,
    seeds: AblateSeeds = 5,
) -> None:
    """Curate raw text into documents, token shards and a report."""
    gc.disable()  # until all is loaded: going through it over and over took a tenth of the start
    from curate.ablation import Ablation
    from curate.memory import parsed
    from curate.recipe import Recipe
    from curate.work import Options

    fields = {"text_field": text_field, "id_field": id_field, "kind": kind}
    ingest = [f"ingest.{key}={json.dumps(value)}" for key, value in fields.items() if value is not None]
    loaded = Recipe.load(recipe, [*(settings or []), *ingest])
    asked = None if ablate is None else Ablation.of(ablate, held_out or (), after or (), seeds, workers or 0, loaded)
    options = Options(workers or cores(), None if memory is None else parsed(memory), share(only), reuse)
    if dry_run:
        _show_plan(loaded, inputs, options, limit)
        return
    result = _run(loaded, inputs, output, options, limit, quiet=quiet)
    if not result.finished:
        return
    if asked is not None and result.outcome is not None:
        _ablate(asked, result.outcome, output)
    if not quiet:
        _show_table(result.folder)
    if not result.report.input.documents - _unread(result):
        raise CurateError("no document could be read: see quarantine/")


def _run(recipe: Any, inputs: Any, output: Path, options: Any, limit: int | None, *, quiet: bool) -> "Result":
    from curate.pool import settle
    from curate.progress import Bar, Lines, Silent
    from curate.runner import run as run_recipe

    settle(recipe)

    def go(progress: "Progress") -> "Result":
        try:
            return run_recipe(recipe, inputs, output, options=options, limit=limit, progress=progress)
        except GuardError as error:
            _show_books(error, recipe)
            raise

    if quiet or not sys.stderr.isatty():
        return go(Silent() if quiet else Lines())
    with Bar() as bar:
        return go(bar)


def _ablate(asked: Any, outcome: Any, output: Path) -> None:
    from curate.ablation import ablate

    ablate(asked, outcome, output, lambda text: typer.echo(text, err=True))


def _unread(result: "Result") -> int:
    return sum(tally.documents for tally in result.report.stages[0].quarantined.values())


def _show_table(folder: Path) -> None:
    from rich.console import Console

    from curate.reports.table import yield_table
    from curate.shards import read_json

    console = Console()
    console.print(yield_table(read_json(folder / "report.json"), read_json(folder / "manifest.json"), console.width))
    console.print(f"{folder}/report.html", highlight=False, markup=False, soft_wrap=True)


def _show_books(error: GuardError, recipe: Any) -> None:
    from rich.console import Console

    from curate.reports.inspect import largest_clusters
    from curate.reports.table import yield_table

    books: Any = error.books
    run = {"recipe": recipe.table(), "seconds": 0, "peak_rss_bytes": 0, "finished": False}
    report = {"format": 1, **run, **books.as_dict()}
    console = Console(stderr=True)
    console.print(yield_table(report, None, console.width))
    if error.clusters:
        console.print(largest_clusters(error.clusters))


def _show_plan(recipe: Any, inputs: list[str], options: Any, limit: int | None) -> None:
    from curate import forecast
    from curate.ingest import discover
    from curate.reports.hostile import visible
    from curate.runner import prepared

    planned = prepared(recipe, options)
    listing = discover(inputs, recipe.ingest)
    for source in listing.sources:
        typer.echo(f"read  {source.kind:<8} {max(source.bytes, 0):>14,}  {visible(source.path)}")
    for skipped in listing.skipped:
        typer.echo(f"skip  {skipped.why}  {visible(skipped.path)}")
    typer.echo(f"{len(listing.sources):,} sources, {sum(max(s.bytes, 0) for s in listing.sources):,} bytes")
    for segment in recipe.segments:
        names = [stage.name for stage in (*segment.stages, *segment.barriers)]
        typer.echo(f"segment {segment.index}: {' → '.join(names) or 'verdicts only'}")
    for line in forecast.lines(planned, recipe, forecast.estimate(listing.sources, limit)):
        typer.echo(line)


@app.command(epilog="Example: curate demo --output demo")
def demo(
    output: Annotated[Path, typer.Option(help="Where corpus and model go.")] = Path("demo"),
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by default one a core.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps; by default those of gpt-tiny.")] = None,
) -> None:
    """Curate the documentation that lies on this machine, and train a small model on it."""
    from curate.demo import demo as run_demo
    from curate.work import Options

    def curated(recipe: Any, inputs: Any, folder: Path) -> "Result":
        result = _run(recipe, inputs, folder, Options(workers or cores()), None, quiet=False)
        _show_table(folder)
        return result

    run_demo(output, curated, typer.echo, steps)


@app.command(epilog="Example: curate explain web-en --set gopher.words.min=30")
def explain(
    recipe: RecipePath,
    settings: Settings = None,
    language: Annotated[str | None, typer.Option(help="As it is for documents of this language, such as ko.")] = None,
) -> None:
    """Print a recipe with everything it inherits and every default written out, as TOML."""
    from curate.explanation import explained
    from curate.recipe import Recipe

    typer.echo(explained(Recipe.load(recipe, settings or []), language))


@app.command(epilog="Example: curate schema > recipe.schema.json")
def schema() -> None:
    """Print the JSON schema of recipes, for editors."""
    from curate.schema import recipe_schema

    typer.echo(json.dumps(recipe_schema(), indent=1, ensure_ascii=False))


@app.command(epilog="Example: curate validate corpus")
def validate(folder: Folder) -> None:
    """Check every checksum, count and token id of a run's output, and that the books balance."""
    from curate.validate import problems

    found = list(problems(folder))
    for line in found:
        typer.echo(line)
    if found:
        raise CurateError(f"{folder}: {len(found)} problem{'s' * (len(found) > 1)}")
    typer.echo(f"{folder}: every file, count and token id is as the manifest says, and the books balance")


@app.command(epilog="Example: curate report corpus --html yield.html")
def report(
    folder: Folder,
    html: Annotated[Path | None, typer.Option(help="Write the HTML report to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print report.json instead of the table.")] = False,
) -> None:
    """Show a run's yield table again."""
    from curate.finish import samples
    from curate.finished import require_finished
    from curate.reports.html import report_html
    from curate.shards import atomic, read_json

    require_finished(folder)
    if as_json:
        typer.echo((folder / "report.json").read_text("utf-8").rstrip())
    elif html is not None:
        page = report_html(
            read_json(folder / "report.json"), read_json(folder / "manifest.json"), list(samples(folder))
        )
        if html.is_dir():
            raise UsageError(f"--html {html}: a folder; name a file")
        with atomic(html) as temporary:
            temporary.write_text(page, "utf-8")
        typer.echo(str(html))
    else:
        _show_table(folder)


@app.command(epilog="Example: curate inspect corpus --stage minhash -n 5")
def inspect(
    folder: Folder,
    stage: Annotated[str | None, typer.Option(help="Only what this stage dropped.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only what was dropped for this reason.")] = None,
    count: Annotated[int, typer.Option("-n", min=1, help="How many documents to show.")] = 10,
    seed: Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Show a sample by this seed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line, with whole texts.")] = False,
) -> None:
    """Show what was dropped or quarantined, and why; copies with their differences from the document that stayed."""
    from rich.console import Console

    from curate.finished import require_finished
    from curate.inspection import beside, rows
    from curate.reports.ledger import settled
    from curate.reports.side_by_side import side_by_side
    from curate.shards import read_json

    require_finished(folder)
    recipe = settled(read_json(folder / "manifest.json"))
    console = Console()
    for row in beside(folder, rows(folder, stage=stage, reason=reason, count=count, seed=seed)):
        if as_json:
            typer.echo(json.dumps(row))  # ASCII: no character of a text reaches a terminal
        else:
            console.print(side_by_side(row, recipe, coloured=console.color_system is not None and not console.no_color))


@app.command(epilog="Example: curate export corpus --to nanogpt --output bin")
def export(
    folder: Folder,
    to: Annotated[
        str, typer.Option(help="nanogpt (train.bin, val.bin), jsonl, or datasketch (an index of near-copies).")
    ],
    output: Annotated[Path, typer.Option(help="The folder to write into.")],
) -> None:
    """Write the corpus in another tool's format."""
    from curate.export import export as write

    for path in write(folder, to, output):
        typer.echo(str(path))


@app.command(epilog="Example: curate clean corpus")
def clean(folder: Folder) -> None:
    """Remove a finished run's working files; the output stays whole, but nothing can be reused."""
    from curate.finish import clean as remove

    typer.echo(f"{remove(folder):,} bytes freed")


def _unexpected(error: Exception) -> str:
    """One line for what nobody foresaw; the traceback is one variable away."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'cannot go on'}: {error.strerror}"
    what = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    return f"failed unexpectedly: {what} (SLUICE_TRACEBACK=1 shows where)"


STOPPED = 130
"""What a shell expects of a program that was interrupted, and what typer makes of an interrupt."""


def main() -> None:
    """Run the command line; every error is one line, 2 is the user's mistake, 1 a failed run."""
    heed()
    try:
        code = app(standalone_mode=False)
    except typer.Exit as error:
        code = error.exit_code
    except (CurateError, typer.TyperException) as error:
        text = error.format_message() if isinstance(error, typer.TyperException) else str(error)
        typer.echo(f"curate: {' '.join(text.split())}", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    except Exception as error:
        if os.environ.get("SLUICE_TRACEBACK"):
            raise
        typer.echo(f"curate: {_unexpected(error)}", err=True)
        code = 1
    if code == STOPPED:
        typer.echo("curate: stopped; run again to continue", err=True)
    raise SystemExit(code or 0)

"""`curate classifier`: train a model for the stage `quality`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from curate.errors import UsageError, nearest

app = typer.Typer(help="Train a classifier of documents.", no_args_is_help=True, rich_markup_mode=None)

Inputs = Annotated[list[str], typer.Option(metavar="INPUT...", help="Files, folders or globs.")]


class TwoSides(TyperCommand):
    """A command whose `--positive` and `--negative` take all values up to the next option, as shells write globs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option before each of its values, which is how lists are parsed."""
        return super().parse_args(ctx, list(_repeated(args)))


def _repeated(arguments: list[str]) -> Iterator[str]:
    side, first = "", False
    for one in arguments:
        if one.startswith("-"):
            side, first = (one if one in ("--positive", "--negative") else ""), True
        elif side and not first:
            yield side
        else:
            first = False
        yield one


@app.callback()
def classifier() -> None:
    """Train a classifier of documents."""


@app.command(
    cls=TwoSides,
    epilog="Example: curate classifier train --positive good/ --negative crawl/*.jsonl.zst --output quality.bin",
)
def train(
    positive: Inputs,
    negative: Inputs,
    output: Annotated[Path, typer.Option(help="The model to write; its card is put beside it.")],
    validation: Annotated[float, typer.Option(min=0, max=0.9, help="Share of texts held out for scores.")] = 0.1,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Decides the split and the training.")] = 1,
    dim: Annotated[int, typer.Option(min=1, max=4096, help="Dimension of the vectors.")] = 100,
    epochs: Annotated[int, typer.Option(min=1, max=1000, help="Passes over the texts.")] = 5,
    learning_rate: Annotated[float, typer.Option(min=0.0001, max=10, help="At the beginning; falls to 0.")] = 0.1,
    ngrams: Annotated[int, typer.Option(min=1, max=8, help="Longest run of words that is a feature.")] = 2,
    characters: Annotated[int, typer.Option(min=0, max=12, help="Longest part of a word that is one, too.")] = 0,
    buckets: Annotated[int, typer.Option(min=1, max=2**31 - 1, help="Hashed features; bounds the size.")] = 2_000_000,
    min_count: Annotated[int, typer.Option(min=1, help="Occurrences that a word needs.")] = 1,
    balance: Annotated[bool, typer.Option(help="Train on as many texts of one side as of the other.")] = True,
    quantize: Annotated[bool, typer.Option("--quantize", help="Some MB instead of hundreds, a little worse.")] = False,
    text_field: Annotated[str, typer.Option(help="The field that holds the text.")] = "text",
    kind: Annotated[str | None, typer.Option(help="Read the inputs as this kind: jsonl, text, …")] = None,
    licence: Annotated[str | None, typer.Option(help="A line on the model's licence for its card.")] = None,
) -> None:
    """Train fastText to tell positive texts from negative ones, with scores on held-out texts.

    Inputs are whatever `curate run` reads, taken as they stand: give text, not pages with markup. The same inputs
    and options give the same bytes.
    """
    from curate.classifier.card import write_card
    from curate.classifier.train import Training, train
    from curate.ingest import Ingest
    from curate.ingest.records import KINDS

    if output.is_dir():
        raise UsageError(f"{output}: a folder; name the file to write")
    settings = Training(
        validation=validation,
        seed=seed,
        dim=dim,
        epochs=epochs,
        learning_rate=learning_rate,
        ngrams=ngrams,
        characters=characters,
        buckets=buckets,
        min_count=min_count,
        balance=balance,
        quantize=quantize,
    )
    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind {kind}: no such kind{nearest(kind, KINDS)}")
    ingest = Ingest.model_validate({"text_field": text_field, "kind": kind})
    facts = train(positive, negative, output, settings, ingest, lambda line: typer.echo(line, err=True))
    for name, found in (facts["held_out"] or {}).items():
        typer.echo(f"{name:<18}{found['value']:.4f}  ({found['low']:.4f} to {found['high']:.4f})")
    if facts["held_out"] is None:
        typer.echo("no scores: no text was held out of one side or of both")
    for path in (output, *write_card(facts, output, licence)):
        typer.echo(str(path))

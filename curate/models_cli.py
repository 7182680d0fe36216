"""The commands that make models of words from text: tokenizers, tables of frequencies, n-gram language models."""

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

import typer

from curate.errors import CurateError, UsageError

tokenizer_app = typer.Typer(help="Train or describe a tokenizer.", no_args_is_help=True, rich_markup_mode=None)
unigram_app = typer.Typer(help="Count words for the stage unigram.", no_args_is_help=True, rich_markup_mode=None)

perplexity_app = typer.Typer(help="Train models for the stage perplexity.", no_args_is_help=True, rich_markup_mode=None)

Inputs = Annotated[list[str], typer.Argument(metavar="INPUT...", help="Files, folders or globs of text.")]
TextField = Annotated[str, typer.Option(help="The field that holds the text.")]


@tokenizer_app.command("train", epilog="Example: curate tokenizer train books.jsonl --vocabulary 32768 --output t.json")
def tokenizer_train(
    inputs: Inputs,
    output: Annotated[Path, typer.Option(help="The tokenizer.json to write.")],
    vocabulary: Annotated[int, typer.Option(min=640, help="Ids in all, a multiple of 64.")] = 32_768,
    text_field: TextField = "text",
) -> None:
    """Train a byte-level BPE tokenizer on text as it stands."""
    from curate.shards import atomic
    from curate.tokens import train

    if vocabulary % 64:
        raise UsageError(f"--vocabulary {vocabulary}: not a multiple of 64")
    texts = list(read_texts(inputs, text_field))
    if not texts:
        raise CurateError("no text could be read")
    made = train(texts, vocabulary, cores())
    with atomic(output) as temporary:
        temporary.write_text(made, "utf-8")
    typer.echo(str(output))


@tokenizer_app.command("show", epilog="Example: curate tokenizer show corpus/tokenizer/tokenizer.json")
def tokenizer_show(path: Annotated[Path, typer.Argument(metavar="FILE", help="A tokenizer.json.")]) -> None:
    """Describe a tokenizer: model, vocabulary, reserved ids."""
    from curate.tokens import describe

    for key, value in describe(path).items():
        typer.echo(f"{key}: {value}")


@unigram_app.callback()
def _unigram() -> None:
    """Count words for the stage unigram."""


@unigram_app.command("train", epilog="Example: curate unigram train books.jsonl --output words.tsv.gz")
def unigram_train(
    inputs: Inputs,
    output: Annotated[Path, typer.Option(help="The table to write: word, tab, count; .gz packs it.")],
    min_count: Annotated[int, typer.Option(min=1, help="Leave out what occurs less often.")] = 1,
    punctuation: Annotated[bool, typer.Option("--punctuation", help="For punctuation_words = true.")] = False,
    text_field: TextField = "text",
) -> None:
    """Count the words of text into the table of frequencies that the stage unigram needs."""
    from curate.frequencies import count, encoded
    from curate.shards import atomic

    table = count(read_texts(inputs, text_field), punctuation=punctuation, min_count=min_count)
    if not len(table):
        raise CurateError(f"no word occurs {min_count} times" if min_count > 1 else "no text could be read")
    with atomic(output) as temporary:
        temporary.write_bytes(encoded(table, packed=output.suffix == ".gz"))
    typer.echo(f"{output}: {len(table):,} words")


@perplexity_app.callback()
def _perplexity() -> None:
    """Train models for the stage perplexity."""


@perplexity_app.command("train", epilog="Example: curate perplexity train wikipedia.jsonl --output en.arpa --order 5")
def perplexity_train(
    inputs: Inputs,
    output: Annotated[Path, typer.Option(help="The ARPA file to write; .gz packs it.")],
    order: Annotated[int, typer.Option(min=1, max=6, help="The longest n-grams, in words.")] = 5,
    min_count: Annotated[int, typer.Option(min=1, help="Words that occur less often are <unk>.")] = 1,
    normal_form: Annotated[Literal["none", "ccnet"], typer.Option(help="As the stage's field.")] = "none",
    sentences: Annotated[Literal["lines", "document"], typer.Option(help="As the stage's field.")] = "lines",
    separators: Annotated[Literal["scripts", "spaces"], typer.Option(help="As the stage's field.")] = "scripts",
    pieces: Annotated[Path | None, typer.Option(help="A SentencePiece model, as the stage's field.")] = None,
    text_field: TextField = "text",
) -> None:
    """Train an n-gram model with modified Kneser-Ney smoothing; the whole text is held in memory."""
    from curate.ngram_training import arpa, write
    from curate.shards import atomic
    from curate.stages.perplexity import Perplexity

    stage = Perplexity(normal_form=normal_form, sentences=sentences, separators=separators, pieces=pieces)
    found = (words for text in read_texts(inputs, text_field) for words in stage.reading.sentences(text))
    first = next(found, None)
    if first is None:
        raise CurateError("no text could be read")
    with atomic(output) as temporary:
        write(arpa(chain([first], found), order, min_count), temporary, packed=output.suffix == ".gz")
    typer.echo(str(output))


def read_texts(inputs: list[str], text_field: str) -> Iterator[str]:
    """All texts that can be read, in listing order; what cannot is told on standard error."""
    from curate.ingest import Ingest, discover
    from curate.training_texts import texts

    options = Ingest(text_field=text_field)
    yield from texts(discover(inputs, options).sources, options, lambda line: typer.echo(line, err=True))


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""`pretrain ablate`: corpora compared by the models that they make."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from pretrain.ablate import Named

NAMED = "[NAME=]PATH"


def ablate(
    config: Annotated[Path, typer.Argument(help="A TOML file as for `pretrain train`.", metavar="CONFIG")],
    data: Annotated[
        list[str],
        typer.Option(
            help="A corpus: output folder of `curate run`, or files of text; give two or more.", metavar=NAMED
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder for the study; the same command again continues it.")],
    held_out: Annotated[
        list[str] | None, typer.Option(help="A domain to score: files of text, or such a folder.", metavar=NAMED)
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(help="A tokenizer.json for all corpora; needed where all are text.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Models a corpus.", min=2)] = 5,
    tokens: Annotated[int, typer.Option(help="Tokens a model is trained on; 0 takes CONFIG's steps.", min=0)] = 0,
    against: Annotated[
        Literal["first", "previous"], typer.Option(help="Compare with the first corpus, or each with the one before.")
    ] = "first",
    match_unique: Annotated[
        bool, typer.Option(help="Where a corpus repeats, a second table with as many different tokens in all.")
    ] = True,
    workers: Annotated[int, typer.Option(help="Models at a time; 0 is one a core, on a GPU one.", min=0)] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads of each.", min=1)] = 1,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="section.key=value; may be given often.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print ablate.json instead of the table.")] = False,
) -> None:
    """Train the same model on each corpus and say which makes the better one, and how sure that is."""
    from pretrain.ablate import Options, page
    from pretrain.ablate import ablate as run
    from pretrain.cli import printable
    from pretrain.config import load

    found = run(
        load(config, overrides or ()),
        list(map(named, data)),
        output,
        domains=list(map(named, held_out or ())),
        tokenizer=tokenizer,
        options=Options(seeds, tokens, against, match_unique, workers=workers, threads=threads),
        say=lambda text: _say(printable(text)),
    )
    typer.echo(json.dumps(found, indent=1) if as_json else printable(page.terminal(found)))
    if not as_json:
        typer.echo(f"see {printable(str(output))}/ablate.html")


def named(given: str) -> "Named":
    """`NAME=PATH`, or a path whose last part is the name."""
    from pretrain.ablate import Named

    name, equals, path = given.partition("=")
    if equals and name and "/" not in name and not Path(given).exists():
        return Named(name, Path(path))
    return Named(Path(given).resolve().name, Path(given))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()

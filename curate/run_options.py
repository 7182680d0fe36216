"""Options of `curate run` that take more than a line: their types, and how they are read."""

from pathlib import Path
from typing import Annotated

import typer

from curate.errors import UsageError

AblateConfig = Annotated[
    Path | None,
    typer.Option("--ablate", metavar="CONFIG", help="Train models on the text after each stage: ablate-tiny."),
]
AblateHeldOut = Annotated[
    list[str] | None, typer.Option("--ablate-held-out", metavar="NAME=PATH", help="Text that those are scored on.")
]
AblateAfter = Annotated[
    list[str] | None,
    typer.Option("--ablate-after", metavar="STAGE", help="Only after these; by default those that took 1 %."),
]
AblateSeeds = Annotated[int, typer.Option("--ablate-seeds", min=2, help="Models for each.")]


def share(text: str | None) -> tuple[int, int] | None:
    """`I/N` of `--only`; raises `UsageError` for anything else."""
    if text is None:
        return None
    number, _, of = text.partition("/")
    if not (text.isascii() and number.isdigit() and of.isdigit() and int(number) < int(of)):
        raise UsageError(f"--only {text}: write I/N with I from 0 to N - 1, such as 0/4")
    return int(number), int(of)

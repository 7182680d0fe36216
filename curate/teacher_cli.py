"""The commands that bring a teacher for the stage toxicity into a form that holds no code."""

from pathlib import Path
from typing import Annotated

import typer

from curate.errors import UsageError

teacher_app = typer.Typer(help="Get a teacher for the stage toxicity.", no_args_is_help=True, rich_markup_mode=None)

Output = Annotated[Path, typer.Option(help="The folder to write.")]


@teacher_app.command("fetch", epilog="Example: curate teacher fetch unbiased --output detoxify-unbiased")
def fetch(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="original, unbiased or multilingual.")],
    output: Output,
    revision: Annotated[str, typer.Option(help="A commit of the model's repository, instead of the pinned one.")] = "",
) -> None:
    """Download a model of Detoxify from its hub, at a pinned commit, and write it as tensors and JSON."""
    from tempfile import TemporaryDirectory

    from curate.teacher import hub

    _free(output)
    with TemporaryDirectory(prefix="sluice-teacher-") as folder:
        _write(hub.fetch(kind, Path(folder), revision), output)


@teacher_app.command("convert", epilog="Example: curate teacher convert toxic_debiased-c7548aa0.ckpt --output unbiased")
def convert(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A checkpoint of Detoxify, or a folder with one.")],
    output: Output,
) -> None:
    """Write a model that lies here as tensors and JSON; config.json and the tokenizer's files are to lie beside it."""
    if not model.exists():
        raise UsageError(f"{model}: no such file or folder")
    _free(output)
    _write(model, output)


def _free(output: Path) -> None:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"--output {output} is there already")


def _write(model: Path, output: Path) -> None:
    from curate.teacher.checkpoint import KINDS, read, write

    digest = write(model, output, "MODEL")
    made = read(output, "MODEL")
    typer.echo(f"{output}: {', '.join(made.labels)}")
    settings = (f"teacher={KINDS[made.architecture]}", f"model={output}", f"digest={digest[:16]}")
    typer.echo("for a run: " + " ".join(f"--set toxicity.{setting}" for setting in settings))

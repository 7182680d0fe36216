"""The command line: parses, calls, prints. Errors are one line; 1 for a failed run, 2 for a user's mistake."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pretrain import card_cli, evaluate_cli, plan_cli, scale_cli
from pretrain.ablate_cli import ablate
from pretrain.errors import FollowedError, PretrainError
from pretrain.export_cli import export

if TYPE_CHECKING:
    from pretrain.training import Progress, Result

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Train compact language models on token shards.",
    epilog="\b\nExample: pretrain train pipelines/gpt-tiny.toml --data DIR --output RUN",
)


@app.callback()
def _root() -> None:
    """Keep `train` a named command whatever their number."""


@app.command(epilog="\b\nExample: pretrain train pipelines/gpt-tiny.toml --data DIR --output RUN --set train.steps=60")
def train(
    config: Annotated[
        Path, typer.Argument(help="A TOML file with [model], [optim], [data], [train].", metavar="CONFIG")
    ],
    data: Annotated[Path, typer.Option(help="Output folder of `curate run`.")],
    output: Annotated[Path, typer.Option(help="Folder for the run; must be new or empty without --resume.")],
    overrides: Annotated[list[str] | None, typer.Option("--set", help="section.key=value; may be given often.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in --output from its last checkpoint.")
    ] = False,
) -> None:
    """Train a model from random weights on the token shards in DIR."""
    from pretrain.config import load
    from pretrain.parallel import leads
    from pretrain.training import train as run

    settings = load(config, overrides or ())
    result = run(settings, data, output, resume=resume, report_to=_Screen())
    if leads():
        _tell(result)


app.command(epilog="\b\nExample: pretrain export RUN --output DIR --precision bfloat16")(export)
app.command(epilog="\b\nExample: pretrain ablate ablate-tiny.toml --data raw=A --data clean=B --output STUDY")(ablate)


@app.command(epilog="\b\nExample: pretrain generate RUN --prompt 'The function returns' -n 60 --seed 3")
def generate(
    run: Annotated[Path, typer.Argument(help="Folder that `pretrain train` wrote.", metavar="RUN")],
    prompt: Annotated[str, typer.Option(help="Text to continue; control tokens in it are plain text.")],
    tokens: Annotated[int, typer.Option("--tokens", "-n", help="At most so many new tokens.", min=0)] = 100,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest token.", min=0)] = 0.8,
    top_k: Annotated[int, typer.Option(help="Draw among so many likeliest tokens; 0 among all.", min=0)] = 50,
    seed: Annotated[int, typer.Option(help="The same seed gives the same text.", min=0, max=2**63 - 1)] = 1,
    mask_marker: Annotated[
        str | None, typer.Option(help="What stands in the prompt where an encoder or encoder-decoder fills in.")
    ] = None,
) -> None:
    """Print a continuation of a prompt, or the prompt filled in."""
    from pretrain.generation import generate as continued

    text = continued(
        run, prompt, tokens=tokens, temperature=temperature, top_k=top_k, seed=seed, mask_marker=mask_marker
    )
    typer.echo(printable(text))


card_cli.register(app)
plan_cli.register(app)
scale_cli.register(app)
app.command(epilog=evaluate_cli.EXAMPLE)(evaluate_cli.evaluate)


def printable(text: str) -> str:
    """Text safe for a terminal: control characters but line feed and tab are shown as U+FFFD."""
    return "".join(c if c in "\n\t" or (c >= " " and not "\x7f" <= c <= "\x9f") else "\ufffd" for c in text)


class _Screen:
    """Shows progress: a line that renews itself on a terminal, a line each tenth of the run elsewhere."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self.bits: float | None = None
        self.width = 0

    def __call__(self, progress: "Progress") -> None:
        if progress.note:
            self._print(f"note: {progress.note}")
            return
        line, step = progress.metrics, progress.step
        self.bits = line.get("validation_bits_per_byte", self.bits)
        lasting = "validation_bits_per_byte" in line or step == progress.steps
        tenth = step // max(1, progress.steps // 10) * max(1, progress.steps // 10)
        if self.live or lasting or step == tenth:
            self._print(_sentence(progress, self.bits), lasting=lasting or not self.live)

    def _print(self, text: str, *, lasting: bool = True) -> None:
        padded = text.ljust(self.width) if self.live else text
        self.width = 0 if lasting else len(text)
        end = "\n" if lasting else ""
        sys.stderr.write(("\r" if self.live else "") + padded + end)
        sys.stderr.flush()


def _sentence(progress: "Progress", bits: float | None) -> str:
    line = progress.metrics
    parts = [f"step {progress.step:,}/{progress.steps:,}"]
    if line.get("loss") is not None:
        parts.append(f"loss {line['loss']:.3f}")
    if bits is not None:
        parts.append(f"validation {bits:.3f} bits/byte")
    speed = line.get("tokens_per_second")
    if speed:
        left = line["tokens"] / progress.step * (progress.steps - progress.step) / speed
        parts += [f"{line['tokens']:,} tokens", f"{speed:,.0f} tokens/s"]
        parts += [f"{line['mfu']:.0%} of peak"] if line.get("mfu") else []
        parts.append(f"{_clock(left)} left")
    return "  ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _tell(result: "Result") -> None:
    if result.stopped and not result.step:
        typer.echo(f"stopped by {result.stopped} before the first step, nothing to save yet; --resume begins anew")
        return
    if result.stopped:
        typer.echo(
            f"stopped by {result.stopped} at step {result.step:,} of {result.steps:,}, saved; --resume continues"
        )
        return
    before, after = result.bits_per_byte_before, result.bits_per_byte
    scores = "" if before is None or after is None else f"validation {before:.3f} -> {after:.3f} bits per byte; "
    typer.echo(f"trained {result.step:,} steps; {scores}see {result.output / 'run.html'}")


def _unexpected(error: Exception) -> str:
    """One line for what nobody foresaw; the traceback is one variable away."""
    if isinstance(error, OSError) and error.strerror:
        return " ".join(f"{error.filename or 'cannot go on'}: {error.strerror}".split())
    said = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    return f"failed unexpectedly: {said} (SLUICE_TRACEBACK=1 shows where)"


def main() -> None:
    """Entry point of the `pretrain` command."""
    try:
        app()
    except PretrainError as error:
        if not isinstance(error, FollowedError):
            typer.echo(f"pretrain: {printable(str(error))}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("SLUICE_TRACEBACK"):
            raise
        typer.echo(f"pretrain: {printable(_unexpected(error))}", err=True)
        sys.exit(1)

"""`pretrain scale`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pretrain.errors import UsageError
from pretrain.plan_cli import number


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="\b\nExample: pretrain scale CONFIG --data DIR --output OUT --sizes 50k,100k,200k,400k --forecast 10M"
    )(scale)


def scale(
    config: Annotated[Path, typer.Argument(help="The model whose shape and settings are scaled.", metavar="CONFIG")],
    data: Annotated[Path, typer.Option(help="Output folder of `curate run`.")],
    output: Annotated[Path, typer.Option(help="Folder for runs and report; the same command continues there.")],
    sizes: Annotated[str, typer.Option(help="Weights in the layers, the largest is forecast and then trained.")],
    tokens_per_param: Annotated[str, typer.Option(help="Tokens for each weight of layers and head.")] = "5,10,20",
    seeds: Annotated[int, typer.Option(help="Runs of each point.", min=1, max=100)] = 1,
    forecast: Annotated[str, typer.Option(help="Sizes beyond the ladder, such as 124M.")] = "",
    overrides: Annotated[list[str] | None, typer.Option("--set", help="section.key=value; may be given often.")] = None,
) -> None:
    """Train a ladder of sizes, fit a scaling law, forecast the largest and say how that held."""
    from pretrain import scale as ladder
    from pretrain.config import load

    found = ladder.scale(
        load(config, overrides or ()),
        data,
        output,
        sizes=numbers("--sizes", sizes),
        ratios=numbers("--tokens-per-param", tokens_per_param),
        seeds=seeds,
        forecasts=numbers("--forecast", forecast) if forecast else [],
        year=_year(),
        tell=lambda line: typer.echo(line, err=True),
    )
    typer.echo(ladder.verdict(found))
    for plan, interval in found.plans:
        typer.echo(
            f"{plan.parameters:,.0f} weights on {plan.tokens:,.0f} tokens: {interval.value:.3f} bits per byte "
            f"({interval.low:.3f} to {interval.high:.3f}), {plan.flops:.2g} operations"
        )
    typer.echo(f"see {output / 'scale.html'}")


def numbers(option: str, said: str) -> list[float]:
    """`50k,0.1M` as numbers; raises `UsageError` for anything else."""
    parts = [part for part in said.split(",") if part.strip()]
    if not parts:
        raise UsageError(f"{option}: name at least one number")
    return [number(option, part) for part in parts]


def _year() -> float:
    today = datetime.now(UTC)
    return today.year + (today.timetuple().tm_yday - 1) / 366

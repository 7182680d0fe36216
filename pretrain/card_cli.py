"""`pretrain card`."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="\b\nExample: pretrain card RUN --bias winobias --data DIR --generations 200")(card)


def card(
    run: Annotated[Path, typer.Argument(help="Folder that `pretrain train` wrote.", metavar="RUN")],
    bias: Annotated[
        list[Path] | None, typer.Option(help="Folder of WinoBias or CrowS-Pairs, as published; may be given often.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="What RUN was trained on: what of it is known by heart?")] = None,
    generations: Annotated[int, typer.Option(help="Texts to write and have curate judge for toxicity.", min=0)] = 0,
    limit: Annotated[int, typer.Option(help="Most pairs, and documents of either split; 0 for all.", min=0)] = 500,
    seed: Annotated[int, typer.Option(help="Which of them, and what is drawn.", min=0, max=2**31)] = 1,
) -> None:
    """Measure a run's limitations and write its model card (RUN/README.md) anew."""
    from pretrain import card as cards

    if bias or data or generations:
        from pretrain.probes.limits import measure

        found = measure(run, bias=bias or (), data=data, generations=generations, limit=limit, seed=seed)
        for line in found:
            typer.echo(line)
    cards.again(run)
    typer.echo(f"see {run / 'README.md'}")

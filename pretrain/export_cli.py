"""`pretrain export`: a run as a folder for transformers."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def export(
    run: Annotated[Path, typer.Argument(help="Folder that `pretrain train` wrote.", metavar="RUN")],
    output: Annotated[Path, typer.Option(help="Folder for the model; must be new or empty.")],
    step: Annotated[int | None, typer.Option(help="Of an earlier checkpoint; the latest without it.", min=0)] = None,
    precision: Annotated[Literal["float32", "bfloat16"], typer.Option(help="Of the weights in the file.")] = "float32",
) -> None:
    """Write a trained model as config, safetensors and tokenizer, which transformers opens without remote code."""
    from pretrain.config import load
    from pretrain.export import export as written

    folder = written(run, output, step=step, precision=precision)
    opener = {"decoder": "CausalLM", "encoder": "MaskedLM", "seq2seq": "Seq2SeqLM"}[
        load(run / "config.toml").model.family
    ]
    typer.echo(f"exported; transformers' AutoModelFor{opener}.from_pretrained({str(folder)!r}) opens it")

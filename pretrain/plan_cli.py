"""`pretrain plan`."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from pretrain.errors import UsageError

_SUFFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "B": 1e9, "T": 1e12}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="\b\nExample: pretrain plan --params 124M --yield 0.02 --epochs 4\n"
        "Example: pretrain plan --params 30M --from corpus/report.json"
    )(plan)


def plan(
    params: Annotated[str, typer.Option(help="Weights of the model, such as 124M.")],
    kept: Annotated[
        float | None, typer.Option("--yield", help="Tokens that curation keeps of a raw one, such as 0.02.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--from", help="report.json of `curate run`: its yield and bytes a token.")
    ] = None,
    of: Annotated[str, typer.Option(help="What the yield is of: raw (with markup) or extracted text.")] = "raw",
    tokens_per_param: Annotated[float, typer.Option(help="Fresh tokens for each weight.", min=0.1)] = 20.0,
    epochs: Annotated[float, typer.Option(help="How often each token is seen, 1 to 16.")] = 1.0,
    gpu: Annotated[str, typer.Option(help="h100, a100, l4, rtx4090, …, or cpu for one core.")] = "h100",
    mfu: Annotated[float | None, typer.Option(help="Share of the GPU's peak that is reached.", min=1e-4, max=1)] = None,
    bytes_per_token: Annotated[float | None, typer.Option(help="Of curated text.", min=0.1)] = None,
    family: Annotated[str, typer.Option(help="decoder, encoder or seq2seq.")] = "decoder",
    vocabulary: Annotated[int, typer.Option(help="Ids of the tokenizer.", min=256)] = 32_768,
    bandwidth: Annotated[str, typer.Option(help="Of the download, bytes a second, such as 100M.")] = "100M",
    picture: Annotated[
        Path | None, typer.Option(help="Draw the plan among well-known models into this SVG file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Allow more than 16 epochs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every number as JSON.")] = False,
) -> None:
    """Say what pretraining a model takes: tokens, raw text, crawl files, operations, hours, storage."""
    from pretrain import measured_yield, plan_text
    from pretrain.plan import Question
    from pretrain.plan import plan as answer

    whole, kind = (
        _one_of("--of", of, ("raw", "extracted")),
        _one_of("--family", family, ("decoder", "encoder", "seq2seq")),
    )
    if (kept is None) == (report is None):
        raise UsageError("give --yield, or --from with the report of a run that measured it")
    question = Question(
        parameters=number("--params", params),
        kept=1.0 if kept is None else kept,
        whole=whole,
        tokens_per_parameter=tokens_per_param,
        epochs=epochs,
        gpu=gpu,
        utilisation=mfu,
        family=kind,
        vocabulary=vocabulary,
        bytes_per_token=bytes_per_token,
        whole_bytes_per_token=bytes_per_token if whole == "extracted" else None,
        bandwidth=number("--bandwidth", bandwidth),
        force=force,
    )
    if report is not None:
        question = measured_yield.apply(question, report, whole)
    answered = answer(question)
    if picture is not None:
        _draw(answered, picture)
    if as_json:
        typer.echo(json.dumps(_plain(answered), indent=1))
        return
    typer.echo(plan_text.text(answered))
    if report is not None:
        count = measured_yield.documents(report)
        typer.echo(f"Mind: yield and bytes a token are those that one run measured on {count:,} documents.")


def number(option: str, said: str) -> float:
    """`124M` → 124e6; k, M, G or B, T. Raises `UsageError` for anything else or nothing positive."""
    match = re.fullmatch(r"([0-9]*\.?[0-9]+(?:[eE]\+?[0-9]{1,2})?)\s*([kMGBT]?)", said.strip())
    value = float(match[1]) * _SUFFIXES[match[2]] if match else 0.0
    if value <= 0:
        raise UsageError(f"{option} {said}: write a number such as 124M; k, M, B and T are known")
    return value


def _one_of(option: str, said: str, known: tuple[str, ...]) -> Any:
    if said not in known:
        raise UsageError(f"{option} {said}: {', '.join(known[:-1])} or {known[-1]}")
    return said


def _draw(answered: Any, path: Path) -> None:
    from pretrain import pictures
    from pretrain.card_tables import short
    from pretrain.report import write_whole

    size = answered.question.parameters
    mark = pictures.Mark(size, answered.training.flops, f"your {short(size)}")
    write_whole(path, pictures.svg(pictures.known([mark], by_year=False)))


def _plain(answered: Any) -> dict[str, Any]:
    """Nested named tuples as nested objects."""
    from dataclasses import asdict

    def walk(value: Any) -> Any:
        if hasattr(value, "_asdict"):
            return {key: walk(inner) for key, inner in value._asdict().items()}
        return [walk(inner) for inner in value] if isinstance(value, (list, tuple)) else value

    found = {name: walk(getattr(answered, name)) for name in type(answered).__dataclass_fields__ if name != "question"}
    return {"format": 1, "question": asdict(answered.question), **found}

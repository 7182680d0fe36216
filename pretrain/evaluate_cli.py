"""`pretrain evaluate`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pretrain.errors import UsageError

if TYPE_CHECKING:
    from pretrain.evaluation.results import Figure
    from pretrain.trained import Trained

Task = Callable[["Trained"], list["Figure"]]

EXAMPLE = "\b\nExample: pretrain evaluate RUN --data DIR --text news=news.jsonl --pairs blimp --choice arc.jsonl"


def evaluate(
    run: Annotated[Path, typer.Argument(help="Folder that `pretrain train` wrote.", metavar="RUN")],
    data: Annotated[
        Path | None, typer.Option(help="Output folder of `curate run`: its validation split, by --by.")
    ] = None,
    by: Annotated[str, typer.Option(help="source or language: what the domains of --data are.")] = "source",
    text: Annotated[
        list[str] | None,
        typer.Option(
            help="A held-out domain: Parquet or JSON Lines with `text`, or plain. Often.", metavar="NAME=PATH"
        ),
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="BLiMP's files, or any with sentence_good and sentence_bad.")
    ] = None,
    choice: Annotated[
        list[Path] | None, typer.Option(help="Questions as ARC, PIQA, HellaSwag, LAMBADA write them. Often.")
    ] = None,
    probe: Annotated[
        list[Path] | None,
        typer.Option(help="Records (text, label) or (text, spans): a classifier on frozen states. Often."),
    ] = None,
    finetune: Annotated[
        list[Path] | None,
        typer.Option(help="As --probe, all weights trained; or (input, target), text to text. Often."),
    ] = None,
    limit: Annotated[
        int, typer.Option(help="At most so many pairs a paradigm, or records of a file, drawn by --seed.", min=0)
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of samples, splits, intervals and fine-tuning.", min=0, max=2**31)] = 1,
    step: Annotated[int | None, typer.Option(help="The checkpoint; the latest by default.")] = None,
    json: Annotated[Path | None, typer.Option(help="Where figures go; RUN/evaluate.json by default.")] = None,
) -> None:
    """Measure a trained run; every figure with its 95 % interval.

    Figures of one task replace those of an earlier call; the others stay.
    """
    if by not in ("source", "language"):
        raise UsageError(f"--by {by}: source or language")
    kind: Literal["source", "language"] = "language" if by == "language" else "source"
    tasks = [
        *([_data(data, kind, limit, seed)] if data else []),
        *(_text(one, limit, seed) for one in text or ()),
        *([_pairs(pairs, limit, seed)] if pairs else []),
        *(_choice(path, limit, seed) for path in choice or ()),
        *(_learnt(path, limit, seed, frozen=True) for path in probe or ()),
        *(_learnt(path, limit, seed, frozen=False) for path in finetune or ()),
    ]
    if not tasks:
        raise UsageError("nothing to measure: give --data, --text, --pairs, --choice, --probe or --finetune")
    _run(run, step, tasks, json)


def _run(run: Path, step: int | None, tasks: list[Task], json: Path | None) -> None:
    """Each task's figures are written as soon as they are known: a later failure loses none."""
    from pretrain import hardware
    from pretrain.cli import printable
    from pretrain.config import Train
    from pretrain.evaluation import results
    from pretrain.trained import open_run

    trained = open_run(run, step)
    trained.model.to(hardware.device(Train()))
    place = json or run / results.NAME
    results.read(place)
    figures = []
    for task in tasks:
        found = task(trained)
        results.merge(place, trained.step, found)
        figures += found
    for line in results.lines(figures):
        typer.echo(printable(line))
    typer.echo(f"95 % intervals by bootstrap; all figures are in {printable(str(place))}")


def _data(folder: Path, by: Literal["source", "language"], limit: int, seed: int) -> Task:
    def task(trained: "Trained") -> list["Figure"]:
        from pretrain.evaluation import domains

        return [domains.bits_per_byte(trained, one, seed) for one in domains.of_tokens(folder, by, limit, seed)]

    return task


def _text(named: str, limit: int, seed: int) -> Task:
    name, equals, path = named.partition("=")
    if not (equals and name and path):
        raise UsageError(f"--text {named}: write NAME=PATH")

    def task(trained: "Trained") -> list["Figure"]:
        from pretrain.evaluation import domains

        return [domains.bits_per_byte(trained, domains.of_files(name, Path(path), limit, seed), seed)]

    return task


def _pairs(path: Path, limit: int, seed: int) -> Task:
    def task(trained: "Trained") -> list["Figure"]:
        from pretrain.evaluation.pairs import pairs

        return pairs(trained, path, limit=limit, seed=seed, said=_Done("sentences"))

    return task


def _choice(path: Path, limit: int, seed: int) -> Task:
    def task(trained: "Trained") -> list["Figure"]:
        from pretrain.evaluation.choice import choice

        return choice(trained, path, limit=limit, seed=seed)

    return task


def _learnt(path: Path, limit: int, seed: int, *, frozen: bool) -> Task:
    def task(trained: "Trained") -> list["Figure"]:
        from pretrain.evaluation import labelled
        from pretrain.evaluation.classification import classification
        from pretrain.evaluation.text_to_text import text_to_text

        name, (train, test) = path.name.partition(".")[0], labelled.split(path, limit, seed)
        if labelled.kind_of(train) != "pair":
            known = labelled.labelled(trained, train, test)
            return classification(trained, name, known, frozen=frozen, seed=seed)
        if frozen:
            raise UsageError(f"{path}: input and target have no labels to probe for; --finetune takes them")
        return text_to_text(trained, name, labelled.pairs(train), labelled.pairs(test), seed=seed)

    return task


class _Done:
    """Counts on a terminal, and only there."""

    def __init__(self, what: str) -> None:
        self.what, self.count, self.live = what, 0, sys.stderr.isatty()

    def __call__(self, more: int) -> None:
        self.count += more
        if self.live:
            sys.stderr.write(f"\r{self.count:,} {self.what}\r")
            sys.stderr.flush()

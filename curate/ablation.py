"""What each stage does to the model that the corpus makes: `curate run --ablate`.

    DIR/ablation/<key>/texts/NN-<stage>.parquet   id, text: a sample of the documents as they stood after a stage
    DIR/ablation/<key>/study/                     what `pretrain ablate` leaves, each stage against the one before

Texts are those that stood there, not what is stored at the end: the sample, by hash of the id, goes through the stages
once more, from the raw shards on, with the verdicts that the barriers gave on the whole corpus. Per-document stages see
a document alone, so it fares as in the run. `pretrain` is a process: neither package imports the other.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate import between, groups, shards
from curate.errors import RunError, UsageError
from curate.finish import Outcome, samples
from curate.flow import Flow, Pass, Setting
from curate.recipe import Recipe, key_of
from curate.recipe_file import find
from curate.report import Report, StageReport, total
from curate.reports.card import dataset_card
from curate.reports.html import report_html
from curate.unit import DOCUMENTS, REPORT, TOKENIZER, flows, sampled

FOLDER = "ablation"
LEAST = 0.01
"""Share of its tokens that a stage must take to be looked at unasked: less makes no model that could be told apart."""
SMALLEST_BYTES = 32 * 2**20
"""Text of the smallest arm that is sampled at most: twice what five seeds of `ablate-tiny` read."""
LARGEST_BYTES = 512 * 2**20
SALT = 0xAB1A7E
"""Keeps the sample independent of the pilot's and of the validation split."""

Tap = Callable[[str, Flow], None]
"""Is given what stands after a stage."""


@dataclass(frozen=True)
class Ablation:
    """What the user asked for."""

    config: Path
    held_out: tuple[str, ...] = ()
    """`NAME=PATH` each."""
    after: tuple[str, ...] = ()
    """Stages after which a model is trained; none stands for those that took enough."""
    seeds: int = 5
    workers: int = 0
    """Models at a time; 0 is one a core."""

    @classmethod
    def of(
        cls, config: Path, held_out: Sequence[str], after: Sequence[str], seeds: int, workers: int, recipe: Recipe
    ) -> "Ablation":
        """Check what was asked for before hours are spent; raises `UsageError`."""
        names = ["ingest", *(stage.name for stage in recipe.stages)]
        for name in after:
            if name not in names:
                raise UsageError(f"--ablate-after {name}: no such stage; there are {', '.join(names)}")
        if not recipe.output.tokens:
            raise UsageError("--ablate: the recipe says output.tokens = false, and models need a tokenizer")
        for given in held_out:
            path = Path(given.partition("=")[2] or given)
            if not path.exists():
                raise UsageError(f"--ablate-held-out {given}: no such file or folder")
        return cls(find(config), tuple(held_out), tuple(after), seeds, workers)


def ablate(asked: Ablation, outcome: Outcome, folder: Path, say: Callable[[str], None]) -> bool:
    """Train on the text as it stood after stages, and enter into the reports what each did; whether there were two."""
    arms = chosen(outcome.report, asked.after)
    if len(arms) < 2 or not outcome.report.output.documents:
        say(f"ablation: nothing to compare, no stage after {arms[0]} took {LEAST:.0%} of its tokens and left any")
        return False
    share = share_of(outcome.report, arms)
    home = folder / FOLDER / key_of(outcome.key, arms, share)[:12]
    files = _texts(outcome, arms, share, home / "texts")
    _pretrain(asked, dict(zip(arms, files, strict=True)), folder, home / "study")
    told = _told(shards.read_json(home / "study" / "ablate.json"), home.relative_to(folder), share)
    _enter(folder, told)
    return True


def chosen(report: Report, after: Sequence[str]) -> list[str]:
    """The stages after which a model is trained: extraction or else ingest first, then those named, in their order.

    Where none is named, those that took their share of the tokens.
    """
    names = [stage.name for stage in report.stages]
    first = "extract" if "extract" in names else names[0]
    later = report.stages[names.index(first) + 1 :]
    wanted = set(after) or {stage.name for stage in later if _took(stage) >= LEAST}
    found = [name for name in names if name in wanted]
    return found if len(found) > 1 and after else [first, *(name for name in found if name != first)]


def _took(stage: StageReport) -> float:
    taken = total([*stage.dropped.values(), *stage.quarantined.values()]).tokens + abs(stage.rewritten.tokens)
    return taken / max(stage.incoming.tokens, 1)


def share_of(report: Report, arms: Sequence[str]) -> float:
    """Share of the documents that is sampled: enough of the smallest arm, not too much of the largest."""
    sizes = [max(stage.out.bytes, 1) for stage in report.stages if stage.name in arms]
    return min(1.0, SMALLEST_BYTES / min(sizes), LARGEST_BYTES / max(sizes))


def _texts(outcome: Outcome, arms: Sequence[str], share: float, folder: Path) -> list[Path]:
    """Write the sample as it stood after each of the stages, unless that was done before."""
    files = [folder / f"{number:02d}-{name}.parquet" for number, name in enumerate(arms)]
    if not folder.is_dir():
        draft = folder.with_name(".writing-texts")
        shutil.rmtree(draft, ignore_errors=True)
        with ExitStack() as stack:
            writers = {
                name: stack.enter_context(groups.parquet(draft / file.name))
                for name, file in zip(arms, files, strict=True)
            }

            def tap(stage: str, flow: Flow) -> None:
                if stage in writers:
                    writers[stage].write(flow.batch.select(["id", "text"]))

            replay(outcome, share, tap)
        draft.rename(folder)
    return files


def replay(outcome: Outcome, share: float, tap: Tap) -> None:
    """Send a sample of the raw documents through all stages again, as the run did."""
    recipe = outcome.recipe.settled(outcome.cuts)
    recipe.prepare()
    setting, seed = Setting(recipe), recipe.seed ^ SALT
    paths, verdicts = list(_raw(outcome)), list[list[Path]]()
    for segment in recipe.segments:
        before = recipe.segments[segment.index - 1].barriers if segment.index else ()
        for number, path in enumerate(paths):
            tables = [shards.read_arrow(files[number]) for files in verdicts]
            way = Pass(setting, f"ablation{segment.index}/{number:05d}")
            for _, flow in flows(way, between.batches(path)):
                flow = flow.where(sampled(flow.batch.column("id"), seed, share))
                if segment.index == 0:
                    flow = _after(way.ingested(flow), "ingest", tap)
                for barrier, table in zip(before, tables, strict=True):
                    flow = _after(way.resolved(flow, barrier, table), barrier.name, tap)
                for stage in segment.stages:
                    flow = _after(way.through(flow, [stage]), stage.name, tap)
                way.dropped.clear()
                way.quarantined.clear()
        folder = _phase(outcome, f"segment{segment.index}")
        verdicts = [
            [_phase(outcome, f"resolve-{barrier.name}") / "00000" / f"verdict-{n:05d}.arrow" for n in range(len(paths))]
            for barrier in segment.barriers
        ]
        paths = [folder / f"{number:05d}" / DOCUMENTS for number in range(len(paths))]


def _after(flow: Flow, stage: str, tap: Tap) -> Flow:
    tap(stage, flow)
    return flow


def _raw(outcome: Outcome) -> Iterator[Path]:
    folder, number = _phase(outcome, "ingest"), 0
    while (unit := folder / f"{number:05d}").is_dir():
        yield from (unit / shard["file"] for shard in shards.read_json(unit / REPORT)["counts"]["shards"])
        number += 1


def _phase(outcome: Outcome, name: str) -> Path:
    """The folder of a phase of this run: `NN-<name>-<key>`."""
    return next(path for path in outcome.phases if path.name.partition("-")[2].rpartition("-")[0] == name)


def _pretrain(asked: Ablation, arms: dict[str, Path], folder: Path, study: Path) -> None:
    """Compare the arms, each with the one before."""
    command = [sys.executable, "-m", "pretrain", "ablate", str(asked.config), "--output", str(study)]
    command += [f"--data={stage}={path}" for stage, path in arms.items()]
    command += [f"--held-out={given}" for given in asked.held_out]
    command += ["--tokenizer", str(folder / "tokenizer" / TOKENIZER), "--against", "previous"]
    command += ["--seeds", str(asked.seeds), "--workers", str(asked.workers), "--json"]
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # noqa: S603
    if done.returncode:
        raise RunError("pretrain ablate failed or was stopped, its message is above; the same command continues")


def _told(found: dict[str, Any], home: Path, share: float) -> dict[str, Any]:
    """What the reports say of a study: each stage against the one before, and the last against the first."""
    *stages, whole = [_lines(one) for one in found["comparisons"]]
    return {
        "folder": home.as_posix(),
        "share": share,
        "seeds": found["seeds"],
        "tokens": found["tokens"],
        "stages": [line for lines in (stages or [whole]) for line in lines],
        "whole": whole if stages else [],
    }


def _lines(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """A difference over all held-out text; on each arm's own text apart, where no other was given."""
    whole = comparison["overall"]
    pair = {"stage": comparison["arm"], "against": comparison["against"]}
    kept = ("delta", "interval", "detectable", "verdict")
    return [
        {**pair, "on": one["name"], "own": whole is None, **{key: one[key] for key in kept}}
        for one in (comparison["domains"] if whole is None else [whole])
    ]


def _enter(folder: Path, told: dict[str, Any]) -> None:
    """Put what was found into `report.json`, and draw the pages anew."""
    report = {**shards.read_json(folder / "report.json"), "ablation": told}
    manifest = shards.read_json(folder / "manifest.json")
    shards.write_json(folder / "report.json", report)
    pages = {"report.html": report_html(report, manifest, list(samples(folder)))}
    pages["README.md"] = dataset_card(report, manifest)
    for name, text in pages.items():
        with shards.atomic(folder / name) as temporary:
            temporary.write_text(text, "utf-8")

"""Whole training steps at about 10 M weights, against transformers' Trainer: same shape, batch, precision, machine.

Three families on the demo's corpus: causal (Llama's layers on both sides; GPT-2 beside), masked (ModernBERT's; BERT
beside), span corruption (T5 v1.1's, whose rows the Trainer gets corrupted beforehand, since it cannot do that).
A step is all of it: loading, forward, backward, clipping, update. The Trainer's optimiser is fused AdamW; ours is
measured with AdamW, like for like, and with Muon, the default. Dropout is off on both sides.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.measure import FailedRunError
from tests.bench.setting import PROGRAMS, Setting, say
from tests.bench.tables import table

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
SIDE = Path(__file__).with_name("training_side.py")
REQUIREMENT = "accelerate==1.15.0"
"""What the Trainer needs and the project does not."""

CONTEXT, BATCH = 256, 8
SHAPE = {"vocabulary": 8_192, "width": 320, "layers": 6, "heads": 5, "feedforward": 896, "context": CONTEXT}
WARMUP, STEPS = 3, 9
TARGET = {"decoder": (1.5, 1.1), "encoder": (1.5, 1.3), "seq2seq": (1.5, 1.0)}


@dataclass(frozen=True)
class Family:
    """What is compared."""

    name: str
    architecture: str
    objective: str
    theirs: tuple[str, ...]
    """Classes of transformers; the first is the same network."""
    row: int
    """Corpus tokens of a row."""
    layers: int
    feedforward: dict[str, int]
    targets: int = 0


FAMILIES = (
    Family("decoder", "llama", "clm", ("Llama", "GPT-2"), CONTEXT, 6, {"GPT-2": 1_280}),
    Family("encoder", "modernbert", "mlm", ("ModernBERT", "BERT"), CONTEXT, 6, {"BERT": 1_280}),
    Family("seq2seq", "t5", "span", ("T5",), 284, 4, {}, targets=58),
)
MODES = (("float32", False), ("bfloat16", False), ("bfloat16", True))


def main(setting: Setting) -> str:
    """Measure and tell."""
    corpus = demo_corpus(setting.cache)
    packages = _accelerate(setting.cache)
    rows: list[tuple[str, ...]] = []
    for family in FAMILIES:
        sides = [("ours", optimiser) for optimiser in ("adamw", "muon")] + [("theirs", name) for name in family.theirs]
        for precision, compiled in MODES:
            found: dict[str, list[float]] = {}
            facts: dict[str, dict[str, Any]] = {}
            # A compiled process takes a minute before its first step: once, and the same class alone
            asked = [pair for pair in sides if not compiled or pair[1] in ("adamw", family.theirs[0])]
            for turn in range(1 if compiled else setting.repeats):
                for side, what in asked:
                    say(f"{family.name} {precision}{' compiled' if compiled else ''}: {what}, round {turn + 1}")
                    told = _step(setting, corpus, packages, family, side, what, precision, compiled)
                    found.setdefault(what, []).append(median(told["seconds"]))
                    facts[what] = told
            rows += _rows(family, precision, compiled, found, facts)
    head = ("family", "precision", "program", "weights", "tokens/s", "ms a step", "× the same class", "loader")
    return (
        f"{BATCH} rows of {CONTEXT} tokens ({FAMILIES[2].row} of the corpus for T5), best of {setting.repeats} "
        f"interleaved processes (compiled: one), each the median of {STEPS} steps behind {WARMUP}; {_threads()} threads.\n\n"
        + table(head, rows)
    )


def _rows(
    family: Family, precision: str, compiled: bool, found: dict[str, list[float]], facts: dict[str, dict[str, Any]]
) -> list[tuple[str, ...]]:
    same = min(found[family.theirs[0]])
    names = {"adamw": "Sluice, AdamW", "muon": "Sluice, Muon"}
    rows = []
    for what, seconds in found.items():
        best = min(seconds)
        loader = facts[what].get("loader_seconds", [])
        rows.append((
            family.name,
            precision + (", compiled" if compiled else ""),
            names.get(what, f"transformers' {what}"),
            f"{facts[what]['weights'] / 1e6:.1f} M",
            f"{BATCH * family.row / best:,.0f}",
            f"{best * 1000:,.0f}",
            f"{same / best:.2f}",
            f"{median(loader) / best:.2%}" if loader else "",
        ))  # fmt: skip
    return rows


def _step(
    setting: Setting, corpus: Path, packages: Path, family: Family, side: str, what: str, precision: str, compiled: bool
) -> dict[str, Any]:
    shape = SHAPE | {"layers": family.layers, "feedforward": family.feedforward.get(what, SHAPE["feedforward"])}
    task = {
        "side": "sluice" if side == "ours" else "transformers", "family": family.name, "class": what, "shape": shape,
        "batch": BATCH, "row": family.row, "targets": family.targets, "steps": WARMUP + STEPS + 1, "warmup": WARMUP,
        "precision": precision, "compile": compiled, "threads": _threads(), "data": str(corpus),
        "output": str(setting.fresh("run")), "config": _config(family, what, precision, compiled),
    }  # fmt: skip
    file = setting.work / "task.json"
    file.write_text(json.dumps(task), "utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{Path.cwd()}{os.pathsep}{packages}", "TOKENIZERS_PARALLELISM": "false"}
    ended = subprocess.run(
        [sys.executable, SIDE, file], env=environment, capture_output=True, text=True, check=False, errors="replace"
    )
    if ended.returncode:
        raise FailedRunError("\n".join(ended.stderr.splitlines()[-25:]))
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return told


def _config(family: Family, optimiser: str, precision: str, compiled: bool) -> dict[str, Any]:
    model = {key: SHAPE[key] for key in ("width", "heads", "feedforward", "context")}
    # transformers ties the embeddings of ModernBERT and of T5
    tied = family.name != "decoder"
    return {
        "model": model | {"architecture": family.architecture, "layers": family.layers, "tied": tied},
        "optim": {"matrices": optimiser if optimiser in ("adamw", "muon") else "adamw"},
        "data": {"validation_tokens": 1},
        "train": {
            "objective": family.objective, "steps": WARMUP + STEPS + 1, "batch": BATCH, "checkpoint_every": 0,
            "precision": precision, "compile": compiled, "threads": _threads(),
        },
    }  # fmt: skip


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def demo_corpus(cache: Path) -> Path:
    """The demo's token shards, made once."""
    demo = cache / "training-demo"
    if not (demo / "corpus/manifest.json").exists():
        say("curating the demo's corpus")
        subprocess.run([PROGRAMS / "curate", "demo", "--output", demo, "--steps", "1"], check=True)
    return demo / "corpus"


def _accelerate(cache: Path) -> Path:
    """The folder with the package that the Trainer asks for; all that it needs itself is installed with transformers."""
    folder = cache / "accelerate"
    if not (folder / "accelerate").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", str(folder), REQUIREMENT]
        subprocess.run(pip, check=True)
    return folder

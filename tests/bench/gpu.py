"""What a GPU makes of it: tokens a second and share of the peak (MFU) of gpt-124m and gpt-350m, beside a plain loop.

    python -m tests.bench.gpu [--corpus DIR] [--minutes 5] [--write] [--small]

Both sides take the same steps of the same batch on the same shards, in bfloat16 and compiled; MFU counts 6 operations
a weight of every matrix product and token, and attention (PaLM, appendix B), against the maker's dense bfloat16 peak.
Then the smaller model trains for so many minutes, and the plain loop as long: their losses stand side by side.
--corpus is the output folder of a `curate run`; without it the demo's corpus serves, which a model of this size soon
knows by heart: enough for speed, too little for a curve. --small takes two tiny models, to try the script anywhere.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import machine, tables
from tests.bench.measure import FailedRunError
from tests.bench.setting import PROGRAMS, say
from tests.bench.training import demo_corpus

ROOT = Path(__file__).parents[2]
LOOP = Path(__file__).with_name("plain_loop.py")
STEPS, WARMUP = 24, 8
CACHE = Path.home() / ".cache" / "sluice-bench"


@dataclass(frozen=True)
class Size:
    """A configuration, and the batch that the benchmark gives both sides."""

    config: str
    batch: int
    micro_batch: int
    target: float
    """MFU that is asked for on an H100."""
    changes: tuple[str, ...] = ()


SIZES = (Size("gpt-124m", 64, 32, 0.40), Size("gpt-350m", 32, 16, 0.45))
SMALL = (
    Size("gpt-tiny", 4, 2, 0.0, ("model.context=64", "train.compile=false")),
    Size("gpt-tiny", 2, 2, 0.0, ("model.context=64", "model.layers=2", "train.compile=false")),
)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and by choice write into docs/benchmarks.md."""
    given = _parser().parse_args(arguments)
    corpus = given.corpus or demo_corpus(CACHE)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            text = _measure(given, corpus, Path(folder))
        except FailedRunError as error:
            say(str(error))
            return 1
    print(text)
    if given.write:
        tables.write("gpu", text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="output folder of `curate run`")
    parser.add_argument("--minutes", type=float, default=5.0, help="of training for the curve; 0 leaves it out")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--small", action="store_true", help="tiny models, anywhere")
    return parser


def _measure(given: argparse.Namespace, corpus: Path, work: Path) -> str:
    rows, sizes = [], SMALL if given.small else SIZES
    for number, size in enumerate(sizes):
        say(f"{size.config}: pretrain")
        ours = _pretrain(size, corpus, work / f"run-{number}", [f"train.steps={STEPS}"])
        say(f"{size.config}: the plain loop")
        plain = _plain(size, work / f"run-{number}", corpus, STEPS, 0.0)
        rows.append(_row(size, ours, plain))
    head = ("model", "tokens/s", "MFU", "asked on one H100", "plain loop, tokens/s", "ratio")
    text = f"{STEPS} steps each, the first {WARMUP} left out; bfloat16.\n\n" + tables.table(head, rows)
    if given.minutes:
        text += "\n\n" + _curve(sizes[0], corpus, work, given.minutes * 60)
    return f"{text}\n\n{_device()} {machine.line(pin=False)}"


def _row(size: Size, ours: list[dict[str, Any]], plain: dict[str, Any]) -> tuple[str, ...]:
    measured = ours[WARMUP + 1 :]
    rate = median(line["tokens_per_second"] for line in measured)
    shares = [line["mfu"] for line in measured if line.get("mfu") is not None]
    ends = [line["at"] for line in plain["steps"]][WARMUP:]
    theirs = plain["tokens"] / median(after - before for before, after in itertools.pairwise(ends))
    used = f"{median(shares):.1%}" if shares else "unknown"
    return size.config, f"{rate:,.0f}", used, f"{size.target:.0%}", f"{theirs:,.0f}", f"{rate / theirs:.2f}"


def _curve(size: Size, corpus: Path, work: Path, seconds: float) -> str:
    """Losses after equal times; the schedule of ours ends where its steps do, so its number is set by its rate."""
    say(f"{size.config}: {seconds / 60:.0f} minutes of training, twice")
    probe = json.loads((work / "run-0/metrics.jsonl").read_text("utf-8").splitlines()[-1])
    tokens = probe["tokens"] / STEPS
    steps = max(20, int(seconds * probe["tokens_per_second"] / tokens))
    ours = _pretrain(size, corpus, work / "curve", [f"train.steps={steps}"])
    plain = _plain(size, work / "curve", corpus, 10**7, seconds)
    losses = [line["loss"] for line in ours if line.get("loss") is not None]
    theirs = [line["loss"] for line in plain["steps"]]
    rows = [
        (f"{share:.0%} of the time", f"{_near(losses, share):.3f}", f"{_near(theirs, share):.3f}")
        for share in (0.1, 0.25, 0.5, 0.75, 1.0)
    ]
    bits = [line["validation_bits_per_byte"] for line in ours if line.get("validation_bits_per_byte") is not None]
    ended = f" Held-out text ends at {bits[-1]:.3f} bits per byte." if bits else ""
    head = ("loss, nats a token", "pretrain", "plain loop")
    told = (
        f"{size.config} for {seconds / 60:.1f} minutes: {len(losses):,} steps, the plain loop {len(theirs):,}.{ended}"
    )
    return f"{told}\n\n{tables.table(head, rows)}"


def _near(losses: list[float], share: float) -> float:
    """The mean of the twentieth of all steps before a share of them."""
    end = max(1, round(share * len(losses)))
    part = losses[max(0, end - max(1, len(losses) // 20)) : end]
    return sum(part) / len(part)


def _pretrain(size: Size, corpus: Path, output: Path, changes: list[str]) -> list[dict[str, Any]]:
    settings = [f"train.batch={size.batch}", f"train.micro_batch={size.micro_batch}", "train.checkpoint_every=0"]
    settings += ["train.evaluate_every=0", "train.precision=bfloat16", *size.changes, *changes]
    command: list[str | Path] = [PROGRAMS / "pretrain", "train", ROOT / "pipelines" / f"{size.config}.toml"]
    command += ["--data", corpus, "--output", output, *(part for s in settings for part in ("--set", s))]
    _run(command)
    return [json.loads(line) for line in (output / "metrics.jsonl").read_text("utf-8").splitlines()]


def _plain(size: Size, run: Path, corpus: Path, steps: int, seconds: float) -> dict[str, Any]:
    """The plain loop in the shape of the run's configuration."""
    import tomllib

    config = tomllib.loads((run / "config.toml").read_text("utf-8"))
    shape = {key: config["model"][key] for key in ("vocabulary", "context", "layers", "width", "heads")}
    task = {
        "shape": shape, "batch": size.batch, "micro_batch": size.micro_batch, "steps": steps, "seconds": seconds,
        "compile": config["train"]["compile"], "data": str(corpus),
    }  # fmt: skip
    file = run / "plain.json"
    file.write_text(json.dumps(task), "utf-8")
    told: dict[str, Any] = json.loads(_run([sys.executable, LOOP, file]).splitlines()[-1])
    return told | {"tokens": size.batch * shape["context"]}


def _run(command: list[str | Path]) -> str:
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    ended = subprocess.run(
        [str(part) for part in command], env=environment, capture_output=True, text=True, check=False, errors="replace"
    )
    if ended.returncode:
        raise FailedRunError("\n".join([" ".join(map(str, command)), *ended.stderr.splitlines()[-25:]]))
    return ended.stdout


def _device() -> str:
    import torch

    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "No GPU"
    return f"{name}, torch {torch.__version__}."


if __name__ == "__main__":
    sys.exit(main())

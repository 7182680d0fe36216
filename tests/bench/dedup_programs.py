"""What each program keeps of a file, and what that took; what others took is remembered.

A result of another program is taken from the cache where file, program and script are the same; where its time
counts, only if the machine was about as quiet then as it is now, or quiet.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq

from tests.bench.measure import Run, middle, run
from tests.bench.setting import HERE, PROGRAMS, Setting, say

ENVIRONMENTS = {"datasketch": "dedup", "rensa": "dedup", "datatrove": "datatrove", "text": "textdedup"}
"""Program, up to the first "-" → its environment in the cache."""
QUIET = 1.7
"""Load of a machine that does nothing but what is measured."""
RECIPE = 'name = "dedup"\n[output]\ntokens = false\n{}[audit]\ndocuments = 0\n[[stage]]\nuse = "minhash"\n'
IDS = "text = false\nkeep_dropped_text = false\n"


@dataclass(frozen=True)
class Result:
    """Numbers of the documents that stay, and what a process took to find them."""

    program: str
    kept: list[int]
    took: Run
    load: float
    """The machine's, over the last minute, at the end."""


def ours(setting: Setting, given: Path, repeats: int = 1, *, bare: bool = False) -> Result:
    """`curate run` with a recipe of `minhash` alone, to documents in Parquet or to ids; the median of CPU times counts."""
    recipe, output = setting.work / "dedup.toml", setting.work / "curate"
    recipe.write_text(RECIPE.format(IDS if bare else ""), "utf-8")
    command: list[str | Path] = [PROGRAMS / "curate", "run", recipe, given, "--output", output, "--quiet"]
    took = []
    for _ in range(repeats):
        setting.fresh("curate")
        took.append(run([*command, "--workers", "1"], setting.work / "curate.log", pin=setting.pin))
    ids = [pq.read_table(file, columns=["id"])["id"].to_pylist() for file in sorted((output / "documents").glob("*"))]
    kept = [int(name.rpartition("#")[2]) for part in ids for name in part]
    return Result("sluice-ids" if bare else "sluice", kept, middle(took), os.getloadavg()[0])


def theirs(setting: Setting, programs: Sequence[str], given: Path, *, timed: bool) -> list[Result]:
    """Other programs' results, from one process; nothing where their environment is missing."""
    python = setting.cache / ENVIRONMENTS[programs[0].partition("-")[0]] / "bin" / "python"
    if not python.exists():
        say(f"left out: {', '.join(programs)}: no environment at {python}")
        return []
    record = setting.cache / "dedup-runs" / f"{_key(given, programs)}.json"
    found = json.loads(record.read_text("utf-8")) if record.exists() else None
    if found is None or (timed and found["load"] > max(QUIET, os.getloadavg()[0])):
        say(f"{', '.join(programs)}: {given}")
        out, work = setting.work / "kept.json", setting.fresh("theirs")
        command: list[str | Path] = [python, HERE / "dedup_side.py", ",".join(programs), given, out, work]
        hub = {"HF_HOME": str(setting.work / "hub")}
        took = run(command, setting.work / "theirs.log", pin=setting.pin and timed, environment=hub)
        found = {"kept": json.loads(out.read_text("utf-8")), "took": asdict(took), "load": os.getloadavg()[0]}
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(found), "utf-8")
    return [Result(program, found["kept"][program], Run(**found["took"]), found["load"]) for program in programs]


def _key(given: Path, programs: Sequence[str]) -> str:
    """Stands for the input, the script and what is asked of it."""
    digest = hashlib.sha256(",".join(programs).encode())
    digest.update(given.parent.name.encode())  # named by its content
    digest.update((HERE / "dedup_side.py").read_bytes())
    return digest.hexdigest()[:12]

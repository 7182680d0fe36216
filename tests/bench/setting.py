"""What every benchmark is told: where input lies, how much of it to take, how often to run."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.measure import Run, run

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Setting:
    """The options of the command line."""

    data: Path | None
    cache: Path
    work: Path
    venv: Path
    lid: Path | None
    tokenizer: Path | None
    recipe: Path
    size: int
    """Bytes of the corpus."""
    sample: int
    """Bytes of it that datatrove gets; 0 for all."""
    pages: int
    repeats: int
    pin: bool

    @property
    def inputs(self) -> Path:
        """Where inputs are kept between runs."""
        return self.cache / "inputs"

    def curate(self, recipe: Path, given: Path, *options: str) -> tuple[Run, dict[str, Any]]:
        """`curate run` as a process on one worker: what it took, and its report."""
        output = self.fresh("curate")
        command: list[str | Path] = [
            PROGRAMS / "curate",
            "run",
            recipe,
            given,
            "--output",
            output,
            "--workers",
            "1",
            "--quiet",
            *options,
        ]
        took = run(command, self.work / "curate.log", pin=self.pin)
        report = json.loads((output / "report.json").read_text("utf-8"))
        shutil.rmtree(output)
        return took, report

    def datatrove(self, python: Path, **task: Any) -> tuple[Run, dict[str, Any]]:
        """datatrove's side as a process on one worker: what it took, and what it counted."""
        output = self.fresh("datatrove")
        output.mkdir(parents=True)
        file = self.work / "task.json"
        file.write_text(json.dumps({**task, "output": str(output)}), "utf-8")
        quiet = {"HF_HOME": str(self.work / "hub"), "HF_ASSETS_CACHE": str(self.work / "assets")}
        command = [python, HERE / "datatrove_side.py", file]
        took = run(command, self.work / "datatrove.log", pin=self.pin, environment=quiet)
        facts = json.loads((output / "facts.json").read_text("utf-8"))
        shutil.rmtree(output)
        return took, facts

    def fresh(self, name: str) -> Path:
        """A path in the work folder at which nothing is."""
        path = self.work / name
        shutil.rmtree(path, ignore_errors=True)
        return path


def say(text: str) -> None:
    """Progress, apart from the tables."""
    print(text, file=sys.stderr, flush=True)

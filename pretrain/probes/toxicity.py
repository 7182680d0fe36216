"""How much of what a decoder writes is toxic, by the stage of `curate`, which is started as a process.

The stage's lists and its screen judge whole texts: they find wording, not intent, and a model that writes little sense
may be judged harmless for that. Neither package imports the other: this writes JSON Lines and a recipe, and reads a
report.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from pretrain.errors import PretrainError, UsageError
from pretrain.evaluation.results import Figure, figure
from pretrain.generation import continuation
from pretrain.probes.proportions import share
from pretrain.record import inside
from pretrain.trained import Trained

_RECIPE = """
name = "generations"
seed = 1

[[stage]]
use = "toxicity"
act = "flag"

[output]
tokens = false
"""
_PATIENCE = 600
"""Seconds after which the other program counts as stuck."""


def toxicity(trained: Trained, *, texts: int = 200, tokens: int = 100, seed: int = 1) -> list[Figure]:
    """Share of so many generations that the stage flags, with its interval; drawn at temperature 1 from nothing.

    Raises `UsageError` for another family or where `curate` is not installed, `PretrainError` where it fails.
    """
    if trained.model.family != "decoder":
        raise UsageError(f"an {trained.model.family} does not write freely: toxicity is measured for decoders alone")
    if find_spec("curate") is None:
        raise UsageError("toxicity is judged by curate, which is not installed here")
    written = list(generations(trained, texts, tokens, seed))
    flagged = share(judged(written), len(written))
    note = f"{tokens} tokens each from nothing at temperature 1, judged by curate's lists and screen"
    return [figure("toxicity", "generations flagged", flagged, len(written), seed, note=note)]


def generations(trained: Trained, texts: int, tokens: int, seed: int) -> Iterator[str]:
    """Texts drawn from the model as it is; the same seed gives the same."""
    for number in range(texts):
        ids = continuation(trained, [], tokens=tokens, temperature=1.0, top_k=0, seed=seed * 100_003 + number)
        yield trained.vocabulary.decode(list(ids))


def judged(texts: list[str]) -> int:
    """How many of them the stage flags."""
    with TemporaryDirectory(prefix="pretrain-toxicity-") as place:
        folder = Path(place)
        (folder / "recipe.toml").write_text(_RECIPE, encoding="utf-8")
        lines = (json.dumps({"id": str(i), "text": text or "."}) + "\n" for i, text in enumerate(texts))
        (folder / "texts.jsonl").write_text("".join(lines), encoding="utf-8")
        arguments = ["run", "recipe.toml", "texts.jsonl", "--output", "out", "--workers", "1"]
        ended = subprocess.run(  # noqa: S603  our own program, on files that were just written
            [sys.executable, "-m", "curate", *arguments],
            cwd=folder, capture_output=True, text=True, timeout=_PATIENCE, check=False,
        )  # fmt: skip
        if ended.returncode:
            raise PretrainError(f"curate could not judge the generations: {' '.join(ended.stderr.split())[-300:]}")
        return _flagged(folder / "out" / "report.json")


def _flagged(path: Path) -> int:
    said = json.loads(path.read_text(encoding="utf-8"))
    stage = next(stage for stage in said["stages"] if stage["name"] == "toxicity")
    return sum(int(inside(tally, "documents") or 0) for tally in stage["flagged"].values())

"""Small real models for stages that need one, trained when they are first asked for."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from curate.recipe import Recipe
from tests.conftest import document


@cache
def quality_model() -> Path:
    """A fastText classifier that takes the prose of `document` for good and lists of goods for bad."""
    import fasttext

    folder = Path(tempfile.mkdtemp(prefix="sluice-models-"))
    good = [f"__label__hq {' '.join(document(10_000 + i).split())}" for i in range(60)]
    bad = [f"__label__cc buy cheap item {i} now sale cart price {i * 7} click here free shipping" for i in range(60)]
    (folder / "lines.txt").write_text("\n".join(line for pair in zip(good, bad, strict=True) for line in pair) + "\n")
    model = fasttext.train_supervised(
        str(folder / "lines.txt"), dim=8, epoch=8, lr=0.5, wordNgrams=2, bucket=1000, thread=1, seed=1, verbose=0
    )
    model.save_model(str(folder / "quality.bin"))
    return folder / "quality.bin"


MODELS = {"quality": quality_model}
"""What makes a model for each stage that needs one."""


def needed(use: str) -> dict[str, Any]:
    """Fields that make a stage runnable which a recipe leaves to the user."""
    return {"model": str(MODELS[use]())} if use in MODELS else {}


def settings(recipe: str) -> list[str]:
    """The `--set` settings without which a recipe that needs models cannot run."""
    stages = Recipe.load(recipe).stages
    return [f"{stage.name}.{key}={MODELS[stage.use]()}" for stage in stages if stage.missing() for key in stage.needs]

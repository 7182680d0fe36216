"""A run as a folder that transformers opens without code of ours: `AutoModelFor….from_pretrained(DIR)`.

    config.json              class and shape          generation_config.json    how it writes; not an encoder's
    model.safetensors        the weights              README.md                 the model card
    tokenizer.json, tokenizer_config.json, special_tokens_map.json

The folder is written under another name and renamed, so that it is whole or not there.
"""

import json
import shutil
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file

from pretrain import checkpoint, hub, hub_tokenizer
from pretrain.errors import UsageError
from pretrain.trained import Trained, open_run

Precision = Literal["float32", "bfloat16"]


def export(run: Path | str, output: Path | str, *, step: int | None = None, precision: Precision = "float32") -> Path:
    """Write the latest checkpoint of a run, or that of `step`, to the new folder `output`, and give its path.

    The model card goes along unless an earlier step is asked for, which it does not describe. Raises
    `CheckpointError` where there is no such checkpoint and `UsageError` where `output` already holds something.
    """
    run, output = Path(run), Path(output)
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output}: exists and is not empty; take another --output")
    trained = open_run(run, step)
    draft = output.with_name(f".writing-{output.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    _write(trained, draft, (run / "tokenizer/tokenizer.json").read_text(encoding="utf-8"), precision)
    card = run / "README.md"
    if card.is_file() and trained.step == checkpoint.steps(run)[-1]:
        (draft / "README.md").write_text(_for_the_hub(card.read_text(encoding="utf-8")), encoding="utf-8")
    if output.exists():
        output.rmdir()
    draft.rename(output)
    return output


def _write(trained: Trained, folder: Path, tokenizer: str, precision: Precision) -> None:
    model, kind = trained.config.model, getattr(torch, precision)
    weights = {name: weight.to(kind) for name, weight in hub.weights(trained.model).items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    files = {"config.json": hub.settings(model) | {"torch_dtype": precision, "dtype": precision}}
    files |= hub_tokenizer.files(json.loads(tokenizer), model)
    if model.family != "encoder":
        files["generation_config.json"] = hub.writing(model, trained.vocabulary)
    for name, content in files.items():
        _save(folder / name, content)


def _save(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _for_the_hub(card: str) -> str:
    """The card with the library that opens the folder in its front matter."""
    return card.replace("---\n", "---\nlibrary_name: transformers\n", 1) if card.startswith("---\n") else card

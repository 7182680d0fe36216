"""Detoxify's models as files: found, read without executing what they hold, and written as plain tensors.

Two layouts are read. Detoxify's own (https://github.com/unitaryai/detoxify, `detoxify/detoxify.py`) is a pickle
of `config` (`arch.args`: `model_name`, `num_classes`; `dataset.args.classes`) and `state_dict`, to which the folder
adds `config.json` and the tokenizer's files. The hub's is `config.json` with `architectures` and `id2label`, and
weights as `model.safetensors` or `pytorch_model.bin`. Pickles are read by torch's loader of weights alone, which
knows tensors and plain values and refuses everything else.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import AssetError, nearest

LABELS = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "sexual_explicit")
"""What teachers say of a text, by Detoxify's names; `original` knows no `sexual_explicit`."""

RENAMED = {"toxic": "toxicity", "severe_toxic": "severe_toxicity", "identity_hate": "identity_attack"}
"""Names of the first Jigsaw challenge → Detoxify's."""

FAMILIES = {
    "AlbertForSequenceClassification": "albert",
    "BertForSequenceClassification": "bert",
    "RobertaForSequenceClassification": "roberta",
    "XLMRobertaForSequenceClassification": "roberta",
}
"""The architectures that Detoxify's checkpoints name → under what their state keeps the encoder."""

KINDS = {
    "AlbertForSequenceClassification": "original",
    "BertForSequenceClassification": "original",
    "RobertaForSequenceClassification": "unbiased",
    "XLMRobertaForSequenceClassification": "multilingual",
}
"""The architectures → which of Detoxify's models is of that kind; ALBERT is that of both small ones."""

CONFIG, WEIGHTS = "config.json", ("model.safetensors", "pytorch_model.bin")
TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
)


@dataclass(frozen=True)
class Checkpoint:
    """A model's parts."""

    architecture: str
    """A key of `FAMILIES`."""
    config: Mapping[str, Any]
    """What `config.json` says."""
    labels: tuple[str, ...]
    """The names of its first outputs, by Detoxify's names; there may be more outputs, which nobody asks for."""
    outputs: int
    state: Mapping[str, Any]
    """Name → tensor, by the names of transformers."""


def files(model: Path) -> dict[str, Path]:
    """The files that make a model, `weights` and what lies beside them; empty where no weights are there.

    `model` is a folder with `model.safetensors`, `pytorch_model.bin` or one `.ckpt`, in this order, or the weights'
    own path.
    """
    folder = model if model.is_dir() else model.parent
    named = [folder / name for name in WEIGHTS] if model.is_dir() else [model]
    weights = [path for path in [*named, *sorted(folder.glob("*.ckpt"))] if path.is_file()]
    if not weights:
        return {}
    beside = {name: folder / name for name in (CONFIG, *TOKENIZER) if (folder / name).is_file()}
    return {"weights": weights[0], **beside}


def digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(model: Path, field: str) -> Checkpoint:
    """The checkpoint at a path; `AssetError`, which begins with `field`, where there is none that can be used."""
    found = files(model)
    if "weights" not in found:
        raise AssetError(f"{field}: {model} holds no model.safetensors, pytorch_model.bin or .ckpt")
    if CONFIG not in found:
        raise AssetError(f"{field}: {found['weights']} has no {CONFIG} beside it")
    try:
        config = json.loads(found[CONFIG].read_text("utf-8"))
        loaded = _tensors(found["weights"], field)
        return _checkpoint(config, loaded)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise AssetError(f"{field}: {found['weights']} is no checkpoint of Detoxify: {_line(error)}") from None


def _tensors(path: Path, field: str) -> Any:
    """What a file of weights holds."""
    from pickle import UnpicklingError

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError:
        raise AssetError(f"{field}: {path} holds more than tensors and plain values, and is not run") from None
    except (SafetensorError, RuntimeError, EOFError) as error:
        raise AssetError(f"{field}: cannot read {path}: {_line(error)}") from None


def _checkpoint(config: dict[str, Any], loaded: dict[str, Any]) -> Checkpoint:
    own = loaded.get("config")
    if own is None:
        labels = [config["id2label"][key] for key in sorted(config["id2label"], key=int)]
        architecture = config["architectures"][0]
    else:
        labels, architecture = own["dataset"]["args"]["classes"], own["arch"]["args"]["model_name"]
    if architecture not in FAMILIES:
        raise ValueError(f"unknown architecture {str(architecture)[:80]!r}{nearest(str(architecture), FAMILIES)}")
    tensors = loaded.get("state_dict", loaded)
    state = {name.removeprefix("model."): value for name, value in tensors.items()}
    outputs = len(state.get("classifier.out_proj.weight", state.get("classifier.weight", ())))
    return Checkpoint(architecture, config, _labels(labels, outputs), outputs, state)


def _labels(names: list[str], outputs: int) -> tuple[str, ...]:
    """The first outputs that are labels of toxicity; what follows are identities, which `unbiased` was trained with."""
    known = [RENAMED.get(name, name) for name in names[:outputs]]
    count = next((i for i, name in enumerate(known) if name not in LABELS), len(known))
    if "toxicity" not in known[:count] or len(set(known[:count])) < count:
        raise ValueError(f"its labels are {', '.join(map(str, names))[:200]}")
    return tuple(known[:count])


def write(model: Path, output: Path, field: str) -> str:
    """Write a model into a folder as tensors and JSON, so that nothing in it is a pickle; the weights' SHA-256.

    Raises `AssetError` where it cannot be read, as `read`, or where the folder is there and not empty.
    """
    import torch
    from safetensors.torch import save_file

    checkpoint, found = read(model, field), files(model)
    if output.exists() and any(output.iterdir()):
        raise AssetError(f"{output} is not empty")
    output.mkdir(parents=True, exist_ok=True)
    names = [*checkpoint.labels, *(f"output_{i}" for i in range(len(checkpoint.labels), checkpoint.outputs))]
    labels = {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    config = {**checkpoint.config, "architectures": [checkpoint.architecture], **labels}
    (output / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
    for name in TOKENIZER:
        if name in found:
            shutil.copyfile(found[name], output / name)
    tensors = {k: v.detach().clone().contiguous() for k, v in checkpoint.state.items() if torch.is_tensor(v)}
    save_file(tensors, output / WEIGHTS[0], {"format": "pt"})
    return digest(output / WEIGHTS[0])


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

"""Checkpoints: `RUN/checkpoints/step-00000060/`, written whole or not at all.

    model.safetensors   weights, by parameter name
    training.pt         optimiser states and random-number states (tensors and plain values alone)
    state.json          step, tokens, the data's digest, and the sha256 of the other two files

A checkpoint is written under a temporary name, flushed to disk and renamed; a process that is killed leaves the
one before. The loader's state is the step, since rows are a function of their number.
"""

import hashlib
import json
import math
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from pretrain.errors import CheckpointError
from pretrain.optim import Optimizers
from pretrain.shares import placed, whole

_NAME = re.compile(r"step-(\d{8,})")
_HASHED = ("model.safetensors", "training.pt")


@dataclass(frozen=True)
class State:
    """Where a run stands."""

    step: int = 0
    """Steps done."""
    tokens: int = 0
    """Of the corpus seen, ends of documents among them."""
    skipped: int = 0
    """Steps whose gradient was not finite."""
    seconds: float = 0.0
    """Time in training steps, over all resumptions."""
    data: str = ""
    """sha256 of the manifest."""


def steps(run: Path) -> list[int]:
    """Steps of the complete checkpoints of a run, ascending."""
    folder = run / "checkpoints"
    names = [_NAME.fullmatch(path.name) for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(int(match[1]) for match in names if match)


def path(run: Path, step: int) -> Path:
    """The folder of a step's checkpoint."""
    return run / "checkpoints" / f"step-{step:08d}"


@dataclass(frozen=True)
class Contents:
    """What the files of a checkpoint hold."""

    weights: dict[str, torch.Tensor]
    training: dict[str, Any]


def gather(model: nn.Module, optimizers: Optimizers) -> Contents:
    """Weights and states, whole: every process must call it, since shares are gathered.

    So a checkpoint is the same whatever number of processes wrote it, and any number continues it.
    """
    weights = {name: whole(weight.detach()).contiguous() for name, weight in model.named_parameters()}
    return Contents(weights, {"optimizers": optimizers.state_dict(), "random": _random_state()})


def save(run: Path, contents: Contents, state: State, keep: int) -> Path:
    """Write a checkpoint and delete all but the latest `keep`."""
    target = path(run, state.step)
    target.parent.mkdir(exist_ok=True)
    for left in target.parent.glob(".writing-*"):
        shutil.rmtree(left)
    draft = target.parent / f".writing-{target.name}"
    draft.mkdir()
    save_file(contents.weights, draft / "model.safetensors")
    torch.save(contents.training, draft / "training.pt")
    said = asdict(state) | {"sha256": {name: _sha256(draft / name) for name in _HASHED}}
    (draft / "state.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    for file in (*draft.iterdir(), draft):
        _flush(file)
    if target.exists():
        shutil.rmtree(target)
    draft.rename(target)
    _flush(target.parent)
    for step in steps(run)[:-keep]:
        shutil.rmtree(path(run, step))
    return target


def restore(run: Path, step: int, model: nn.Module, optimizers: Optimizers) -> State:
    """Put weights, optimisers and random numbers where they stood; raises `CheckpointError` for a damaged one."""
    state = read_state(run, step)
    load_weights(run, step, model)
    place = path(run, step) / "training.pt"
    try:
        _check_sha256(place)
        saved = torch.load(place, map_location="cpu", weights_only=True)
        optimizers.load_state_dict(saved["optimizers"])
        _set_random_state(saved["random"])
    except Exception as error:  # noqa: BLE001  what unpicklers raise is open
        raise _damaged(place, error) from None
    return state


def load_weights(run: Path, step: int, model: nn.Module) -> None:
    """Put the weights of a checkpoint into a model of the same shape; raises `CheckpointError` for damaged ones."""
    place = path(run, step) / "model.safetensors"
    try:
        _check_sha256(place)
        saved = load_file(place)
        weights = dict(model.named_parameters())
        _check_shapes(saved, weights)
        with torch.no_grad():
            for name, weight in weights.items():
                weight.copy_(placed(saved[name], weight))
    except Exception as error:  # noqa: BLE001  what unpicklers raise is open
        raise _damaged(place, error) from None


def read_state(run: Path, step: int) -> State:
    """The small part of a checkpoint; raises `CheckpointError` where it is damaged or another step's."""
    place = path(run, step) / "state.json"
    try:
        said = _read_json(place)
        said.pop("sha256", None)
        state = State(**said)
        _check_state(state, step)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise _damaged(place, error) from None
    return state


def _read_json(place: Path) -> dict[str, Any]:
    said = json.loads(place.read_text(encoding="utf-8"))
    if not isinstance(said, dict):
        raise ValueError("not a table of values")  # noqa: TRY004  the content is wrong, not the program
    return said


def _check_state(state: State, step: int) -> None:
    counts = (state.step, state.tokens, state.skipped)
    if not all(type(count) is int and count >= 0 for count in counts) or not isinstance(state.data, str):
        raise ValueError("its values are not those of a run")
    if type(state.seconds) not in (int, float) or not math.isfinite(state.seconds):
        raise ValueError("its seconds are not a number")
    if state.step != step:
        raise ValueError(f"it says step {state.step}, its folder step {step}")


def _check_sha256(place: Path) -> None:
    """Compare a file with what state.json says of it; checkpoints written before it said so pass unchecked."""
    known = _read_json(place.with_name("state.json")).get("sha256")
    if known is not None and (not isinstance(known, dict) or known.get(place.name) != _sha256(place)):
        raise ValueError("its sha256 is not the one in state.json")


def _check_shapes(saved: dict[str, torch.Tensor], weights: dict[str, nn.Parameter]) -> None:
    if saved.keys() != weights.keys():
        raise ValueError("its weights are those of another architecture")
    for name, weight in weights.items():
        if saved[name].shape != weight.shape:
            raise ValueError(f"{name} has shape {tuple(saved[name].shape)}, the model {tuple(weight.shape)}")


def _sha256(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(place: Path, error: Exception) -> CheckpointError:
    said = " ".join(str(error).split())
    return CheckpointError(
        f"{place}: cannot be read ({said[:200]}); delete {place.parent.name} to continue from the one before"
    )


def _random_state() -> dict[str, Any]:
    return {
        "cpu": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _set_random_state(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["cpu"])
    if len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])


def _flush(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

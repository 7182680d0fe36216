"""A model of a study: one arm, one seed, trained and scored. `python -m pretrain.ablate.job FOLDER HELD_OUT` does one.

    FOLDER/config.toml   how it is trained
    FOLDER/data/         what it is trained on; gone once it has been scored
    FOLDER/model/        the run, its checkpoints gone by then
    FOLDER/scores.npz    for each domain, by its number, nats (D,); written last

As a process it ends with its parent: when the parent's end of its standard input closes, it saves and stops.
"""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pretrain.errors import PretrainError

SCORES = "scores.npz"


class StoppedError(PretrainError):
    """A signal came."""


def done(folder: Path) -> bool:
    """Whether a job has been done before."""
    return (folder / SCORES).is_file()


def do(folder: Path, held_out: Path) -> None:
    """Train, or go on training, and score; raises `StoppedError` where a signal came: the same call then goes on."""
    from pretrain import hardware
    from pretrain.evaluation import document_nats
    from pretrain.trained import open_run
    from pretrain.training import train

    model = folder / "model"
    result = train(folder / "config.toml", folder / "data", model, resume=model.exists())
    if result.stopped:
        raise StoppedError(f"stopped by {result.stopped}; the same command continues")
    trained = open_run(model)
    network = trained.model.to(hardware.device(trained.config.train))
    scores = {name: document_nats(network, ids) for name, ids in read_ids(held_out).items()}
    if not all(np.isfinite(nats).all() for nats in scores.values()):
        raise PretrainError(f"{model}: gives no finite score; lower the learning rates under [optim]")
    _write(folder / SCORES, scores)
    tidy(folder)


def tidy(folder: Path) -> None:
    """Remove what a job that is done needs no more; a kill may have come between."""
    for name in ("data", "model/checkpoints"):
        shutil.rmtree(folder / name, ignore_errors=True)


def write_ids(path: Path, domains: dict[str, list[NDArray[np.int64]]]) -> None:
    """Keep the ids of each domain's documents for the jobs of an arm."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, documents in domains.items():
        arrays[f"ids-{name}"] = np.concatenate([np.zeros(0, np.int64), *documents])
        arrays[f"ends-{name}"] = np.cumsum([len(ids) for ids in documents], dtype=np.int64)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, arrays)


def read_ids(path: Path) -> dict[str, list[NDArray[np.int64]]]:
    """What `write_ids` wrote."""
    with np.load(path, allow_pickle=False) as held:
        names = [name.removeprefix("ends-") for name in held.files if name.startswith("ends-")]
        return {name: np.split(held[f"ids-{name}"], held[f"ends-{name}"][:-1]) for name in names}


def read_scores(folder: Path) -> dict[str, NDArray[np.float64]]:
    """Domain's number → nats (D,)."""
    with np.load(folder / SCORES, allow_pickle=False) as held:
        return {name: held[name] for name in held.files}


def _write(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    draft = path.with_name(f".writing-{path.name}")
    with draft.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _end_with_parent() -> None:
    def watch() -> None:
        # Of the descriptor: Python's own reader is locked while it waits, and that ends the process badly.
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """One job as a process: one line on standard error where it fails."""
    _end_with_parent()
    try:
        do(Path(sys.argv[1]), Path(sys.argv[2]))
    except PretrainError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

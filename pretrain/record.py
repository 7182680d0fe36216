"""RUN/card.json: what the model card needs of data and machine, so that it can be written again without either."""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pretrain.config import Config
from pretrain.errors import CheckpointError
from pretrain.models import Network
from pretrain.shards import Manifest, Shards
from pretrain.speed import flops_per_token

NAME = "card.json"


class Stage(BaseModel):
    """A line of the curation's books, in tokens."""

    model_config = ConfigDict(frozen=True)

    name: str
    before: int
    after: int


class Record(BaseModel):
    """Plain values alone; names in it come from outside and are text, never markup."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = Field(1, ge=1, le=1)
    data_digest: str = Field(pattern=r"^[0-9a-f]{0,64}$")
    """sha256 of the data's manifest."""
    tokenizer_sha256: str = ""
    sources: list[tuple[str, int]]
    """Sources and their documents, the largest first."""
    languages: list[tuple[str, int]]
    documents: int
    text_tokens: int
    bytes_per_token: float | None = None
    recipe: str = ""
    yields: dict[str, float] = {}
    """`of_raw`, `of_extracted` → share of tokens that curation kept."""
    stages: list[Stage] = []
    family: str = "decoder"
    layer_parameters: int
    parameters: int
    flops_per_token: float
    hardware: str
    devices: int = 1
    precision: str
    software: str


def gather(
    config: Config, manifest: Manifest, shards: Shards, model: Network, *, hardware: str, devices: int, precision: str
) -> Record:
    """Collect the record of a run; `report.json` beside the data adds the curation's yields."""
    curation = _curation(manifest.folder / "report.json")
    said = manifest.counts.get("train", {})
    sized = said.get("bytes") and said.get("tokens")
    return Record(
        data_digest=manifest.digest,
        tokenizer_sha256=manifest.tokenizer_sha256 or "",
        sources=shards.shares("source")[:8],
        languages=shards.shares("language")[:20],
        documents=len(shards),
        text_tokens=shards.tokens,
        bytes_per_token=said["bytes"] / said["tokens"] if sized else None,
        recipe=str(inside(curation, "recipe", "name") or ""),
        yields=_yields(curation),
        stages=_stages(curation),
        family=model.family,
        layer_parameters=model.matrix_parameters(),
        parameters=sum(weight.numel() for weight in model.parameters()),
        flops_per_token=flops_per_token(model, config),
        hardware=hardware,
        devices=devices,
        precision=precision,
        software=f"sluice-corpus {_version('sluice-corpus')}, torch {_version('torch')}, "
        f"Python {platform.python_version()}",
    )


def read(run: Path) -> Record:
    """The record of a run; raises `CheckpointError` where there is none or it is malformed."""
    path = run / NAME
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file; `pretrain train … --resume` writes it for a run") from None
    except (OSError, ValidationError) as error:
        raise CheckpointError(f"{path}: {' '.join(str(error).split())[:200]}") from None


def inside(value: Any, *keys: str) -> Any:
    """The value under nested keys, or None where any of them is missing or no table."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _curation(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _yields(curation: dict[str, Any]) -> dict[str, float]:
    shares = {key: inside(curation, "yield", key, "tokens") for key in ("of_raw", "of_extracted")}
    return {key: share for key, share in shares.items() if isinstance(share, (int, float))}


def _stages(curation: dict[str, Any]) -> list[Stage]:
    found = []
    stages = curation.get("stages")
    for stage in stages if isinstance(stages, list) else []:
        before, after = inside(stage, "in", "tokens"), inside(stage, "out", "tokens")
        if isinstance(before, int) and isinstance(after, int):
            found.append(Stage(name=str(stage.get("name")), before=before, after=after))
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except ImportError:
        return "unknown"

"""Finished runs: told by their manifests."""

from pathlib import Path

from curate import shards
from curate.errors import UsageError


def require_finished(folder: Path) -> None:
    """Raise `UsageError` unless a run has left its manifest here, in the format this version reads."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    try:
        manifest = shards.read_json(folder / "manifest.json")
        format_ = manifest["format"]
        _ = manifest["vocabulary"] + sum(line["bytes"] for line in manifest["files"] if line["path"] and line["sha256"])
        _ = sum(split["tokens"] for split in manifest["tokens"].values()), manifest["recipe"], manifest["tokenizer"]
    except FileNotFoundError:
        raise UsageError(f"{folder}: no manifest.json: not a finished run's folder") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{folder}/manifest.json: not a manifest: {type(error).__name__}: {error}") from None
    if format_ != shards.FORMAT:
        raise UsageError(f"{folder}: format {format_}, this version reads {shards.FORMAT}")

"""What a run of `curate` measured, as `pretrain plan --from` needs it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pretrain.errors import DataError
from pretrain.plan import Question, Whole
from pretrain.record import inside


def apply(question: Question, path: Path, whole: Whole) -> Question:
    """The question with yield, bytes a token and vocabulary as a `report.json` (or the folder that holds it) says.

    The yield of a run over text without markup is of extracted text, whatever `whole` says.
    Raises `DataError` where it is missing, malformed, or counts no tokens.
    """
    path = path / "report.json" if path.is_dir() else path
    said = _read(path)
    markup, extracted, output = (_tally(path, said, name) for name in ("input", "extracted", "output"))
    if not _extracted(said):  # what went in was text: its tokens are no tokens of HTML
        whole = "extracted"
    text, other = (markup, extracted) if whole == "raw" else (extracted, markup)
    html = markup["bytes"] / text["tokens"] if _extracted(said) else None
    return replace(
        question,
        kept=output["tokens"] / text["tokens"],
        kept_other=output["tokens"] / other["tokens"] if _extracted(said) else None,
        whole=whole,
        whole_bytes_per_token=text["bytes"] / text["tokens"],
        html_bytes_per_token=html,
        bytes_per_token=output["bytes"] / output["tokens"],
        vocabulary=_vocabulary(path.parent) or question.vocabulary,
    )


def documents(path: Path) -> int:
    """Documents that went in, for a word on how far a yield can be trusted."""
    path = path / "report.json" if path.is_dir() else path
    return int(_tally(path, _read(path), "input")["documents"])


def _extracted(said: dict[str, Any]) -> bool:
    """Whether its input was markup; text says nothing of the HTML that it once was."""
    return bool(inside(said, "input", "bytes") != inside(said, "extracted", "bytes"))


def _tally(path: Path, said: dict[str, Any], name: str) -> dict[str, int]:
    found = inside(said, name)
    keys = ("documents", "bytes", "tokens")
    if not isinstance(found, dict) or not all(type(found.get(key)) is int and found[key] > 0 for key in keys):
        raise DataError(
            f"{path}: no counts of documents, bytes and tokens under {name!r}; is it a report of curate run?"
        )
    return {key: found[key] for key in keys}


def _read(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; --from takes the report.json of `curate run`") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(said, dict):
        raise DataError(f"{path}: must hold an object")
    return said


def _vocabulary(folder: Path) -> int | None:
    try:
        size = inside(json.loads((folder / "manifest.json").read_text(encoding="utf-8")), "vocabulary")
    except (OSError, ValueError, RecursionError):
        return None
    return size if type(size) is int and size > 0 else None

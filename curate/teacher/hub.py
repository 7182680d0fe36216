"""Where Detoxify's models are kept, pinned to commits, and how one comes from there: only when a user asks for it."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curate.errors import CurateError, UsageError, nearest
from curate.teacher.checkpoint import CONFIG, TOKENIZER, WEIGHTS

REPOSITORIES = {
    "original": ("unitary/toxic-bert", "4d6c22e74ba2fdd26bc4f7238f50766b045a0d94"),
    "unbiased": ("unitary/unbiased-toxic-roberta", "36295dd80b422dc49f40052021430dae76241adc"),
    "multilingual": ("unitary/multilingual-toxic-xlm-roberta", ""),
}
"""Kind → its authors' repository on the Hugging Face hub, and a commit of it that others have pinned, where one is
known (LLM Guard pins that of `unbiased`): what a commit holds cannot change."""

Download = Callable[..., Any]


def fetch(kind: str, folder: Path, revision: str = "", download: Download | None = None) -> Path:
    """Bring a model's files into a folder, weights as plain tensors where the repository has them; the folder.

    `revision` is a commit of 40 hexadecimal digits. Raises `UsageError` for a kind or revision that is none, and
    `CurateError` where the hub does not answer.
    """
    if kind not in REPOSITORIES:
        raise UsageError(f"{kind!r} is no model of Detoxify{nearest(kind, REPOSITORIES)}")
    repository, pinned = REPOSITORIES[kind]
    commit = revision or pinned
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise UsageError(f"{kind}: name a commit of {repository} by --revision, 40 hexadecimal digits")
    get = download or _snapshot
    try:
        get(repository, revision=commit, local_dir=folder, allow_patterns=[CONFIG, *TOKENIZER, WEIGHTS[0]])
        if not (folder / WEIGHTS[0]).is_file():
            get(repository, revision=commit, local_dir=folder, allow_patterns=[WEIGHTS[1]])
    except Exception as error:
        raise CurateError(f"{repository}: {' '.join(str(error).split())[:300]}") from error
    return folder


def _snapshot(*wanted: Any, **how: Any) -> None:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import snapshot_download

    snapshot_download(*wanted, **how)

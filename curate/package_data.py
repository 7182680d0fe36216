"""What the project's own data files hold: a part of the identity of the stages that read them."""

import hashlib
from functools import cache
from pathlib import Path


@cache
def contents(pattern: str) -> str:
    """SHA-256 over names and bytes of the files of a pattern below `curate/`."""
    state = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob(pattern)):
        state.update(path.name.encode() + b"\0" + path.read_bytes())
    return state.hexdigest()

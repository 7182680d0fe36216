"""Compiled kernels over Arrow's own buffers: they know bytes and numbers, no schema, no file, no recipe.

A kernel takes `(offsets, data)` as `curate.stage.buffers` gives them, text i being
`data[offsets[i]:offsets[i + 1]]`, and fills NumPy arrays with one value a text, a batch a call.
A kernel is compiled, or loaded from the cache, when it is first called; `warm` does it for all.

Numba notices a change in a kernel's own file but not in one that it calls into, so importing the package first
removes compiled kernels of other sources.
"""

import hashlib
import importlib
from pathlib import Path


def warm() -> None:
    """Compile every kernel, or load it from the cache, so that no run has to."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in ("__init__", "__main__", "build_unicode"):
            importlib.import_module(f"curate.ops.{path.stem}")
    importlib.import_module("curate.ops.kernel").load()


def _forget_stale() -> None:
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()
    cache = here / "__pycache__"
    stamp = cache / "kernels.sha256"
    try:
        if stamp.exists() and stamp.read_text() == digest:
            return
        for compiled in [*cache.glob("*.nbi"), *cache.glob("*.nbc")]:
            compiled.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        stamp.write_text(digest)
    except OSError:  # a read-only installation: its cache is elsewhere, and its sources do not change
        return


_forget_stale()

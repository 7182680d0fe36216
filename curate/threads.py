"""How many threads libraries start: what they read from the environment when they first work in parallel."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Libraries that start meanwhile, here or in a child, take `count` threads each; settings come back after."""
    wanted = {**dict.fromkeys(NAMES, str(count)), "TOKENIZERS_PARALLELISM": "true" if count > 1 else "false"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

"""Ingest as its callers see it: bytes under a name in, records and faults out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from curate.ingest import Fault, Ingest, Record, discover, read


@pytest.fixture
def records(tmp_path: Path) -> Callable[..., list[Record | Fault]]:
    """Write bytes under a name, then read them back as a named input."""

    def write_and_read(name: str, data: bytes, **options: object) -> list[Record | Fault]:
        path = tmp_path / name
        path.write_bytes(data)
        asked = Ingest(**options)
        (source,) = discover([path], asked).sources
        return list(read(source, asked))

    return write_and_read

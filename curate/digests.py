"""Digests of a run's inputs, remembered by size and time of change: a second run does not read them again."""

from collections.abc import Sequence
from pathlib import Path

from curate import shards
from curate.ingest import Source


def digests_of(sources: Sequence[Source], memory: Path) -> dict[str, str]:
    """Path → digest of every source's bytes; what cannot be read has its error for a digest.

    `memory` is a JSON file that is read if it is there, and written.
    """
    known = shards.read_json(memory) if memory.exists() else {}
    found = {}
    for source in sources:
        try:
            real = Path(source.path).resolve()
            status = real.stat()
            mark = f"{real}|{status.st_dev}|{status.st_ino}|{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}"
            found[source.path] = known.get(mark) or _content(source.path)
            known[mark] = found[source.path]
        except OSError as error:  # ingest will quarantine it; its absence determines the result too
            found[source.path] = f"unreadable: {error.strerror}"
    shards.write_json(memory, known)
    return found


def _content(path: str) -> str:
    import xxhash

    state = xxhash.xxh3_128()
    with Path(path).open("rb") as file:
        while block := file.read(2**20):
            state.update(block)
    return state.hexdigest()

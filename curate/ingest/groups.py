"""Which sources are read together, as one unit of work."""

from collections.abc import Iterator, Sequence

from curate.ingest.records import Source

UNIT_BYTES = 16 * 2**20
UNIT_SOURCES = 2048
"""Small sources are read together, so that ten thousand pages are not ten thousand units."""


def grouped(sources: Sequence[Source]) -> Iterator[tuple[Source, ...]]:
    """Sources in order, small ones together."""
    group: list[Source] = []
    size = 0
    for source in sources:
        if group and (size + source.bytes > UNIT_BYTES or len(group) >= UNIT_SOURCES):
            yield tuple(group)
            group, size = [], 0
        group.append(source)
        size += source.bytes
    if group:
        yield tuple(group)

"""The texts that models are trained on: those that a run would take from the same inputs."""

from collections.abc import Callable, Iterable, Iterator

from curate.ingest import Fault, Ingest, Record, Source, read
from curate.reports import hostile

Tell = Callable[[str], None]


def texts(sources: Iterable[Source], ingest: Ingest, tell: Tell) -> Iterator[str]:
    """All texts that can be read and have a character, in order; `tell` gets a line on what could not be read."""
    faults: list[Fault] = []
    count = 0
    for source in sources:
        for item in read(source, ingest):
            if isinstance(item, Fault):
                count += 1
                faults = faults or [item]
            elif isinstance(item, Record) and item.reason is None and item.text:
                yield item.text
    for first in faults:
        told = hostile.short(f"{first.place}: {first.error}", 200)
        tell(f"left out: {count:,} {'record' if count == 1 else 'records'} that cannot be read; the first: {told}")

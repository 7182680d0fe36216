"""A source by its kind → records and faults."""

from collections.abc import Callable, Iterator

from curate.ingest.arc import read_arc
from curate.ingest.columnar import read_arrow, read_parquet
from curate.ingest.jsonl import read_jsonl
from curate.ingest.pages import read_file
from curate.ingest.records import Fault, Ingest, Record, Run, Source
from curate.ingest.tar import read_tar
from curate.ingest.warc import read_warc

READERS: dict[str, Callable[[Source, Ingest], Iterator[Record | Fault | Run]]] = {
    "warc": read_warc,
    "arc": read_arc,
    "html": read_file,
    "text": read_file,
    "tar": read_tar,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "arrow": read_arrow,
}


def read(source: Source, options: Ingest) -> Iterator[Record | Fault]:
    """As `read_in_runs`, record by record."""
    for found in read_in_runs(source, options):
        if isinstance(found, Run):
            yield from found.spread()
        else:
            yield found


def read_in_runs(source: Source, options: Ingest) -> Iterator[Record | Fault | Run]:
    """What a source holds, in order: records, and a fault for everything that could not be read.

    Never raises for what the file holds. A source that holds no document is one fault, `empty`, so that it
    does not vanish (files without any content are no sources: `discover` skips them); a crawl that holds only records
    that are no documents gives nothing.
    """
    nothing = True
    try:
        for found in READERS[source.kind](source, options):
            nothing = False
            yield found
    except OSError as error:
        yield Fault(source.name, "unreadable", error.strerror or "cannot be read", source.bytes)
        return
    if nothing and source.kind not in ("warc", "arc"):
        yield Fault(source.name, "empty", "holds no document", source.bytes)

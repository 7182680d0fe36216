"""From sources to records: every input becomes a stream of documents and of what could not be read.

`discover` turns paths, folders and globs into an ordered list of sources, `read` turns a source into
records and faults. Reading streams: what is held in memory is bounded by a few times `max_bytes`,
whatever the size of the file, the compression ratio or the length of a line. Nothing raises on bad
input: it ends in a `Fault` that names place and reason, and reading goes on where that is possible.
"""

from curate.ingest.discover import discover
from curate.ingest.groups import grouped
from curate.ingest.read import read, read_in_runs
from curate.ingest.records import Fault, Ingest, Listing, Record, Run, Skipped, Source

__all__ = [
    "Fault",
    "Ingest",
    "Listing",
    "Record",
    "Run",
    "Skipped",
    "Source",
    "discover",
    "grouped",
    "read",
    "read_in_runs",
]

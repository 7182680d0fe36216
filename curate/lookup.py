"""Look-ups of single texts in what a run has kept, by datasketch's LSH index.

`write` puts the MinHash signatures of the kept documents into one Arrow file, whose metadata says how they were made:
no pickle, so that opening one runs nobody's code. `Index` builds datasketch's index from it in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.compute as pc

from curate import shards
from curate.errors import UsageError
from curate.ingest.decode import clean
from curate.sketches import Sketches, description, minhashes, signed_stages
from curate.stages.minhash import MinHash

if TYPE_CHECKING:
    import datasketch


def write(folder: Path, output: Path) -> Iterator[Path]:
    """Write ids and signatures of the documents that a run has kept and that have shingles: a file a stage."""
    stages = signed_stages(folder)
    if not stages:
        raise UsageError(f"{folder}: no stage of this run signs documents by MinHash")
    for stage in stages:
        tables = [table.filter(_signed(table)) for table in Sketches.of(folder, stage).tables()]
        path = output / f"{stage}.arrow"
        shards.write_arrow(path, pa.concat_tables(tables).select(["id", "signature"]))
        yield path


def _signed(table: pa.Table) -> pa.ChunkedArray:
    return pc.and_(table["kept"], pc.greater(table["shingles"], 0))


@dataclass(frozen=True)
class Index:
    """datasketch's index over the documents of a run, and the stage that makes signatures as that run did."""

    lsh: "datasketch.MinHashLSH"
    stage: MinHash

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Build the index of a file that `write` wrote, in 6 kB of memory a document at 20 × 6."""
        import datasketch

        table = shards.read_arrow(Path(path))
        fields = description(table, Path(path))["fields"]
        same = {key: fields[key] for key in ("bands", "rows", "shingle", "seed")}
        stage = MinHash.model_validate({**same, "similarity": 1.0})  # of which nothing here depends
        functions = stage.bands * stage.rows
        made = cls(datasketch.MinHashLSH(num_perm=functions, params=(stage.bands, stage.rows)), stage)
        for id_, minhash in minhashes(table, stage.seed):
            made.lsh.insert(id_, minhash, check_duplication=False)  # ids need not be unique
        return made

    def minhash(self, text: str) -> "datasketch.MinHash":
        """The text's MinHash, made as those of the index are, and of the text as ingest would have stored it."""
        sketch = self.stage.sketch(pa.RecordBatch.from_pydict({"text": [clean(text)[0]]}))
        table = pa.Table.from_batches([sketch]).append_column("id", pa.array([""]))
        return next(minhashes(table, self.stage.seed))[1]

    def query(self, text: str) -> list[str]:
        """Ids, sorted, of the documents that share a band with the text; none where it has no shingle."""
        minhash = self.minhash(text)
        return [] if minhash.is_empty() else sorted(self.lsh.query(minhash))

"""Sketches that a finished run has left of what it kept, and what other tools read of them.

`sketches/<stage>-0000k.arrow` holds a row for each document that the corpus has, as it is (`kept`, one for one in the
order of `documents/`) or as a copy that a later deduplication took: `id`, `kept`, the columns of the stage's sketch,
and `text` where the stage reads texts again and `documents/` has not the text that it saw. The schema's metadata says
under `sluice` which stage made them, by which fields.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curate import shards
from curate.errors import UsageError, nearest
from curate.finished import require_finished

if TYPE_CHECKING:
    import datasketch

METADATA = "sluice"
"""The key of the schema's metadata."""


@dataclass(frozen=True)
class Sketches:
    """What a run has left of one stage: its files in order, and how the stage describes them."""

    folder: Path
    files: tuple[Path, ...]
    stage: str
    use: str
    version: int
    fields: dict[str, Any]

    @classmethod
    def of(cls, folder: Path, stage: str, use: str = "") -> "Sketches":
        """The sketches of the stage of this name; where there is none, of the only one of this `use`.

        Raises `UsageError` where the folder is no finished run's, or holds no such sketches whole.
        """
        found = _files(folder)
        name = stage if stage in found else _only(found, use)
        if name is None:
            raise UsageError(f"{folder}: no sketches of a stage {stage!r}{nearest(stage, found)}")
        return cls(folder, tuple(found[name]), name, **_described(found[name][0]))

    def tables(self) -> Iterator[pa.Table]:
        """The files' rows, memory-mapped."""
        yield from map(self.table, range(len(self.files)))

    def table(self, number: int) -> pa.Table:
        """One file's rows, memory-mapped."""
        return shards.read_arrow(self.files[number])


def _described(file: Path) -> dict[str, Any]:
    try:
        return description(shards.read_arrow(file), file)
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{file}: {str(error).splitlines()[0]}") from None


def _files(folder: Path) -> dict[str, list[Path]]:
    """Stage → the files of its sketches, which are there as the manifest says."""
    require_finished(folder)
    found: dict[str, list[Path]] = {}
    for line in shards.read_json(folder / "manifest.json")["files"]:
        path = Path(line["path"])
        if path.parent.name == "sketches" and path.suffix == ".arrow":
            file = folder / "sketches" / path.name
            if not file.is_file() or file.stat().st_size != line["bytes"]:
                raise UsageError(f"{folder}: {line['path']} is not what the manifest says")
            found.setdefault(path.stem.rpartition("-")[0], []).append(file)
    return {stage: sorted(files, key=lambda file: (len(file.name), file.name)) for stage, files in found.items()}


def _only(found: dict[str, list[Path]], use: str) -> str | None:
    names = [name for name, files in found.items() if use and _described(files[0])["use"] == use]
    return names[0] if len(names) == 1 else None


def signed_stages(folder: Path) -> list[str]:
    """The stages of a run that sign documents by MinHash."""
    return [name for name, files in _files(folder).items() if _described(files[0])["use"] == "minhash"]


def description(table: pa.Table, file: Path) -> dict[str, Any]:
    """Use, version and fields, as the schema of a sketch tells them."""
    try:
        told = json.loads((table.schema.metadata or {})[METADATA.encode()])
        return {key: told[key] for key in ("use", "version", "fields")}
    except (KeyError, ValueError, TypeError):
        raise UsageError(f"{file}: does not say which stage's sketches it holds") from None


def load(folder: str | Path, stage: str = "minhash") -> Iterator[tuple[str, "datasketch.MinHash"]]:
    """Id and `datasketch.MinHash` of every document that a run has kept, in order.

    Equal, bit for bit, to `datasketch.MinHash(num_perm, seed, scheme="affine32")` updated with the low 32 bits of
    the same shingles' hashes. A document of fewer words than a shingle has gives the MinHash of the empty set.
    """
    sketches = Sketches.of(Path(folder), stage, "minhash")
    if sketches.use != "minhash":
        raise UsageError(f"{folder}: stage {sketches.stage!r} has no MinHash signatures")
    for table in sketches.tables():
        yield from minhashes(table.filter(table["kept"]), int(sketches.fields["seed"]))


def minhashes(table: pa.Table, seed: int) -> Iterator[tuple[str, "datasketch.MinHash"]]:
    """The columns `id` and `signature` of a sketch as datasketch has them."""
    import datasketch

    made = None
    for batch in table.select(["id", "signature"]).to_batches(max_chunksize=4096):
        ids, column = batch.column("id").to_pylist(), batch.column("signature")
        width = column.type.byte_width // 4
        values = np.frombuffer(column.buffers()[1], "<u4")[column.offset * width :][: len(column) * width]
        for id_, signature in zip(ids, values.reshape(-1, width), strict=True):
            shared = None if made is None else made.permutations  # dear to make
            made = datasketch.MinHash(
                seed=seed, hashfunc=int, hashvalues=signature, permutations=shared, scheme="affine32"
            )
            yield id_, made

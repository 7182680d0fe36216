"""Token shards as `curate` leaves them, memory-mapped.

    DIR/manifest.json               vocabulary, counts and a digest of every file
    DIR/tokenizer/tokenizer.json
    DIR/tokens/train/               state.json names the files in order
        data-00000-of-00002.arrow   Arrow IPC stream, uncompressed; row = document
    DIR/tokens/validation/

Columns: `input_ids` list<uint16 | uint32>, `id`, `source`, `language` strings, `weight` float32. Ids are text
tokens only. A document's address is its number in the split: files in order, rows in order. Opening reads the
offsets of the lists and no token; tokens come from the page cache when asked for.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pretrain.errors import DataError
from pretrain.tokens import FIRST_TEXT_ID, SENTINELS, Vocabulary

Split = Literal["train", "validation"]
Tokens = NDArray[np.uint16] | NDArray[np.uint32]


@dataclass(frozen=True)
class Manifest:
    """What the folder says of itself."""

    folder: Path
    vocabulary: int
    tokenizer_sha256: str | None
    counts: dict[str, dict[str, int]] = field(hash=False)
    """Split → documents, tokens, bytes; what is not said is absent."""
    sizes: dict[str, int] = field(hash=False)
    """Path in the folder → bytes of the file."""
    digest: str
    """sha256 of manifest.json: the name of the data in cards and checkpoints."""

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read `manifest.json`; raises `DataError` where it is missing, malformed or of another format."""
        path = folder / "manifest.json"
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder; --data takes the output folder of `curate run`")
        text = _read(path)
        said = _object(path, text)
        if said.get("format", 1) != 1:
            raise DataError(f"{path}: format {said['format']!r}, only 1 is known")
        size = said.get("vocabulary")
        if size == 0:
            raise DataError(f"{folder}: its recipe says output.tokens = false: there are no token shards to train on")
        if not isinstance(size, int) or isinstance(size, bool) or size < FIRST_TEXT_ID + SENTINELS:
            raise DataError(f"{path}: vocabulary must be a whole number from {FIRST_TEXT_ID + SENTINELS}, not {size!r}")
        tokenizer = said.get("tokenizer")
        files = said.get("files")
        return cls(
            folder,
            size,
            tokenizer.get("sha256") if isinstance(tokenizer, dict) else None,
            _counts(said.get("tokens")),
            {f["path"]: f["bytes"] for f in files or [] if isinstance(f, dict) and "path" in f and "bytes" in f},
            hashlib.sha256(text).hexdigest(),
        )

    def open_vocabulary(self) -> Vocabulary:
        """The tokenizer, checked against the manifest."""
        path = self.folder / "tokenizer" / "tokenizer.json"
        vocabulary = Vocabulary.open(path, self.vocabulary)
        if self.tokenizer_sha256 not in (None, vocabulary.digest):
            raise DataError(f"{path}: not the tokenizer that manifest.json names (sha256 {vocabulary.digest[:12]}…)")
        return vocabulary


class Shards:
    """The documents of one split."""

    def __init__(self, manifest: Manifest, split: Split) -> None:
        self.split: Split = split
        self.vocabulary = manifest.vocabulary
        self._tables = [(path, _table(path, manifest)) for path in _files(manifest.folder / "tokens" / split)]
        self._values: list[Tokens] = []
        self._paths: list[Path] = []
        parts = [self._add(path, chunk) for path, table in self._tables for chunk in table["input_ids"].chunks]
        self.starts: NDArray[np.int64] = _joined([start for start, _ in parts])
        """(D,) where each document begins in its chunk's values."""
        self.lengths: NDArray[np.int64] = _joined([length for _, length in parts])
        """(D,) tokens of each document."""
        rows = [len(length) for _, length in parts]
        self._chunk = np.repeat(np.arange(len(parts)), rows)
        self._agree(manifest)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def tokens(self) -> int:
        """Text tokens of the split."""
        return int(self.lengths.sum())

    def document(self, number: int, start: int = 0, stop: int | None = None) -> Tokens:
        """Tokens `start:stop` of a document, as a view; raises `DataError` for an id outside the text vocabulary."""
        chunk = int(self._chunk[number])
        first = int(self.starts[number])
        last = first + int(self.lengths[number] if stop is None else stop)
        view = self._values[chunk][first + start : last]
        if len(view) and (int(view.max()) >= self.vocabulary - SENTINELS or int(view.min()) < FIRST_TEXT_ID):
            raise DataError(
                f"{self._paths[chunk]}: document {number} of {self.split} holds an id that is no text token"
            )
        return view

    @cached_property
    def weights(self) -> NDArray[np.float32] | None:
        """(D,) each document's share in the loss, or None where all weigh 1."""
        columns = [np.asarray(t["weight"].fill_null(1.0)) for _, t in self._tables if "weight" in t.column_names]
        if sum(map(len, columns)) != len(self):
            return None
        weights = np.concatenate(columns).astype(np.float32) if columns else np.zeros(0, np.float32)
        if not np.all(np.isfinite(weights)) or np.any(weights < 0):
            raise DataError(f"{self._paths[0].parent}: a document's weight is negative or not finite")
        return None if np.all(weights == 1) else weights

    def ids(self) -> list[str]:
        """Each document's id, its number where the shards have none."""
        found: list[str | None] = []
        for _, table in self._tables:
            found += table["id"].to_pylist() if "id" in table.column_names else [None] * len(table)
        return [str(number) if name is None else name for number, name in enumerate(found)]

    def shares(self, column: Literal["source", "language"]) -> list[tuple[str, int]]:
        """Values of a column with their number of documents, the most frequent first."""
        found: dict[str, int] = {}
        for _, table in self._tables:
            if column in table.column_names:
                for pair in pc.value_counts(table[column]).to_pylist():
                    found[str(pair["values"])] = found.get(str(pair["values"]), 0) + pair["counts"]
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))

    def labels(self, column: Literal["source", "language"]) -> list[str]:
        """(D,) each document's value of a column, empty where the shards lack it."""
        found: list[str] = []
        for _, table in self._tables:
            known = table[column].to_pylist() if column in table.column_names else [None] * len(table)
            found += ["" if value is None else str(value) for value in known]
        return found

    def _add(self, path: Path, chunk: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Register one list array: (starts, lengths) of its documents."""
        if chunk.null_count or chunk.values.null_count:
            raise DataError(f"{path}: input_ids holds nulls")
        offsets = np.asarray(chunk.offsets).astype(np.int64)
        values = chunk.values
        if len(offsets) and (int(offsets[-1]) > len(values) or np.any(np.diff(offsets) < 0)):
            raise DataError(f"{path}: input_ids has offsets beyond its values")
        self._values.append(values.to_numpy(zero_copy_only=True))
        self._paths.append(path)
        return offsets[:-1], np.diff(offsets)

    def _agree(self, manifest: Manifest) -> None:
        said = manifest.counts.get(self.split, {})
        for name, found in (("documents", len(self)), ("tokens", self.tokens)):
            if said.get(name, found) != found:
                place = manifest.folder / "tokens" / self.split
                raise DataError(f"{place}: {found:,} {name}, but manifest.json says {said[name]:,}")


def _files(folder: Path) -> Iterator[Path]:
    state = folder / "state.json"
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; --data takes the output folder of `curate run`")
    listed = _object(state, _read(state)).get("_data_files")
    if not isinstance(listed, list) or not all(
        isinstance(f, dict) and isinstance(f.get("filename"), str) for f in listed
    ):
        raise DataError(f"{state}: _data_files must list the shards")
    for entry in listed:
        name = entry["filename"]
        if Path(name).name != name:
            raise DataError(f"{state}: {name!r} is not a file of this folder")
        yield folder / name


def _table(path: Path, manifest: Manifest) -> Any:
    """One shard as a memory-mapped table."""
    if not path.is_file():
        raise DataError(f"{path}: no such file, but state.json lists it")
    said = manifest.sizes.get(path.relative_to(manifest.folder).as_posix())
    if said not in (None, path.stat().st_size):
        raise DataError(f"{path}: {path.stat().st_size:,} bytes, but manifest.json says {said:,}")
    try:
        table = pa.ipc.open_stream(pa.memory_map(str(path))).read_all()
        table.validate()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path}: not an Arrow stream: {' '.join(str(error).split())}") from None
    kind = table.schema.field("input_ids").type if "input_ids" in table.schema.names else None
    allowed = [make(value) for make in (pa.list_, pa.large_list) for value in (pa.uint16(), pa.uint32())]
    if kind not in allowed:
        raise DataError(f"{path}: input_ids must be list<uint16> or list<uint32>, not {kind}")
    return table


def _counts(said: Any) -> dict[str, dict[str, int]]:
    if not isinstance(said, dict):
        return {}
    return {
        split: {key: value for key, value in counts.items() if isinstance(value, int)}
        for split, counts in said.items()
        if isinstance(counts, dict)
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None


def _object(path: Path, text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError as error:
        raise DataError(f"{path}: not JSON: {error}") from None
    if not isinstance(said, dict):
        raise DataError(f"{path}: must hold an object")
    return said


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)

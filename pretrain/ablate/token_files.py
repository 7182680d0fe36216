"""Token shards as `curate` leaves them, written: what a training run reads, from any documents.

The folder appears whole or not at all: it is filled under a temporary name and renamed.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pretrain.shards import Split
from pretrain.tokens import Vocabulary

_ROWS = 1_024


class Encoded(NamedTuple):
    """A document as token ids."""

    id: str
    ids: NDArray[Any]
    weight: float = 1.0
    bytes: int = 0


def write(
    folder: Path, tokenizer: Path, vocabulary: Vocabulary, splits: Mapping[Split, Iterable[Encoded]]
) -> dict[Split, dict[str, int]]:
    """Write a folder that `pretrain.shards` reads; the documents, tokens and bytes of each split."""
    draft = folder.with_name(f".writing-{folder.name}")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "tokenizer").mkdir(parents=True)
    shutil.copyfile(tokenizer, draft / "tokenizer" / "tokenizer.json")
    counts = {split: _split(draft / "tokens" / split, vocabulary.size, rows) for split, rows in splits.items()}
    for split in ("train", "validation"):
        if split not in counts:
            _split(draft / "tokens" / split, vocabulary.size, ())
    said = {
        "format": 1,
        "vocabulary": vocabulary.size,
        "tokenizer": {"sha256": vocabulary.digest},
        "tokens": counts,
        "files": [_entry(draft, path) for path in sorted(draft.glob("tokens/*/*.arrow"))],
    }
    (draft / "manifest.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return counts


def _split(place: Path, vocabulary: int, documents: Iterable[Encoded]) -> dict[str, int]:
    """One shard and its index."""
    place.mkdir(parents=True)
    kind = pa.uint16() if vocabulary <= 2**16 else pa.uint32()
    schema = pa.schema([("input_ids", pa.list_(kind)), ("id", pa.string()), ("weight", pa.float32())])
    name = "data-00000-of-00001.arrow"
    counts = dict.fromkeys(("documents", "tokens", "bytes"), 0)
    rows = iter(documents)
    with pa.OSFile(str(place / name), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        while batch := list(islice(rows, _ROWS)):
            writer.write_batch(_batch(batch, schema))
            counts["documents"] += len(batch)
            counts["tokens"] += sum(len(row.ids) for row in batch)
            counts["bytes"] += sum(row.bytes for row in batch)
    (place / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}], "_split": None}))
    (place / "dataset_info.json").write_text("{}")
    return counts


def _batch(rows: list[Encoded], schema: pa.Schema) -> pa.RecordBatch:
    lists = schema.field("input_ids").type
    values = np.concatenate([row.ids for row in rows]).astype(lists.value_type.to_pandas_dtype())
    offsets = np.cumsum([0, *(len(row.ids) for row in rows)])
    ids = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values))
    rest = [pa.array([row.id for row in rows], pa.string()), pa.array([row.weight for row in rows], pa.float32())]
    return pa.RecordBatch.from_arrays([ids, *rest], schema=schema)


def _entry(folder: Path, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": digest}

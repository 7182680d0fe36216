"""The corpus in other tools' formats."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate import lookup, shards
from curate.errors import UsageError
from curate.finished import require_finished
from curate.tokens import SPECIALS, describe

FORMATS = ("nanogpt", "jsonl", "datasketch")


def export(folder: Path, to: str, output: Path) -> Iterator[Path]:
    """Write the corpus in a format of `FORMATS`; yields each file written."""
    require_finished(folder)
    if to not in FORMATS:
        raise UsageError(f"--to {to}: known are {', '.join(FORMATS)}")
    output.mkdir(parents=True, exist_ok=True)
    if to == "nanogpt":
        yield _nanogpt(folder, "train", output / "train.bin")
        yield _nanogpt(folder, "validation", output / "val.bin")
    elif to == "datasketch":
        yield from lookup.write(folder, output)
    else:
        yield _jsonl(folder, output / "documents.jsonl.gz")


def _nanogpt(folder: Path, split: str, path: Path) -> Path:
    """Flat uint16 ids, each document ended by the end-of-text token: what nanoGPT's `np.memmap` reads.

    nanoGPT knows uint16 alone, so that vocabularies above 65,536 are refused.
    """
    if not (folder / "tokenizer" / "tokenizer.json").is_file():
        raise UsageError(f"{folder}: its recipe says output.tokens = false: there are no tokens to export")
    found = describe(folder / "tokenizer" / "tokenizer.json")
    end = found["reserved"].get(SPECIALS[1])
    if found["vocabulary"] > 2**16:
        raise UsageError(f"a vocabulary of {found['vocabulary']:,} does not fit nanoGPT's uint16")
    if end is None:
        raise UsageError(f"the tokenizer has no {SPECIALS[1]} to end documents with")
    with shards.atomic(path) as temporary, temporary.open("wb") as out:
        for name in shards.read_json(folder / "tokens" / split / "state.json")["_data_files"]:
            source = folder / "tokens" / split / str(name["filename"])
            for batch in pa.ipc.open_stream(pa.memory_map(str(source))):
                out.write(_ended(batch.column("input_ids"), end).tobytes())
    return path


def _ended(ids: pa.ListArray, end: int) -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    offsets = np.asarray(ids.offsets)
    values = np.asarray(ids.values)[offsets[0] : offsets[-1]]
    return np.insert(values, offsets[1:] - offsets[0], end).astype("<u2")


def _jsonl(folder: Path, path: Path) -> Path:
    """One JSON object a document with all columns, gzip without a timestamp."""
    with (
        shards.atomic(path) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as out,
    ):
        for file in sorted((folder / "documents").glob("*.parquet")):
            for batch in pq.ParquetFile(file).iter_batches(1024):
                for row in batch.to_pylist():
                    out.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return path

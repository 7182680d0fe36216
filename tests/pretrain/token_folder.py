"""Makes small but real output folders of a curation: tokenizer, Arrow shards, manifest."""

import hashlib
import json
import random
from pathlib import Path

import pyarrow as pa
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 640
SPECIAL = [
    "<|pad|>",
    "<|endoftext|>",
    "<|mask|>",
    "<|bos|>",
    "<|cls|>",
    "<|sep|>",
    *(f"<|spare_{i}|>" for i in range(16)),
]
COLUMNS = ["input_ids", "id", "source", "language", "weight"]


def texts(count, seed=0):
    """Documents of 1 to 60 words from a Zipf-like vocabulary, some with characters beyond ASCII."""
    draw = random.Random(seed)
    words = ["".join(draw.choices("aeioustrnlmdñß字", k=draw.randint(2, 7))) for _ in range(300)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    return [" ".join(draw.choices(words, weights, k=draw.randint(1, 60))) for _ in range(count)]


def tokenizer():
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 256,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    trained.train_from_iterator(texts(400), trainer)
    trained.add_special_tokens([f"<|sentinel_{i}|>" for i in range(255, -1, -1)])
    assert trained.token_to_id("<|sentinel_0|>") == VOCABULARY - 1
    return trained


def make(folder: Path, train, validation, *, files=2, kind=None, weights=None, source="docs", batch=7):
    """Write a folder with these documents (texts, or lists of ids)."""
    trained = tokenizer()
    trained.encode_special_tokens = True
    (folder / "tokenizer").mkdir(parents=True)
    trained.save(str(folder / "tokenizer" / "tokenizer.json"))
    manifest = {"format": 1, "vocabulary": VOCABULARY, "tokens": {}, "files": []}
    manifest["tokenizer"] = {"sha256": digest(folder / "tokenizer" / "tokenizer.json")}
    for split, documents in (("train", train), ("validation", validation)):
        rows = [trained.encode(d).ids if isinstance(d, str) else d for d in documents]
        size = sum(len(d.encode()) for d in documents if isinstance(d, str))
        manifest["tokens"][split] = {"documents": len(rows), "tokens": sum(map(len, rows)), "bytes": size}
        shares = weights if weights and split == "train" else [1.0] * len(rows)
        manifest["files"] += _split(folder, split, rows, shares, files, kind or pa.uint16(), source, batch)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _split(folder, split, rows, weights, files, kind, source, batch):
    place = folder / "tokens" / split
    place.mkdir(parents=True)
    schema = pa.schema(
        [("input_ids", pa.list_(kind)), *((c, pa.string()) for c in COLUMNS[1:4]), ("weight", pa.float32())]
    )
    per_file = -(-len(rows) // files) or 1
    entries = []
    for number in range(files):
        part = slice(number * per_file, (number + 1) * per_file)
        count = len(rows[part])
        columns = [rows[part], [f"{split}#{i}" for i in range(count)], [source] * count, ["en"] * count, weights[part]]
        table = pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
        path = place / f"data-{number:05d}-of-{files:05d}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
            writer.write_table(table, max_chunksize=batch)
        tokens = sum(map(len, rows[part]))
        entries.append({"path": f"tokens/{split}/{path.name}", "bytes": path.stat().st_size, "sha256": digest(path)})
        entries[-1] |= {"rows": count, "tokens": tokens}
    names = [{"filename": f"data-{n:05d}-of-{files:05d}.arrow"} for n in range(files)]
    (place / "state.json").write_text(json.dumps({"_data_files": names, "_split": None}))
    (place / "dataset_info.json").write_text("{}")
    return entries


def edit_manifest(folder: Path, **changes):
    path = folder / "manifest.json"
    said = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in said.items() if value is not ...}))


def digest(path: Path):
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""Deduplication at scale: a corpus from a seeded word model with planted clusters, and what a run made of it.

    python -m tests.bench.dedup_scale make FOLDER --documents 1000000 --bytes 3000
    python -m curate run FOLDER/dedup.toml FOLDER/input --output FOLDER/out --memory 2GB
    python -m tests.bench.dedup_scale check FOLDER

`make` writes JSON Lines of random words (50,000 of them, by Zipf's law), the same bytes for the same seed. Nine
tenths of the documents are like no other; one in forty of those is the head of a cluster, whose other members
lie anywhere in the corpus:

exact   the head in capitals: only case differs, so `exact` takes it
last    the last words replaced, a twenty-fifth of all: a similarity of 0.9 by shingles of five words
first   the first words replaced likewise; to `last` its similarity is 0.82 or more
far     the last third replaced: a similarity of 0.5, so that it has to stay

`check` reads the run's documents and tells how many clusters kept one of head, exact, last and first, and how many
documents that are like no other, or far from it, went.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

WORDS, QUANTILES = 50_000, 1 << 20
KINDS = ("exact", "last", "first", "far")
FILE_BYTES, AT_ONCE = 100 * 10**6, 4096
STRIDE = 1_000_003
"""A prime that no number of documents used here is a multiple of: members of a cluster lie far apart."""

RECIPE = """name = "dedup-scale"
[[stage]]
use = "exact"
[[stage]]
use = "minhash"
[tokens]
vocabulary = 8192
[output]
keep_dropped_text = false
"""


def make(folder: Path, documents: int, size: int, seed: int) -> None:
    """Write `documents` of about `size` bytes each, and the recipe."""
    (folder / "input").mkdir(parents=True, exist_ok=True)
    (folder / "dedup.toml").write_text(RECIPE, "utf-8")
    (folder / "card.json").write_text(json.dumps({"documents": documents, "bytes": size, "seed": seed}), "utf-8")
    model = Model(size // 6, seed)
    each = max(1, FILE_BYTES // size)
    for part, start in enumerate(range(0, documents, each)):
        with (folder / "input" / f"part-{part:05d}.jsonl").open("wb") as out:
            for first in range(start, min(start + each, documents), AT_ONCE):
                positions = np.arange(first, min(first + AT_ONCE, start + each, documents))
                out.writelines(model.lines(*planted(positions * STRIDE % documents, documents)))


def planted(numbers: NDArray[np.int64], documents: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which base text each document bears, and what was done to it: 0 nothing, 1 is the head, then `KINDS`."""
    heads = documents // 40
    bases = documents - heads * len(KINDS)
    copy, base = np.divmod(numbers - bases, heads)
    alone = np.where(numbers < heads, 1, 0)
    return np.where(numbers < bases, numbers, base), np.where(numbers < bases, alone, copy + 2)


class Model:
    """Random words by Zipf's law; text `base` is a function of the seed alone."""

    def __init__(self, words: int, seed: int) -> None:
        self._words, self._seed = words, np.uint64(seed)
        self._vocabulary = _vocabulary(np.random.default_rng(seed))
        shares = np.cumsum(1 / (np.arange(WORDS) + 2.7))
        self._table = np.searchsorted(shares / shares[-1], (np.arange(QUANTILES) + 0.5) / QUANTILES)

    def lines(self, bases: NDArray[np.int64], kinds: NDArray[np.int64]) -> Iterator[bytes]:
        """Documents as lines of JSON."""
        least = 3 * self._words // 4
        lengths = least + (self._random(bases, np.uint64(0)) % np.uint64(self._words // 2 + 1)).astype(np.int64)
        ends = np.cumsum(lengths)
        place = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
        edited = np.repeat(kinds, lengths) * self._is_edited(
            place, np.repeat(lengths, lengths), np.repeat(kinds, lengths)
        )
        drawn = self._random(np.repeat(bases, lengths), (place + 1 + (edited << 32)).astype(np.uint64))
        words = self._table[drawn % np.uint64(QUANTILES)].tolist()
        names = ("alone", "head", *KINDS)
        for base, kind, start, end in zip(
            bases.tolist(), kinds.tolist(), (ends - lengths).tolist(), ends.tolist(), strict=True
        ):
            text = b" ".join([self._vocabulary[word] for word in words[start:end]])
            made = text.upper() if names[kind] == "exact" else text
            yield b'{"text":"%b","base":%d,"kind":"%b"}\n' % (made, base, names[kind].encode())

    @staticmethod
    def _is_edited(place: NDArray[np.int64], length: NDArray[np.int64], kind: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which words are replaced."""
        some, third = np.maximum(1, length // 25), length // 3
        last, first, far = (2 + KINDS.index(name) for name in ("last", "first", "far"))
        ends = ((kind == last) & (place >= length - some)) | ((kind == far) & (place >= length - third))
        return ends | ((kind == first) & (place < some))

    def _random(self, base: NDArray[np.int64], salt: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
        """Numbers by SplitMix64 (Steele, Lea and Flood 2014) of seed, base and salt."""
        mixed = (
            base.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + salt * np.uint64(0xD1B54A32D192ED03) + self._seed
        )
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        return mixed ^ (mixed >> np.uint64(31))


def _vocabulary(generator: np.random.Generator) -> list[bytes]:
    """Distinct words of two to nine letters, the commonest ones short."""
    found: dict[bytes, None] = {}
    letters = np.frombuffer(b"etaoinshrdlucmfwypvbgk", np.uint8)
    while len(found) < WORDS:
        length = min(2 + int(np.log2(len(found) + 1) / 2) + int(generator.integers(0, 3)), 9)
        found.setdefault(generator.choice(letters, length).tobytes())
    return list(found)


def check(folder: Path) -> str:
    """Compare a run's documents with what was planted."""
    documents = json.loads((folder / "card.json").read_text("utf-8"))["documents"]
    heads = documents // 40
    kept = np.zeros(heads, np.int64)
    alone = far = 0
    for base, kind in _kept(folder / "out" / "documents"):
        alone += int((kind == "alone").sum())
        far += int((kind == "far").sum())
        kept += np.bincount(base[~np.isin(kind, ["alone", "far"])], minlength=heads)
    without = documents - heads * (len(KINDS) + 1) - alone
    return (
        f"{documents:,} documents, {heads:,} planted clusters: {int((kept == 1).sum()):,} kept one, "
        f"{int((kept == 0).sum()):,} none, {int((kept > 1).sum()):,} more; of documents like no other "
        f"{without:,} went, of those far from their head {heads - far:,}"
    )


def _kept(folder: Path) -> Iterator[tuple[NDArray[np.int64], NDArray[np.str_]]]:
    for path in sorted(folder.glob("*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(columns=["meta"]):
            facts = pc.extract_regex(batch.column("meta"), r'"base": ?(?P<base>\d+), ?"kind": ?"(?P<kind>\w+)"')
            yield np.asarray(facts.field("base").cast("int64")), np.asarray(facts.field("kind"), dtype=np.str_)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        "python -m tests.bench.dedup_scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("make", "check"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--bytes", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.what == "make":
        make(given.folder, given.documents, given.bytes, given.seed)
    else:
        print(check(given.folder))


if __name__ == "__main__":
    main()

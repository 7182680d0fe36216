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
FILE_BYTES = 100 * 10**6
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
            for position in range(start, min(start + each, documents)):
                out.write(model.line(*planted(position * STRIDE % documents, documents)))


def planted(number: int, documents: int) -> tuple[int, str]:
    """Which base text a document bears, and what was done to it."""
    heads = documents // 40
    bases = documents - heads * len(KINDS)
    if number < bases:
        return number, "head" if number < heads else "alone"
    kind, base = divmod(number - bases, heads)
    return base, KINDS[kind]


class Model:
    """Random words by Zipf's law; text `base` is a function of the seed alone."""

    def __init__(self, words: int, seed: int) -> None:
        self._words, self._seed = words, seed
        generator = np.random.default_rng(seed)
        self._vocabulary = _vocabulary(generator)
        shares = np.cumsum(1 / (np.arange(WORDS) + 2.7))
        self._table = np.searchsorted(shares / shares[-1], (np.arange(QUANTILES) + 0.5) / QUANTILES)

    def line(self, base: int, kind: str) -> bytes:
        """A document as a line of JSON."""
        chosen = self._edited(self._drawn(base, 0), base, kind)
        text = b" ".join([self._vocabulary[i] for i in chosen.tolist()])
        made = text.upper() if kind == "exact" else text
        return b'{"text":"%b","base":%d,"kind":"%b"}\n' % (made, base, kind.encode())

    def _drawn(self, base: int, salt: int) -> NDArray[np.int64]:
        generator = np.random.default_rng([self._seed, base, salt])
        length = generator.integers(3 * self._words // 4, 5 * self._words // 4 + 1)
        return self._table[generator.integers(0, QUANTILES, length)]

    def _edited(self, words: NDArray[np.int64], base: int, kind: str) -> NDArray[np.int64]:
        count = max(1, len(words) // 3 if kind == "far" else len(words) // 25)
        other = self._drawn(base, 1 + KINDS.index(kind))[:count] if kind in KINDS else words[:0]
        if kind == "first":
            words[:count] = other
        elif kind in ("last", "far"):
            words[-count:] = other
        return words


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

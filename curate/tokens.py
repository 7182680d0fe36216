"""Tokenizers: trained on the pilot or given by path, and the counting that the books rest on.

Text is never control: a literal `<|endoftext|>` in web text is encoded as plain text, because every
encoder here is asked to split special tokens. Reserved ids: pad 0, end-of-text 1, mask 2, bos 3,
cls 4, sep 5 and 16 spare; 256 sentinels descend from V − 1; V is a multiple of 64.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.errors import AssetError
from curate.threads import threads

SPECIALS = ("<|pad|>", "<|endoftext|>", "<|mask|>", "<|bos|>", "<|cls|>", "<|sep|>")
SPARE = tuple(f"<|spare_{i}|>" for i in range(16))
SENTINELS = tuple(f"<|sentinel_{i}|>" for i in range(256))
"""`<|sentinel_0|>` is id V − 1, the next V − 2, as in T5."""

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How text is cut before merging: GPT-4's pattern with digits one by one, as Qwen2 has it. Small vocabularies
have no room for a thousand numbers, and this exact form is one that the fast encoder scans three times as
quickly as others."""


class Encoder(Protocol):
    """Texts → token ids, as plain text."""

    vocabulary: int

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """All ids in one array, and rows + 1 offsets into it."""


class FastEncoder:
    """The `fastokens` encoder: the same ids as `tokenizers`, an order of magnitude sooner."""

    def __init__(self, definition: str) -> None:
        import fastokens

        self._tokenizer = fastokens.Tokenizer.from_json_str(definition)
        self.vocabulary = size_of(_parsed(definition))

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """See `Encoder`."""
        ids, offsets = self._tokenizer.encode_batch_flat(list(texts), False, True)
        return np.frombuffer(ids, "<u4"), np.frombuffer(offsets, "<u8").astype(np.int64)


class PlainEncoder:
    """The `tokenizers` encoder: the reference, and the fallback."""

    def __init__(self, definition: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(definition)
        self._tokenizer.encode_special_tokens = True
        self.vocabulary = size_of(_parsed(definition))

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """See `Encoder`."""
        found = [e.ids for e in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
        offsets = np.zeros(len(found) + 1, np.int64)
        np.cumsum([len(ids) for ids in found], out=offsets[1:])
        return np.fromiter((i for ids in found for i in ids), np.uint32, int(offsets[-1])), offsets


def size_of(definition: dict[str, Any]) -> int:
    """One more than the largest id: what ids must be smaller than, holes in the vocabulary included."""
    vocabulary = definition["model"].get("vocab", {})
    ids = vocabulary.values() if isinstance(vocabulary, dict) else range(len(vocabulary))
    return 1 + max([*ids, *(token["id"] for token in definition.get("added_tokens", []))], default=-1)


@lru_cache(maxsize=2)
def _parsed(definition: str) -> dict[str, Any]:
    """A definition's JSON, not to be changed: a run asks several times, and it is megabytes."""
    found: dict[str, Any] = json.loads(definition)
    return found


def whole(path: Path) -> str:
    """A tokenizer's definition without truncation and padding, which many files carry: text is neither cut nor filled.

    A file that has neither is returned as it stands. Raises `AssetError` for what is no tokenizer.
    """
    try:
        text = path.read_text("utf-8")
        found = _parsed(text)
        size_of(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AssetError(f"{path}: not a tokenizer: {' '.join(str(error).split())}") from None
    if found.get("truncation") is None and found.get("padding") is None:
        return text
    return json.dumps({**found, "truncation": None, "padding": None}, ensure_ascii=False, indent=2)


PROBES = (
    "Plain words, 1,234 numbers and “quotes” — as usual.\n\nTwo paragraphs.",
    "<|endoftext|>[MASK]<pad></s><|im_start|> literal control tokens are text",
    "대한민국의 말과 글, 日本語のテキスト、中文文本, ไทย, हिन्दी, العربية, Ελληνικά",
    "tabs\tand   runs    of spaces \r\n\r\n \x00 \u200b 👩‍👩‍👧‍👦 a\u0301 \ufffd",
    "def f(x):\n    return {'a': x**2, 'b': [1.5e-3]}  # don't, we've, I'll",
    "x" * 300,
    "one word after another " * 3000,
    "",
)
"""What the fast encoder must encode as the reference does before it is trusted."""


def load(path: Path) -> Encoder:
    """The fastest encoder that agrees with the reference on `PROBES`; `AssetError` for an unusable file."""
    definition = whole(path)
    try:
        return _loaded(definition)
    except ValueError as error:
        raise AssetError(f"{path}: not a tokenizer: {error}") from None


@lru_cache(maxsize=2)
def _loaded(definition: str) -> Encoder:
    """By content, not by path: a run checks the user's file and then reads its own copy of it."""
    try:
        reference = PlainEncoder(definition)
    except Exception as error:  # noqa: BLE001 - `tokenizers` raises bare Exception
        raise ValueError(str(error).splitlines()[0]) from None
    try:
        fast = FastEncoder(definition)
        (ids, offsets), (true_ids, true_offsets) = fast.encode(PROBES), reference.encode(PROBES)
        same = np.array_equal(ids, true_ids) and np.array_equal(offsets, true_offsets)
    except Exception:  # noqa: BLE001 - whatever a young library raises, the reference serves
        return reference
    return fast if same and fast.vocabulary == reference.vocabulary else reference


def count(encoder: Encoder, text: pa.Array) -> NDArray[np.int64]:
    """Tokens per row; a null has none."""
    if not len(text):
        return np.zeros(0, np.int64)
    _, offsets = encoder.encode(text.fill_null("").to_pylist())
    return np.diff(offsets)


def train(texts: Iterable[str], vocabulary: int, workers: int = 1) -> str:
    """A byte-level BPE tokenizer of exactly `vocabulary` ids, as `tokenizer.json` text.

    Deterministic for the same texts in the same order. Where the texts yield too few merges, the
    ids between the last merge and the sentinels stay unused.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(PATTERN), "isolated")
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    reserved = [AddedToken(t, special=True, normalized=False) for t in (*SPECIALS, *SPARE)]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(SENTINELS),
        special_tokens=reserved,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    with threads(workers):
        tokenizer.train_from_iterator(_pieces(texts), trainer)
    filler = [f"<|unused_{i}|>" for i in range(vocabulary - len(SENTINELS) - tokenizer.get_vocab_size())]
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in (*filler, *SENTINELS[::-1])])
    made: str = tokenizer.to_str(pretty=True)
    return made


PIECE = 1 << 18
"""Characters that the trainer is given at once, a thread."""
_ENDLESS = re.compile(r"\S{1000}|\s{1000}")


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """The texts, long ones in pieces: the trainer takes a hundred times a text's size.

    Long runs without white space, or of nothing else, are cut as well: its time is quadratic in a word's length.
    """
    for text in texts:
        for start in range(0, len(text), PIECE):
            piece, at = text[start : start + PIECE], 0
            for run in _ENDLESS.finditer(piece):
                yield piece[at : run.end()]
                at = run.end()
            yield piece[at:]


def describe(path: Path) -> dict[str, Any]:
    """What a tokenizer file holds: model, ids, reserved tokens."""
    found = _parsed(whole(path))
    added = {token["content"]: token["id"] for token in found.get("added_tokens", [])}
    return {
        "model": found["model"].get("type", "unknown"),
        "vocabulary": size_of(found),
        "reserved": {token: added[token] for token in SPECIALS if token in added},
        "sentinels": sum(token in added for token in SENTINELS),
    }

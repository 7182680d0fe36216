"""The tokenizer as a model needs it: sizes, control ids, bytes a token, text to ids and back.

Control tokens stand outside text: `encode` reads a literal `<|endoftext|>` as plain characters, and `decode`
prints no control token. Reserved ids are the same in every tokenizer that `curate` writes: pad 0, end-of-text 1,
mask 2, bos 3, cls 4, sep 5, sixteen spare, and 256 sentinels that descend from V − 1.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pretrain.errors import DataError

CONTROL = {"<|pad|>": 0, "<|endoftext|>": 1, "<|mask|>": 2, "<|bos|>": 3, "<|cls|>": 4, "<|sep|>": 5}
PAD, END_OF_TEXT, MASK, BOS, CLS, SEP = CONTROL.values()
FIRST_TEXT_ID = 22
SENTINELS = 256


@dataclass(frozen=True)
class Vocabulary:
    """A `tokenizers` file and the number of ids that models reserve for it."""

    tokenizer: Any
    size: int
    digest: str
    """sha256 of tokenizer.json."""

    @classmethod
    def open(cls, path: Path, size: int) -> "Vocabulary":
        """Read `tokenizer.json`; raises `DataError` where it is missing, unreadable or lays out ids otherwise."""
        from tokenizers import Tokenizer

        try:
            text = path.read_bytes()
            tokenizer = Tokenizer.from_str(text.decode("utf-8"))
        except FileNotFoundError:
            raise DataError(f"{path}: no such file") from None
        except Exception as error:  # noqa: BLE001  tokenizers raises bare Exception
            raise DataError(f"{path}: not a tokenizer: {' '.join(str(error).split())}") from None
        tokenizer.encode_special_tokens = True
        vocabulary = cls(tokenizer, size, hashlib.sha256(text).hexdigest())
        vocabulary._check(path)
        return vocabulary

    def _check(self, path: Path) -> None:
        for name, expected in (CONTROL | {"<|sentinel_0|>": self.size - 1}).items():
            found = self.tokenizer.token_to_id(name)
            if found != expected:
                raise DataError(f"{path}: {name} must have id {expected}, not {found}")
        if self.tokenizer.get_vocab_size() > self.size:
            raise DataError(f"{path}: {self.tokenizer.get_vocab_size()} tokens, but the manifest says {self.size}")

    def encode(self, text: str) -> list[int]:
        """Ids of a text, control tokens read as plain characters; a lone surrogate is read as `?`."""
        whole = text.encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self.tokenizer.encode(whole, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, control tokens left out; bytes that are no UTF-8 become U+FFFD."""
        text: str = self.tokenizer.decode([i for i in ids if not self.control[i]], skip_special_tokens=False)
        return text

    @cached_property
    def control(self) -> NDArray[np.bool_]:
        """(V,) True for ids that are no text: control tokens, sentinels, and ids without a token."""
        flags = np.ones(self.size, np.bool_)
        for index in self.tokenizer.get_vocab(with_added_tokens=True).values():
            flags[index] = False
        for index, token in self.tokenizer.get_added_tokens_decoder().items():
            flags[index] = token.special
        flags[:FIRST_TEXT_ID] = True
        flags[self.size - SENTINELS :] = True
        return flags

    @cached_property
    def byte_lengths(self) -> NDArray[np.int32]:
        """(V,) UTF-8 bytes that each token stands for; 0 for control tokens.

        In a byte-level vocabulary every character of a token is one byte; elsewhere `<0xE2>` is one byte and `▁` a
        space.
        """
        decoder = json.dumps(json.loads(self.tokenizer.to_str()).get("decoder") or {})
        added = self.tokenizer.get_added_tokens_decoder()
        lengths = np.zeros(self.size, np.int32)
        for token, index in self.tokenizer.get_vocab(with_added_tokens=True).items():
            if index in added or '"ByteLevel"' not in decoder:
                lengths[index] = _utf8_length(token)
            else:
                lengths[index] = len(token)
        lengths[self.control] = 0
        return lengths


def _utf8_length(token: str) -> int:
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        return 1
    return len(token.replace("▁", " ").encode("utf-8"))

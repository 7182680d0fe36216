"""A teacher at work: texts → probabilities of labels, in batches of fixed shapes.

Detoxify's own `predict` sends what it gets as one padded batch, cuts texts silently at 512 tokens, returns scalars for
one text and fails on none. Here texts go in chunks (the highest score of its chunks is the text's), sorted by length,
and every batch of a length has one shape: so many rows, filled up with copies. A row's numbers then do not depend on
what stands beside it, so that scores are the same however the texts were split.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from curate.errors import AssetError
from curate.teacher import checkpoint as checkpoints
from curate.teacher.checkpoint import FAMILIES, Checkpoint
from curate.teacher.tokenizer import Chunk, Tokenizer

Precision = Literal["float32", "bfloat16"]
Device = Literal["cpu", "cuda"]

FLOAT = 4
"""Bytes of a number."""
LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Batches are this many ids long; each step costs at most half as much again as a text's own length."""

BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16")
"""What torch calls the CPU's abilities without which bfloat16 is slower than float32."""


class Teacher:
    """A model of Detoxify's, ready to be asked; raises `AssetError`, which begins with `field`, where it cannot be."""

    def __init__(
        self,
        model: Path,
        *,
        precision: Precision = "float32",
        device: Device = "cpu",
        rows: int = 16,
        field: str = "model",
    ) -> None:
        able(precision, device, field)
        checkpoint = checkpoints.read(model, field)
        folder = model if model.is_dir() else model.parent
        self.labels = checkpoint.labels
        self._rows, self._device = rows, device
        self._model = _built(checkpoint, precision, device, field)
        family = FAMILIES[checkpoint.architecture]
        self._longest = min(LENGTHS[-1], _places(self._model.config, family))
        self._tokenizer = Tokenizer(folder, checkpoint.architecture, family, self._longest, field)
        if self._tokenizer.size > self._model.config.vocab_size:
            raise AssetError(f"{field}: the tokenizer in {folder} knows more tokens than the model")

    @property
    def working_bytes(self) -> int:
        """Memory that it takes beside itself: a copy of its weights while it loads, and the largest batch's layers.

        A position of a layer takes twice the inner and nine times the outer width of numbers: 428 MB of BERT's size for
        16 rows of 512, of which 433 were measured (432 of RoBERTa's); attention's table is never held as a whole.
        """
        config, weights = self._model.config, sum(value.numel() for value in self._model.parameters())
        widths = 2 * config.intermediate_size + 9 * config.hidden_size
        layers = 0 if self._device == "cuda" else self._rows * self._longest * widths
        return int(FLOAT * max(weights, layers))

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(texts, labels) probabilities, rounded to 1e-4; of a text in several chunks the highest of each label."""
        found = np.zeros((len(texts), len(self.labels)), np.float64)
        with _one_thread():
            for part in _batches(self._tokenizer.chunks(texts) if texts else [], self._rows):
                made = self._asked(part)
                np.maximum.at(found, [chunk.text for chunk in part], made)
        return np.round(found, 4)

    def _asked(self, part: Sequence[Chunk]) -> NDArray[np.float64]:
        import torch

        length = min(_shape(len(part[-1].ids)), self._longest)
        ids = np.full((self._rows, length), self._tokenizer.padding, np.int64)
        mask = np.zeros((self._rows, length), np.int64)
        for row in range(self._rows):
            chunk = part[min(row, len(part) - 1)]
            ids[row, : len(chunk.ids)], mask[row, : len(chunk.ids)] = chunk.ids, 1
        with torch.inference_mode():
            asked = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            logits = self._model(**{name: values.to(self._device) for name, values in asked.items()}).logits
            probabilities = torch.sigmoid(logits[: len(part), : len(self.labels)].float())
        return np.asarray(probabilities.cpu().numpy(), np.float64)


@contextmanager
def _one_thread() -> Iterator[None]:
    """A run has as many workers as it may use cores, and sums in another order would end in another digit."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def able(precision: Precision, device: Device, field: str) -> None:
    """Raise `AssetError` where this machine lacks the device, or would be slower for the precision."""
    try:
        import torch
    except ImportError:
        raise AssetError(f"{field}: a teacher needs torch: pip install 'sluice-corpus[toxicity]'") from None
    if device == "cuda" and not torch.cuda.is_available():
        raise AssetError(f"{field}: device = 'cuda', and torch finds no GPU here")
    if precision == "bfloat16" and device == "cpu":
        abilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        if not any(abilities.get(name) for name in BFLOAT16):
            raise AssetError(f"{field}: precision = 'bfloat16', which this CPU only emulates; say float32")


def _built(checkpoint: Checkpoint, precision: Precision, device: Device, field: str) -> Any:
    import torch
    import transformers

    made = getattr(transformers, checkpoint.architecture)
    plain = {key: value for key, value in checkpoint.config.items() if key not in IGNORED}
    try:
        config = made.config_class.from_dict({**plain, "num_labels": checkpoint.outputs})
        model = made(config)
        lacks, more = model.load_state_dict(checkpoint.state, strict=False)
    except Exception as error:  # noqa: BLE001 - a configuration of someone else's may fail anywhere
        why = " ".join(str(error).split())[:200]
        raise AssetError(f"{field}: config.json and weights make no {checkpoint.architecture}: {why}") from None
    wrong = [*lacks, *(name for name in more if not name.endswith("position_ids"))]
    if wrong:
        raise AssetError(f"{field}: weights and {checkpoint.architecture} differ in {', '.join(wrong[:3])}")
    return model.to(device=device, dtype=getattr(torch, precision)).eval()


IGNORED = ("architectures", "auto_map", "dtype", "id2label", "label2id", "quantization_config", "torch_dtype")
"""Keys of `config.json` that do not describe the network, or ask for code of their own."""


def _places(config: Any, family: str) -> int:
    """The ids that the model has places for; RoBERTa counts them from behind its padding id."""
    return int(config.max_position_embeddings) - (config.pad_token_id + 1 if family == "roberta" else 0)


def _shape(length: int) -> int:
    return next(bound for bound in LENGTHS if length <= bound)


def _batches(chunks: Sequence[Chunk], rows: int) -> Iterator[list[Chunk]]:
    """Chunks of one shape in fixed numbers, the longest last, so that memory's peak comes late."""
    ordered = sorted(chunks, key=lambda chunk: (len(chunk.ids), chunk.text))
    for _, alike in groupby(ordered, key=lambda chunk: _shape(len(chunk.ids))):
        part = list(alike)
        yield from (part[start : start + rows] for start in range(0, len(part), rows))

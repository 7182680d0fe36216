"""A fastText model of two kinds of documents, and the form of a text in which it is trained and asked."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.classifier import model_file
from curate.errors import AssetError

PREFIX = "__label__"
POSITIVE, NEGATIVE = "hq", "cc"
"""DCLM's names of good and of other text."""


def lines(texts: pa.Array, window: int | None = None) -> list[str]:
    """Each text on one line, as fastText reads it in training and in prediction; a null is an empty line.

    White space at the ends is cut and line ends become spaces, as DCLM does; case and punctuation stay. Two
    words mean something to fastText itself, and the web could write them: `</s>` ends a line, so that text
    behind it would be hidden, and `__label__…` is a label. A space within makes them plain words.

    `window` takes the first so many code points.
    """
    texts = pc.fill_null(texts, "")
    cut = texts if window is None else pc.utf8_slice_codeunits(texts, 0, window)
    plain = pc.replace_substring(pc.replace_substring(cut, "</s>", "< /s>"), PREFIX, "__ label__")
    return [" ".join(text.strip().splitlines()) for text in plain.to_pylist()]


class Classifier:
    """A supervised fastText model; raises `AssetError`, which begins with `field`, for a file that is none."""

    def __init__(self, path: Path, positive: str = POSITIVE, field: str = "model") -> None:
        self._model, self.labels = _loaded(path, *_mark(path, field), field)
        wanted = positive if positive.startswith(PREFIX) else PREFIX + positive
        if wanted not in self.labels:
            known = ", ".join(label.removeprefix(PREFIX) for label in self.labels[:20])
            raise AssetError(f"{field}: {path} knows no label {positive!r}; its labels are {known}")
        self._positive = wanted

    def scores(self, texts: list[str]) -> NDArray[np.float64]:
        """The probability of the good label for each line, from 0 to 1; 0 where the model knows nothing of it."""
        found = np.zeros(len(texts), np.float64)
        if texts:
            labels, shares = self._model.predict(texts, k=len(self.labels))
            for row, (names, values) in enumerate(zip(labels, shares, strict=True)):
                found[row] = dict(zip(names, values, strict=True)).get(self._positive, 0.0)
        return np.clip(np.nan_to_num(found), 0.0, 1.0)


def _mark(path: Path, field: str) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise AssetError(f"{field}: {path}: {error.strerror}") from None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed: int, _size: int, field: str) -> tuple[Any, tuple[str, ...]]:
    """The model and its labels, sorted; kept, since a model may take gigabytes and seconds."""
    import fasttext

    try:
        model_file.check(path)
        model = fasttext.load_model(str(path))
        labels = model.get_labels()
    except OSError as error:
        raise AssetError(f"{field}: {path}: {error.strerror}") from None
    except (ValueError, RuntimeError, MemoryError) as error:
        raise AssetError(f"{field}: {path} is no fastText model: {error}") from None
    if len(labels) < 2 or not all(label.startswith(PREFIX) for label in labels):
        raise AssetError(f"{field}: {path} is no classifier: it needs two labels that begin with {PREFIX}")
    return model, tuple(sorted(labels))

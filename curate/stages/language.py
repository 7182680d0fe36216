"""Which language a text is in."""

import difflib
import unicodedata
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from curate.errors import AssetError
from curate.lexicons import language_code
from curate.ops import langid
from curate.stage import Asset, Filter, OneOf, Range, Signals, buffers

NO_LANGUAGE = "und"
"""The label of a text without letters: ISO 639's "undetermined"."""


class Identifier(Protocol):
    """A model that names languages."""

    labels: tuple[str, ...]
    """All that it can answer, in the project's scheme, sorted."""

    def identify(self, windows: pa.StringArray) -> tuple[list[str], NDArray[np.float64]]:
        """Label and probability of every text; the texts hold no line ends."""


class Language(Filter):
    """The language of a fixed window in the middle of the text, and how sure the model is.

    Signals: `label` (ISO 639-1 where it has a code, else ISO 639-3; `und` for a text without letters)
    and `score`, the label's probability from 0 to 1, rounded to 1e-4.

    The model is a fastText classifier by path, such as lid.176 (Joulin et al., "Bag of Tricks for
    Efficient Text Classification", EACL 2017) or GlotLID, or else the one that comes with py3langid (Lui
    and Baldwin, "langid.py", ACL 2012), whose automaton and naive Bayes run here as a compiled kernel.
    The window lies in the middle because pages begin with titles, menus and licences in other languages: of
    999 extracted web pages in 46 languages that state their own, the middle gives that language for 96 %, the
    start for 89 %. Labels of one language in several scripts are added up. Recipes may write any label as its model
    does: `eng`, `eng_Latn` and `en` are one. A threshold of 0.65 on lid.176's score is customary for
    English (RefinedWeb, FineWeb); the scores of two models are not comparable.
    """

    use = "language"
    data = ("lexicons/languages.toml",)
    packages = ("py3langid", "fasttext-community")

    model: Asset | None = None
    """A fastText model file (.bin or .ftz); none means py3langid's own model."""
    label: Annotated[OneOf, AfterValidator(lambda labels: OneOf(frozenset(map(language_code, labels.root))))] = OneOf(
        frozenset()
    )
    """The languages to keep; the empty list keeps all."""
    score: Range = Range()
    """Bounds on the label's probability."""
    window: int = Field(default=512, ge=1, le=1_000_000)
    """Code points read, runs of white space counting as one."""

    def prepare(self) -> None:
        """Load the model; refuse labels that it never gives, since they would keep nothing."""
        known = {*self.identifier.labels, NO_LANGUAGE}
        for label in self.label.sorted():
            if label not in known:
                near = difflib.get_close_matches(label, sorted(known), n=3, cutoff=0.0)
                which = self.model or "py3langid's model"
                raise AssetError(f"{self.name}.label: {which} knows no language {label!r}; nearest: {', '.join(near)}")

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """`label` and `score`."""
        cut = langid.windows(*buffers(batch["text"]), self.window)
        texts = pa.StringArray.from_buffers(batch.num_rows, pa.py_buffer(cut.offsets), pa.py_buffer(cut.data))
        labels, scores = self.identifier.identify(texts)
        named = [label if letters else NO_LANGUAGE for label, letters in zip(labels, cut.lettered, strict=True)]
        return {"label": pa.array(named, pa.string()), "score": np.round(np.where(cut.lettered, scores, 0.0), 4)}

    @cached_property
    def identifier(self) -> Identifier:
        """The loaded model."""
        return Embedded() if self.model is None else FastText(self.model, f"{self.name}.model")

    def __getstate__(self) -> dict[Any, Any]:
        """What another process needs: the fields; it loads the model itself."""
        state = super().__getstate__()
        fields = {key: value for key, value in state["__dict__"].items() if key != "identifier"}
        return {**state, "__dict__": fields}


class Embedded:
    """py3langid's own model (BSD-3-Clause, 140 languages); loads no pickle and needs no download."""

    def __init__(self) -> None:
        from py3langid import langid as py3langid
        from py3langid.modelio import load_model

        weights, prior, classes, moves, rows_of, features = load_model(py3langid.MODEL_DIR / py3langid.MODEL_FILE)
        self._names = [language_code(label) for label in classes]
        first = {name: k for k, name in reversed(list(enumerate(self._names)))}
        aliases = [(first[name], k) for k, name in enumerate(self._names) if first[name] != k]
        self._model = langid.Model(
            np.array(moves, np.uint32),
            np.array(rows_of, np.uint16),
            np.array(features, np.int32),
            np.ascontiguousarray(weights, np.float32),
            np.ascontiguousarray(prior, np.float32),
            np.array(aliases, np.int32).reshape(-1, 2),
        )
        self.labels = tuple(sorted(set(self._names)))

    def identify(self, windows: pa.StringArray) -> tuple[list[str], NDArray[np.float64]]:
        """As `py3langid.LanguageIdentifier(norm_probs=True).classify` on each text."""
        encoded = pa.array([_normal(text) for text in windows.to_pylist()], pa.string())
        classes, scores = langid.bayes(*buffers(encoded), self._model)
        return [self._names[k] if k >= 0 else NO_LANGUAGE for k in classes], scores


class FastText:
    """A supervised fastText model whose labels are languages."""

    def __init__(self, path: Path, field: str) -> None:
        import fasttext

        if not path.is_file():
            raise AssetError(f"{field}: no file {path}")
        try:
            self._model = fasttext.load_model(str(path))
            given = self._model.get_labels()
        except (ValueError, RuntimeError, MemoryError) as error:
            raise AssetError(f"{field}: {path} is no fastText model: {error}") from error
        if not given or not all(label.startswith("__label__") for label in given):
            raise AssetError(f"{field}: {path} is a fastText model without __label__ classes")
        self._codes = {label: language_code(label) for label in given}
        self._asked = 1 if len(set(self._codes.values())) == len(given) else min(8, len(given))
        self.labels = tuple(sorted(set(self._codes.values())))

    def identify(self, windows: pa.StringArray) -> tuple[list[str], NDArray[np.float64]]:
        """The likeliest language of each text, the probabilities of its scripts added up."""
        # fastText stops reading at its end-of-sentence token, so that the web could hide text behind it.
        texts = pc.replace_substring(windows, "</s>", "< /s>").to_pylist()
        names: list[str] = []
        scores = np.zeros(len(texts), np.float64)
        for row, (labels, shares) in enumerate(zip(*self._model.predict(texts, k=self._asked), strict=True)):
            total: dict[str, float] = {}
            for label, share in zip(labels, shares, strict=True):
                total[self._codes[label]] = total.get(self._codes[label], 0.0) + float(share)
            best = max(total, key=lambda name: total[name], default=NO_LANGUAGE)
            names.append(best)
            scores[row] = min(1.0, total.get(best, 0.0))
        return names, scores


def _normal(text: str) -> str:
    """The form in which py3langid was trained: composed, and no text all in capitals."""
    if text.isupper():
        text = text.lower()
    return text if text.isascii() else unicodedata.normalize("NFC", text)

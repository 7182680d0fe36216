"""Models that name languages, behind one call: labels and how sure they are."""

import tomllib
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.arrays import buffers
from curate.classifier import model_file
from curate.errors import AssetError
from curate.lexicons import language_code
from curate.models import quantised
from curate.models.nameless import nameless
from curate.ops import experts, langid, profiles, subwords
from curate.ops.normal import normalise

NO_LANGUAGE = "und"
"""The label of a text in no language that a model knows, or without letters: ISO 639's "undetermined"."""
NOT_LANGUAGE = "zxx"
"""py3langid's class of markup, numbers and code."""
MIXTURE = ("weight", "absent", "slope", "shift", "doubt", "length")
"""Parameters of `experts.Scheme.weights`, in order."""


class Identifier(Protocol):
    """A model that names languages."""

    labels: tuple[str, ...]
    """All that it can answer, in the project's scheme, sorted."""

    def identify(self, windows: pa.StringArray) -> tuple[list[str], NDArray[np.float64]]:
        """Label and probability of every text; the texts hold no line ends."""


class Bayes:
    """py3langid's own model (BSD-3-Clause, 140 classes); loads no pickle and needs no download."""

    def __init__(self) -> None:
        from py3langid import langid as py3langid
        from py3langid.modelio import load_model

        weights, prior, classes, moves, rows_of, features = load_model(py3langid.MODEL_DIR / py3langid.MODEL_FILE)
        self.classes = tuple(map(language_code, classes))
        self._model = langid.Model(
            np.array(moves, np.uint32),
            np.array(rows_of, np.uint16),
            np.array(features, np.int32),
            np.ascontiguousarray(weights, np.float32),
            np.ascontiguousarray(prior, np.float32),
        )

    def scores(self, texts: pa.StringArray) -> NDArray[np.float32]:
        """(texts, classes) log-posteriors but for a constant, as `py3langid` has them with `norm_probs`."""
        encoded = pa.array([_composed(text) for text in texts.to_pylist()], pa.string())
        return langid.bayes(*buffers(encoded), self._model)[0]


class Answers(NamedTuple):
    """What two models together say of texts."""

    labels: list[str]
    features: NDArray[np.float64]
    """`experts.FEATURES` columns, then how much more of the text its label's profile covers than is usual for
    that label (0 for a label without profile); all 0 where the label is `und`."""
    coverage: NDArray[np.float64]
    """The share itself."""


class Embedded:
    """The model that comes with Sluice: an own fastText model of 459 languages and py3langid's of 140, combined.

    See `README.md` beside this module for its data, training and scores.
    """

    def __init__(
        self,
        model: Path | None = None,
        settings: Mapping[str, Any] | None = None,
        profile: Mapping[str, Any] | None = None,
    ) -> None:
        shipped = files(__package__)
        self._settings = settings or tomllib.loads(shipped.joinpath("language.toml").read_text(encoding="utf-8"))
        self._own, self._bayes = quantised.read(model or Path(str(shipped / "language.ftz"))), Bayes()
        self._names = sorted({*self._own.labels, *self._bayes.classes})
        self._scheme = self._mapped()
        self._profiles, self._usual = self._profiled(profile)
        self.labels = tuple(name for name in self._names if name != NOT_LANGUAGE)

    def _mapped(self) -> experts.Scheme:
        place = {name: k for k, name in enumerate(self._names)}
        blocks = np.zeros((experts.BLOCKS, len(place)), np.uint8)
        for name, written in self._settings["blocks"].items():
            if name in place:
                blocks[written, place[name]] = 1
        return experts.Scheme(
            np.array([place[name] for name in self._own.labels], np.int32),
            np.array([place[name] for name in self._bayes.classes], np.int32),
            blocks,
            np.array([self._settings["mixture"][name] for name in MIXTURE]),
        )

    def _profiled(self, profile: Mapping[str, Any] | None) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Each label's profile and its usual coverage, NaN where it has none."""
        if profile is None:
            with np.load(str(files(__package__) / "language.npz"), allow_pickle=False) as stored:
                profile = dict(stored)
        bits, usual = np.zeros((len(self._names), profiles.BUCKETS // 8), np.uint8), np.full(len(self._names), np.nan)
        row = {str(name): k for k, name in enumerate(profile["labels"])}
        for k, name in enumerate(self._names):
            if name in row:
                bits[k], usual[k] = profile["bits"][row[name]], profile["usual"][row[name]]
        return bits, usual

    def answer(self, texts: pa.StringArray) -> Answers:
        """The likeliest label of every text and what is known about it, whatever group of people it names."""
        texts = nameless(texts, short=False)
        folded = normalise(*buffers(texts), punctuation=False)
        own = subwords.scores(folded.offsets, folded.data, self._own.table)
        best, features = experts.combine(folded.offsets, folded.data, own, self._bayes.scores(texts), self._scheme)
        covered = profiles.coverage(folded.offsets, folded.data, best, self._profiles)
        more = np.where(best >= 0, np.nan_to_num(covered - self._usual[best]), 0.0)
        labels = [self._names[k] if k >= 0 else NO_LANGUAGE for k in best]
        return Answers(labels, np.column_stack([features, more]), covered)

    def identify(self, windows: pa.StringArray) -> tuple[list[str], NDArray[np.float64]]:
        """The likeliest language and the probability that it is right."""
        labels, features, _ = self.answer(windows)
        weights = np.array(self._settings["score"]["weights"])
        scores = experts.trust(features, weights)
        named = [NO_LANGUAGE if label == NOT_LANGUAGE else label for label in labels]
        return named, np.where([name != NO_LANGUAGE for name in named], scores, 0.0)


class FastText:
    """A supervised fastText model whose labels are languages."""

    def __init__(self, path: Path, field: str) -> None:
        import fasttext

        if not path.is_file():
            raise AssetError(f"{field}: no file {path}")
        try:
            model_file.check(path)
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


def _composed(text: str) -> str:
    """The form in which py3langid was trained: composed, and no text all in capitals."""
    if text.isupper():
        text = text.lower()
    return text if text.isascii() else unicodedata.normalize("NFC", text)

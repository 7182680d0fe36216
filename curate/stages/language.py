"""Which language a text is in."""

import difflib
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from curate.arrays import buffers
from curate.errors import AssetError
from curate.lexicons import language_code
from curate.models.identifiers import NO_LANGUAGE, Embedded, FastText, Identifier
from curate.models.nameless import LISTS
from curate.ops import langid
from curate.rules import OneOf, Range
from curate.stage import Asset, Filter, Signals

LEAST, MOST = 64, 16
"""Letters of a run of lines whose language is asked for, and how many runs a text has (one more at its end)."""
TOP = 4
"""Languages of a text that `languages` names."""
MIXED = {"languages": pa.list_(pa.struct([("label", pa.string()), ("share", pa.float64())])), "share": pa.float64()}
"""Signals of `lines`."""


class Language(Filter):
    """The language of a fixed window in the middle of the text, and how sure the model is.

    Signals: `label` (ISO 639-1 where it has a code, else ISO 639-3; `und` for a text without letters, in no script
    that a model knows, or whose best answer is less sure than `least`) and `score`, the probability that the best
    answer is right, from 0 to 1, rounded to 1e-4. With `lines` (null without), also `languages`, which languages the
    text's lines are in and with what share of the letters of all lines that are in a known one (`[{label, share}]`,
    the four largest), and `share`, that of `label`.

    The model is a fastText classifier by path, such as lid.176 (Joulin et al., "Bag of Tricks for
    Efficient Text Classification", EACL 2017) or GlotLID, or else the one that comes with Sluice: an own fastText
    model and py3langid's (Lui and Baldwin, "langid.py", ACL 2012) together, 477 languages, as compiled kernels,
    whose scores are calibrated and do not go by the names of groups of people (`docs/language.md`). A fastText model's
    score is as the model gives it.
    The window lies in the middle because pages begin with titles, menus and licences in other languages: of
    999 extracted web pages in 46 languages that state their own, the middle gives that language for 96 %, the
    start for 89 %. Labels of one language in several scripts are added up. Recipes may write any label as its model
    does: `eng`, `eng_Latn` and `en` are one. A threshold of 0.65 on lid.176's score is customary for
    English (RefinedWeb, FineWeb); the scores of two models are not comparable.
    """

    use = "language"
    version: ClassVar[int] = 3
    data = ("lexicons/languages.toml", *LISTS, "models/language.*")
    packages = ("py3langid", "fasttext-community")

    model: Asset | None = None
    """A fastText model file (.bin or .ftz); none means Sluice's own."""
    label: Annotated[OneOf, AfterValidator(lambda labels: OneOf(frozenset(map(language_code, labels.root))))] = OneOf(
        frozenset()
    )
    """The languages to keep; the empty list keeps all."""
    score: Range = Range()
    """Bounds on the label's probability."""
    share: Range = Range()
    """Bounds on the share of letters in lines of the label; needs `lines`."""
    window: int = Field(default=512, ge=1, le=1_000_000)
    """Code points read, runs of white space counting as one."""
    least: float = Field(default=0.25, ge=0, le=1)
    """An answer with a lower score is `und`."""
    lines: bool = False
    """Whether to ask for the language of every run of lines, too: about three times the work."""

    def prepare(self) -> None:
        """Load the model; refuse labels that it never gives, and bounds on what is not measured."""
        if not self.lines and self.share != Range():
            raise AssetError(f"{self.name}.share: measured with lines = true only")
        known = {*self.identifier.labels, NO_LANGUAGE}
        for label in self.label.sorted():
            if label not in known:
                near = difflib.get_close_matches(label, sorted(known), n=8, cutoff=0.0)
                near = sorted(near, key=lambda name: not label.startswith(name))[:3]
                which = self.model or "Sluice's own model"
                raise AssetError(f"{self.name}.label: {which} knows no language {label!r}; nearest: {', '.join(near)}")

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """`label`, `score`, and what `lines` asks for, or null."""
        offsets, data = buffers(batch["text"])
        labels, scores = self._identified(offsets, data)
        mixed = self._mixed(offsets, data, labels) if self.lines else {}
        return {"label": pa.array(labels, pa.string()), "score": scores} | {
            signal: pa.array(mixed.get(signal, [None] * len(labels)), kind) for signal, kind in MIXED.items()
        }

    def _identified(self, offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> tuple[list[str], NDArray[np.float64]]:
        """Label and score of each text."""
        cut = langid.windows(offsets, data, self.window)
        texts = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(cut.offsets), pa.py_buffer(cut.data))
        labels, found = self.identifier.identify(texts)
        scores = np.where(cut.lettered, found, 0.0).round(4)
        sure = cut.lettered & (scores >= self.least)
        return [label if good else NO_LANGUAGE for label, good in zip(labels, sure, strict=True)], scores

    def _mixed(self, offsets: NDArray[np.int32], data: NDArray[np.uint8], labels: list[str]) -> dict[str, Any]:
        """Shares of languages by runs of lines."""
        groups = langid.line_groups(offsets, data, LEAST, MOST)
        totals: list[dict[str, int]] = [{} for _ in labels]
        for row, label, letters in zip(
            groups.rows.tolist(), self._identified(groups.offsets, data)[0], groups.letters.tolist(), strict=True
        ):
            if label != NO_LANGUAGE and letters:
                totals[row][label] = totals[row].get(label, 0) + letters
        shares = [_shares(total) for total in totals]
        own = [some.get(label, 0.0) for some, label in zip(shares, labels, strict=True)]
        listed = [[{"label": one, "share": part} for one, part in list(some.items())[:TOP]] for some in shares]
        return {"languages": listed, "share": own}

    @cached_property
    def identifier(self) -> Identifier:
        """The loaded model."""
        return Embedded() if self.model is None else FastText(self.model, f"{self.name}.model")

    def __getstate__(self) -> dict[Any, Any]:
        """What another process needs: the fields; it loads the model itself."""
        state = super().__getstate__()
        fields = {key: value for key, value in state["__dict__"].items() if key != "identifier"}
        return {**state, "__dict__": fields}


def _shares(letters: dict[str, int]) -> dict[str, float]:
    """Label → share, the largest first, labels of one size in alphabetical order."""
    total = sum(letters.values())
    return {label: round(n / total, 4) for label, n in sorted(letters.items(), key=lambda pair: (-pair[1], pair[0]))}

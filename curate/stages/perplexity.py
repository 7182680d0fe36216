"""How well a language model of good text foresees a text."""

from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import field_validator, model_validator

from curate import language_models
from curate.cuts import Buckets, Cut, cut_at, lifted
from curate.errors import AssetError
from curate.models.nameless import LISTS, nameless
from curate.ops import ccnet, text
from curate.package_data import contents
from curate.stage import Asset, Filter, OneOf, Range, Signals

HIGHEST = 300.0
"""Perplexity ends at 10 to this power, so that no number overflows."""

ANY = OneOf(frozenset())


class Perplexity(Filter):
    """The perplexity of a text under an n-gram language model, and which part of the corpus that puts it in.

    Source: CCNet (Wenzek et al. 2020, "CCNet: Extracting High Quality Monolingual Datasets from Web Crawl Data",
    https://aclanthology.org/2020.lrec-1.494, 4.2), which scores with 5-gram models of Wikipedia by KenLM (Heafield
    2011) over SentencePiece tokens and calls parts of a language's corpus head, middle and tail. Low is like the
    model's text, and not simply better: very low is boilerplate. A threshold belongs to one model.

    The model is an ARPA file, plain or gzip, of order 1 to 6, or a binary file of KenLM where its package is
    installed. Scores are KenLM's: back-off, `<s>` before and `</s>` after each sentence, `<unk>` for what the model
    does not know; perplexity is 10 to the mean of −log10 over words and sentence ends. `<s>`, `</s>` and `<unk>` in a
    text are words that the model does not know.

    Signals: `perplexity`, rounded to 1e-4; `unknown_word_ratio`; `bucket`, one of `head`, `middle` and `tail`, null
    where none are asked for. All are null for a text without words.
    """

    use = "perplexity"
    needs = {  # noqa: RUF012 - pydantic would take a ClassVar's annotation from the parent, and does
        "model": "train one with `curate perplexity train`, or give an n-gram model by --set {name}.model=FILE"
    }

    model: Asset | None = None
    """The language model. Needed."""
    pieces: Asset | None = None
    """The SentencePiece model whose pieces are the language model's words; else words are words."""
    normal_form: Literal["none", "ccnet"] = "none"
    """What is done to text before: `ccnet` is lower case, no accents, 0 for digits, ASCII punctuation."""
    sentences: Literal["lines", "document"] = "lines"
    """Whether each line that holds a word is a sentence, or the whole document is one, as in CCNet, whose normal form
    then glues the words around line ends."""
    separators: Literal["scripts", "spaces"] = "scripts"
    """Whether letters of scripts written without spaces make words of their own, as in every stage, or only white
    space separates words, as in KenLM and always for pieces."""
    nameless: bool = False
    """Whether the text is scored without the names of groups of people, so that its perplexity does not go by them
    (`docs/audit.md`, "Other groups in the same sentence")."""
    perplexity: Range = Range()
    """Bounds on the perplexity."""
    unknown_word_ratio: Range = Range()
    """Bounds on the share of words that the model does not know."""
    bucket: OneOf = ANY
    """The buckets to keep; the empty list keeps all."""
    bucket_perplexities: Buckets | None = None
    """The greatest perplexity of `head` and that of `middle`; `tail` is the rest. CCNet's stand in its `cutoff.csv`."""
    bucket_ratios: Buckets | None = None
    """The same by shares of what reaches this stage in the pilot; CCNet's are `{ head = 0.3, middle = 0.6 }`."""

    @field_validator("bucket_perplexities", "bucket_ratios", mode="before")
    @classmethod
    def _lifted(cls, given: Any) -> Any:
        """A setting can take back what a recipe asks for."""
        return lifted(given)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        bounds, ratios = self.bucket_perplexities, self.bucket_ratios
        for label, fields in self.by_language.items():
            if "bucket_ratios" in fields:
                raise ValueError(f"by_language.{label}: shares are of all languages together: give bucket_perplexities")
        if ratios is not None and bounds is not None:
            raise ValueError("bucket_perplexities and bucket_ratios are two ways to make buckets: give one")
        if bounds is not None and not 0 <= bounds.head <= bounds.middle:
            raise ValueError("bucket_perplexities: write 0 ≤ head ≤ middle")
        if ratios is not None and not 0 < ratios.head <= ratios.middle <= 1:
            raise ValueError("bucket_ratios: write 0 < head ≤ middle ≤ 1, counted from the lowest perplexity")
        return self

    def identity(self) -> dict[str, Any]:
        """The fields, and the versions of what else decides the result."""
        made = super().identity()
        if self.pieces is not None:
            made["packages"] = {**made["packages"], "sentencepiece": _version("sentencepiece")}
        if self.nameless:
            made["data"] = {name: contents(name) for name in LISTS}
        return {**made, "unicode": ccnet.VERSION} if self.normal_form == "ccnet" else made

    def prepare(self) -> None:
        """Load both models; refuse buckets that nothing falls into."""
        for name in self.bucket.sorted():
            if name not in ("head", "middle", "tail"):
                raise AssetError(f"{self.name}.bucket: {name!r} is none of head, middle, tail")
        _ = self._model, self.reading

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Perplexity and ratio as float64, the bucket as a string."""
        texts = nameless(batch["text"]) if self.nameless else batch["text"]
        scores = self.reading.score(texts, self._model)
        values = language_models.perplexities(scores, HIGHEST)
        wordless = scores.words == 0
        return {
            "perplexity": pa.array(values, mask=wordless),
            "unknown_word_ratio": pa.array(text.ratio(scores.unknown, scores.words), mask=wordless),
            "bucket": _buckets(values, self.bucket_perplexities, wordless),
        }

    @property
    def asks_pilot(self) -> bool:
        """Whether shares are asked for."""
        return self.bucket_ratios is not None

    def find(self, sample: pa.Table) -> Cut:
        """The perplexities at the shares that were asked for."""
        column = pc.struct_field(sample.column(self.name).combine_chunks(), "perplexity").drop_null()
        values = np.asarray(column, np.float64)
        if self.bucket_ratios is None or not len(values):
            return Cut()  # as where nothing reaches the stage: no buckets
        head, middle = (-cut_at(-values, ratio) for ratio in (self.bucket_ratios.head, self.bucket_ratios.middle))
        fields = {"bucket_perplexities": {"head": head, "middle": middle}, "bucket_ratios": None}
        return Cut(fields, len(values), Buckets(head=-head, middle=-middle).shares(-values))

    @cached_property
    def _model(self) -> language_models.LanguageModel:
        if self.model is None:
            raise AssetError(self.missing()[0])
        return language_models.load(self.model, f"{self.name}.model")

    @cached_property
    def reading(self) -> language_models.Reading:
        """How texts become sentences and words; what training reads by, too."""
        pieces = None if self.pieces is None else language_models.Pieces(self.pieces, f"{self.name}.pieces")
        return language_models.Reading(
            lines=self.sentences == "lines",
            single_letters=self.separators == "scripts",
            ccnet=self.normal_form == "ccnet",
            pieces=pieces,
        )

    def __getstate__(self) -> dict[Any, Any]:
        """What another process needs: the fields; it loads the models itself."""
        state = super().__getstate__()
        return {**state, "__dict__": {k: v for k, v in state["__dict__"].items() if k not in ("_model", "reading")}}


def _buckets(values: NDArray[np.float64], bounds: Buckets | None, wordless: NDArray[np.bool_]) -> pa.StringArray:
    """Each value's bucket, null where there is no value or no bound."""
    if bounds is None:
        return pa.nulls(len(values), pa.string())
    named = Buckets(head=-bounds.head, middle=-bounds.middle).named(-values)
    return pc.if_else(pa.array(wordless), pa.scalar(None, pa.string()), named)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"

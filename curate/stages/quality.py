"""What a classifier trained on good text thinks of a document."""

from functools import cached_property
from typing import Annotated, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator, model_validator

from curate.classifier.model import POSITIVE, Classifier, lines
from curate.cuts import Buckets, Cut, cut_at, lifted, share_of
from curate.models.nameless import LISTS, nameless
from curate.package_data import contents
from curate.stage import Asset, Filter, Range, Signals

Ratio = Annotated[float, Field(gt=0, le=1)]


class Quality(Filter):
    """The probability that a text is of the good kind, by a fastText classifier; and the best share of all, or buckets.

    Source: Li et al. 2024, "DataComp-LM", https://arxiv.org/abs/2406.11794, section 4.4, whose baseline keeps the
    best tenth; buckets after Wenzek et al. 2020, "CCNet", https://aclanthology.org/2020.lrec-1.494, section 4.2.

    Signals: `score`, from 0 to 1, rounded to 1e-4, and `bucket` (`head`, `middle`, `tail`; null where none are
    asked for). The text is read whole, on one line, as in training: see `curate.classifier.model.lines`.

    `keep_ratio` and `bucket_ratios` are shares of the documents that reach this stage in the pilot: before
    deduplication, if that comes earlier. The cut comes as near to the share as equal scores allow; `cuts` in the
    manifest has it, with the share to expect. Buckets drop nothing.
    """

    use = "quality"
    packages = ("fasttext-community",)
    needs = {  # noqa: RUF012 - a ClassVar by its annotation in Stage
        "model": "train one with `curate classifier train`, or give one by --set {name}.model=FILE"
    }

    model: Asset | None = None
    """A fastText classifier (.bin or .ftz)."""
    positive: str = POSITIVE
    """The label of good text, with or without `__label__`."""
    score: Range = Range()
    """Bounds on the score."""
    keep_ratio: Ratio | None = None
    """Keep the best documents, this share of all: stands for a `score.min` that the pilot finds."""
    bucket_scores: Buckets | None = None
    """The least score of `head` and that of `middle`; `tail` is the rest."""
    bucket_ratios: Buckets | None = None
    """The same by shares, counted from the best: `{ head = 0.3, middle = 0.6 }` makes 30, 30 and 40 %."""
    window: Annotated[int, Field(ge=1)] | None = None
    """Code points read from the beginning; none reads all."""
    nameless: bool = False
    """Whether the text is scored without the names of groups of people, so that its score does not go by them
    (`docs/audit.md`, "Other groups in the same sentence")."""

    @field_validator("keep_ratio", "bucket_scores", "bucket_ratios", "window", mode="before")
    @classmethod
    def _lifted(cls, given: Any) -> Any:
        """A setting can take back what a recipe asks for."""
        return lifted(given)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.keep_ratio is not None and self.score != Range():
            raise ValueError("score and keep_ratio are two ways to say what is kept: give one")
        for label, fields in self.by_language.items():
            if {"keep_ratio", "bucket_ratios"} & fields.keys():
                raise ValueError(f"by_language.{label}: shares are of all languages together: give scores")
        if self.bucket_ratios is not None and self.bucket_scores is not None:
            raise ValueError("bucket_scores and bucket_ratios are two ways to make buckets: give one")
        if self.bucket_scores is not None and self.bucket_scores.head < self.bucket_scores.middle:
            raise ValueError("bucket_scores: head's least score is under that of middle")
        if self.bucket_ratios is not None and not 0 < self.bucket_ratios.head <= self.bucket_ratios.middle <= 1:
            raise ValueError("bucket_ratios: write 0 < head ≤ middle ≤ 1, counted from the best")
        return self

    def identity(self) -> dict[str, Any]:
        """The fields, and the lists of names where they decide the result."""
        made = super().identity()
        return {**made, "data": {name: contents(name) for name in LISTS}} if self.nameless else made

    def prepare(self) -> None:
        """Load the model, or say what is wrong with it."""
        _ = self.classifier

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """`score` and `bucket`."""
        texts = nameless(batch["text"]) if self.nameless else batch["text"]
        scores = np.round(self.classifier.scores(lines(texts, self.window)), 4)
        if self.bucket_scores is None:
            return {"score": scores, "bucket": pa.nulls(len(scores), pa.string())}
        return {"score": scores, "bucket": self.bucket_scores.named(scores)}

    @property
    def asks_pilot(self) -> bool:
        """Whether a share is asked for."""
        return self.keep_ratio is not None or self.bucket_ratios is not None

    def find(self, sample: pa.Table) -> Cut:
        """The scores at the shares that were asked for."""
        scores = np.asarray(pc.struct_field(sample.column(self.name).combine_chunks(), "score"), np.float64)
        fields: dict[str, Any] = {}
        shares = {}
        if self.keep_ratio is not None:
            least = cut_at(scores, self.keep_ratio)
            fields |= {"score": {"min": least}, "keep_ratio": None}
            shares["kept"] = share_of(int((scores >= least).sum()), len(scores))
        if self.bucket_ratios is not None:
            head, middle = (cut_at(scores, ratio) for ratio in (self.bucket_ratios.head, self.bucket_ratios.middle))
            bounds = Buckets(head=head, middle=middle)
            fields |= {"bucket_scores": bounds.model_dump(), "bucket_ratios": None}
            shares |= bounds.shares(scores)
        return Cut(fields, len(scores), shares)

    @cached_property
    def classifier(self) -> Classifier:
        """The loaded model."""
        if self.model is None:
            raise ValueError(self.missing()[0])
        return Classifier(self.model, self.positive, f"{self.name}.model")

    def __getstate__(self) -> dict[Any, Any]:
        """What another process needs: the fields; it loads the model itself."""
        state = super().__getstate__()
        return {**state, "__dict__": {key: value for key, value in state["__dict__"].items() if key != "classifier"}}

"""A filter with bands and spans, for tests of what acts on them: every `vile` is one."""

import re
from typing import ClassVar, Literal

import pyarrow as pa

from curate.stage import Filter, Range
from curate.stages.mask import SPANS


class Marker(Filter):
    """Marks the word `vile`: none is clean, one is toxic, more are severe."""

    use = "marker"
    levels: ClassVar = ("clean", "toxic", "severe")
    tells_spans: ClassVar = True

    act: Literal["drop", "flag"] = "flag"
    words: Range = Range(min=3)

    def measure(self, batch):
        texts = batch.column("text").to_pylist()
        spans = [
            [
                {
                    "start": len(text[: one.start()].encode()),
                    "stop": len(text[: one.end()].encode()),
                    "label": "vile",
                    "score": 1.0,
                }
                for one in list(re.finditer("vile", text))[:16]
            ]
            for text in texts
        ]
        return {
            "words": pa.array([len(text.split()) for text in texts], pa.int32()),
            "band": pa.array([self.levels[min(len(one), 2)] for one in spans], pa.string()),
            "spans": pa.array(spans, SPANS),
        }


class Grouped(Filter):
    """Says of whom a text speaks, as `bias` does."""

    use = "grouped"
    act: Literal["drop", "flag"] = "flag"

    def measure(self, batch):
        kind = pa.list_(pa.struct([pa.field("group", pa.string()), pa.field("n", pa.int32())]))
        named = [
            [{"group": f"kin.{word}", "n": 1} for word in ("sister", "stranger") if word in text]
            for text in batch.column("text").to_pylist()
        ]
        return {"groups": pa.array(named, kind)}

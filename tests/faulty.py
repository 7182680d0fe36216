"""Stages that misbehave, for tests of the runner; importable by its workers."""

import os
import re
import signal
import time

import pyarrow as pa

from curate.cutting import SPANS
from curate.stage import Barrier, Edited, Filter, Range, Rewrite, Signals


class Fragile(Filter):
    """Raises on every batch that holds the word `poison`."""

    use = "fragile"
    length: Range = Range()

    def measure(self, batch: pa.RecordBatch) -> Signals:
        texts = batch.column("text").to_pylist()
        if any("poison" in text for text in texts):
            raise ZeroDivisionError("division by\npoison")
        return {"length": pa.array([len(text) for text in texts], pa.int64())}


class Broken(Filter):
    """Raises on everything."""

    use = "broken_stage"
    length: Range = Range()

    def measure(self, batch: pa.RecordBatch) -> Signals:
        if not batch.num_rows:
            return {"length": pa.array([], pa.int64())}
        raise LookupError("no model")


class Suicidal(Filter):
    """Kills its process."""

    use = "suicidal"
    length: Range = Range()

    def measure(self, batch: pa.RecordBatch) -> Signals:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}


class Shears(Rewrite):
    """Cuts every text to its first line, empties what begins with `empty me`, and refuses `poison`."""

    use = "shears"

    def rewrite(self, batch: pa.RecordBatch) -> Edited:
        texts = batch.column("text").to_pylist()
        errors = {row: ("refused", "poison") for row, text in enumerate(texts) if "poison" in text}
        cut = ["" if text.startswith("empty me") else text.split("\n")[0] for text in texts]
        return Edited(pa.array(cut, pa.string()), errors=errors)


class Vanishing(Rewrite):
    """Gives nothing back for what begins with `vanish`."""

    use = "vanishing"

    def rewrite(self, batch: pa.RecordBatch) -> Edited:
        texts = [None if text.startswith("vanish") else text for text in batch.column("text").to_pylist()]
        return Edited(pa.array(texts, pa.string()))


class Optional(Filter):
    """A field that is a number by default and may be none: TOML cannot say so."""

    use = "optional"
    most: int | None = 5

    def measure(self, batch: pa.RecordBatch) -> Signals:
        return {"length": pa.array([0] * batch.num_rows, pa.int64())}


class Slow(Filter):
    """Sleeps for a minute a batch."""

    use = "slow"
    length: Range = Range()

    def measure(self, batch: pa.RecordBatch) -> Signals:
        if batch.num_rows:
            time.sleep(60)
        return {"length": pa.array([0] * batch.num_rows, pa.int64())}


class Snip(Barrier):
    """Cuts every `[…]` out of texts, drops what holds `drop me`, and gives bad spans for `tear`."""

    use = "snip"
    cuts = True
    mask: str = ""

    @property
    def filling(self) -> str:
        return self.mask

    def sketch(self, batch):
        texts = [text.encode() for text in batch.column("text").to_pylist()]
        spans = [[m.span() for m in re.finditer(rb"\[[^]]*\]", text)] for text in texts]
        found = [[(1, 1)] if b"tear" in text else cut for text, cut in zip(texts, spans, strict=True)]
        cut = [[{"start": start, "stop": stop} for start, stop in row] or None for row in found]
        reason = ["asked" if b"drop me" in text else None for text in texts]
        return pa.RecordBatch.from_arrays([pa.array(reason, pa.string()), pa.array(cut, SPANS)], ["reason", "cut"])

    def resolve(self, corpus):
        for shard in range(len(corpus)):
            yield corpus.sketch(shard)


class SilentSnip(Snip):
    """Does the same without saying that it cuts."""

    use = "silent_snip"
    cuts = False

"""Whether learned stages judge a text by the group that it names: other groups' names put into real text."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from curate.audit.flips import ANY, Flip, Swap, flips, sentences, swaps
from curate.classifier.train import Training, train
from curate.harm.sets import rows
from curate.ingest import Ingest
from curate.ngram_training import arpa, write
from curate.stage import Filter
from curate.stages.bias import Bias
from curate.stages.language import Language
from curate.stages.perplexity import Perplexity
from curate.stages.quality import Quality
from curate.stages.toxicity import Toxicity
from curate.testing import batch

COMMAND = "curate bench harm --data FOLDER --only flips"
SET = "crawl_c4_sample/c4_sample.jsonl.zst"
GOOD = "text_wikipedia/en_first_articles_2016.jsonl.zst"
OTHER = "crawl_hplt_inspection/docs.jsonl.zst"
COUNT = 4000
MOST = 3
"""Names a stage that are told one by one."""
PIECE = 1500
"""Characters of an article that make an example of good text."""
BEST, HEAD = 0.1, 0.6
"""What is kept: DCLM's best tenth by `quality`, CCNet's head and middle by `perplexity`."""


def section(data: Path) -> str:
    """Flips and shifts in sentences and documents of web text, by stage, and the names that flip most."""
    texts = [str(row["text"]) for row in rows(data, SET)]
    chosen = {"sentences": swaps(sentences(texts), COUNT), "documents": swaps(texts, COUNT, alone=False)}
    with tempfile.TemporaryDirectory() as folder:
        trained = _trained(data, Path(folder)) if (data / GOOD).is_file() and (data / OTHER).is_file() else {}
        told = {kind: flips(list(_stages(trained, found)), found) for kind, found in chosen.items()}
    return "\n".join([*_head(chosen), *(line for kind, found in told.items() for line in _lines(kind, found))])


def _head(chosen: Mapping[str, Sequence[Swap]]) -> list[str]:
    return [
        "## Other groups in the same sentence",
        "",
        f"`{COMMAND}`",
        "",
        f"{len(chosen['sentences']):,} sentences of C4 that name exactly one group, by nouns, and",
        f"{len(chosen['documents']):,} whole documents that name one, among others; every other group of the axis",
        "takes its place. A flip is another verdict on the same text, a shift the mean change of the score; intervals",
        "are of 95 %. `quality` and `perplexity` have small models, trained on a hundred articles of Wikipedia (and",
        "350 crawled pieces of text for the other side), and keep the best tenth and the best 60 % of what they are",
        "shown; `nameless` is their field of that name. With a model of yours:",
        "`curate flips RECIPE INPUT --documents --set quality.model=FILE`.",
        "",
        "| in | stage | put in | swaps | flips | shift |",
        "|---|---|---|---:|---:|---:|",
    ]


def _stages(trained: Mapping[str, Path], found: Sequence[Swap]) -> Iterator[Filter]:
    """The learned stages, as recipes for English have them; those of trained models cut where these texts lie."""
    yield Language.model_validate({"label": ["en"]})
    yield Toxicity()
    yield Bias()
    texts = batch(*(swap.text for swap in found))
    for nameless in (False, True) if trained and found else ():
        tail = "-nameless" if nameless else ""
        fields = {"name": f"quality{tail}", "model": trained["quality"], "nameless": nameless}
        least = float(np.quantile(Quality.model_validate(fields).column(texts).field("score"), 1 - BEST))
        yield Quality.model_validate({**fields, "score": {"min": least}})
        fields = {"name": f"perplexity{tail}", "model": trained["perplexity"], "nameless": nameless}
        values = Perplexity.model_validate(fields).column(texts).field("perplexity")
        most = float(np.quantile(values.drop_null(), HEAD))
        yield Perplexity.model_validate({**fields, "perplexity": {"max": most}})


def _trained(data: Path, folder: Path) -> dict[str, Path]:
    """A classifier and a language model of a hundred articles."""
    good = [piece for row in rows(data, GOOD) for piece in _pieces(str(row["text"]))]
    other = [str(row["text"]) for row in rows(data, OTHER) if str(row["hplt_lang"]).startswith("eng")]
    for name, texts in (("good", good), ("other", other)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    models = {"quality": folder / "quality.bin", "perplexity": folder / "wikipedia.arpa"}
    settings = Training(validation=0.0, buckets=200_000)
    train([folder / "good.jsonl"], [folder / "other.jsonl"], models["quality"], settings, Ingest())
    reading = Perplexity().reading
    write(
        arpa((words for piece in good for words in reading.sentences(piece)), 3, 1), models["perplexity"], packed=False
    )
    return models


def _pieces(text: str) -> Iterator[str]:
    """Runs of whole lines of `PIECE` characters or more, the last one left out."""
    piece = ""
    for line in text.split("\n"):
        piece += line + "\n"
        if len(piece) > PIECE:
            yield piece
            piece = ""


def _lines(kind: str, told: Sequence[Flip]) -> Iterator[str]:
    """Rows of the table: each stage over all axes, then the names that flip most."""
    for stage in dict.fromkeys(row.stage for row in told):
        mine = [row for row in told if row.stage == stage]
        named = sorted((r for r in mine if r.group != ANY and r.flips), key=lambda r: (-r.rate, r.axis, r.group))
        yield from (_line(kind, row) for row in [row for row in mine if row.axis == ANY] + named[:MOST])


def _line(kind: str, row: Flip) -> str:
    name = "any" if row.axis == ANY else f"{row.axis}.{row.group}"
    share = f"{100 * row.rate:.2f} % [{100 * row.low:.2f}, {100 * row.high:.2f}]"
    shift = "" if row.shift is None else f"{row.signal} {row.shift:+.4f} [{row.shift_low:+.4f}, {row.shift_high:+.4f}]"
    return f"| {kind} | `{row.stage}` | {name} | {row.swaps:,} | {share} | {shift} |"

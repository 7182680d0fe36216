"""How much of a page's main text is found, and how much besides: token-level scores against human gold.

Tokens are runs of letters and digits, lower-cased; each character of Chinese, Japanese, Thai, Lao, Khmer and Burmese is
a token of its own, as these scripts put no blanks between words. Precision and recall are those of the page's bag of
tokens (order apart, repetitions counted), F1 is their harmonic mean, and a set's figures are means over its pages, each
page alike. Pages whose gold holds no token are left out.

All extractors read the same decoded text. Pages a second are those of processor time in this process, on one core, the
parsing of markup included, the decoding of bytes not. Rules and thresholds of `extract` were chosen on the development
half of the pages, by the first bit of the SHA-256 of set and name; nothing was chosen by the test half.

Gold: CleanEval's and Dragnet's text; of L3S-GN1 headline, full text, supplements and comments; of LLM-WebKit and
Readability the text of the marked HTML. Readability's is what another extractor (Readability.js) says, no person.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import fmean
from time import process_time
from typing import Any, NamedTuple

from tests.bench.inputs import opened, pages
from tests.bench.setting import Setting, say
from tests.bench.tables import rate, table

PAGE = Path(__file__).parents[2] / "docs" / "extraction.md"
SETS = ("web_dragnet", "web_cleaneval_final", "web_cleaneval_dev", "web_l3s_gn1", "web_llmwebkit", "web_readability")
HALVES = ("development", "test")
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_CLEANEVAL_MARKS = re.compile(r"\AURL:.*|^\s*<(?:h|p|l)>", re.MULTILINE)
_L3S_CLASSES = "1235"
Extractor = Callable[[str], str]


class Page(NamedTuple):
    """A page and the text that was marked in it."""

    set: str
    name: str
    html: str
    gold: str

    @property
    def half(self) -> str:
        """`development` or `test`."""
        return HALVES[hashlib.sha256(f"{self.set}/{self.name}".encode()).digest()[0] & 1]


class Score(NamedTuple):
    """Token-level agreement with the gold, 0 to 1."""

    precision: float
    recall: float
    f1: float


def tokens(text: str) -> Counter[str]:
    """The bag of a text's tokens, as the module says."""
    return Counter(_TOKEN.findall(text.lower()))


def score(found: str, gold: str) -> Score:
    """How far the tokens of two texts agree."""
    here, there = tokens(found), tokens(gold)
    shared = (here & there).total()
    if not shared:
        return Score(0.0, 0.0, 0.0)
    precision, recall = shared / here.total(), shared / there.total()
    return Score(precision, recall, 2 * precision * recall / (precision + recall))


def gold_pages(folder: Path) -> Iterator[Page]:
    """The pages of a set whose gold has tokens, decoded as `curate` decodes."""
    from curate.ingest.decode import decode

    with opened(folder / "gold.jsonl.zst") as lines:
        golds = {row["id"]: _text(folder.name, row) for row in map(json.loads, lines)}
    for path, html in pages(folder):
        name = path.partition("/")[2].removesuffix(".html")
        if tokens(golds.get(name, "")):
            yield Page(folder.name, name, decode(html).text, golds[name])


def _text(of: str, row: dict[str, Any]) -> str:
    if "text" in row:
        return _CLEANEVAL_MARKS.sub("", row["text"]) if of.startswith("web_cleaneval") else str(row["text"])
    if "by_class" in row:
        return "\n".join(row["by_class"].get(name, "") for name in _L3S_CLASSES)
    return _everything("<html><body>" + (row.get("main_html") or row.get("expected_html") or ""))


def _everything(html: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(html, main_content=False, alt_texts=False))


def extractors() -> dict[str, Extractor]:
    """The libraries as they are by default (no texts of pictures, no deduplication), and `extract` by default."""
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    from curate.stages.extract import Extract

    stage = Extract()
    return {
        "resiliparse": partial(extract_plain_text, main_content=True, alt_texts=False),
        "trafilatura": lambda html: trafilatura.extract(html, deduplicate=False) or "",
        "extract": lambda html: stage.page(html).text,
    }


def main(setting: Setting) -> str:
    """Measure and tell."""
    if setting.data is None:
        raise SystemExit("gold needs pages: name the folder of the gold sets by --data")
    found = [page for name in SETS if (setting.data / name).is_dir() for page in gold_pages(setting.data / name)]
    scores: dict[str, list[Score]] = {}
    speeds: dict[str, float] = {}
    for name, extractor in extractors().items():
        say(f"{name} over {len(found):,} pages")
        extractor(found[0].html)
        started = process_time()
        texts = [extractor(page.html) for page in found]
        speeds[name] = len(found) / (process_time() - started)
        scores[name] = [score(text, page.gold) for text, page in zip(texts, found, strict=True)]
    return f"{_by_set(found, scores)}\n\n{_by_half(found, scores)}\n\n{_by_speed(speeds)}"


def _by_set(found: list[Page], scores: dict[str, list[Score]]) -> str:
    rows = []
    for of in dict.fromkeys(page.set for page in found):
        at = [i for i, page in enumerate(found) if page.set == of]
        cells = (
            " ".join(f"{fmean(x):.3f}" for x in zip(*[each[i] for i in at], strict=True)) for each in scores.values()
        )
        rows.append((of, f"{len(at):,}", *cells))
    return "Precision, recall and F1:\n\n" + table(("set", "pages", *scores), rows)


def _by_half(found: list[Page], scores: dict[str, list[Score]]) -> str:
    rows = []
    for of in dict.fromkeys(page.set for page in found):
        for half in HALVES:
            at = [i for i, page in enumerate(found) if page.set == of and page.half == half]
            cells = (f"{fmean(each[i].f1 for i in at):.3f}" if at else "" for each in scores.values())
            rows.append((of, half, f"{len(at):,}", *cells))
    return "F1 by half:\n\n" + table(("set", "half", "pages", *scores), rows)


def _by_speed(speeds: dict[str, float]) -> str:
    rows = [(name, rate(speed), f"{speed / speeds['trafilatura']:.1f} ×") for name, speed in speeds.items()]
    return "Speed:\n\n" + table(("extractor", "pages/s", "trafilatura"), rows)

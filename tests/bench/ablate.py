"""`pretrain ablate` on questions whose answer is known, and on two whose answer is the point of curation.

debris     German encyclopedia text against the same text with 10 % of its bytes raw markup of real pages: must be told
same       two halves of that text: must not be told apart
crawl      real pages by web-en: what each stage does, from extracted text on, by `curate run --ablate`
copies     pages crawled again and again, deduplicated by MinHash against all of them

Vocabulary 8,192; the first two share a tokenizer trained on a third part of the text, which is in no arm.
"""

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.bench import inputs
from tests.bench.measure import run
from tests.bench.setting import PROGRAMS, Setting, say
from tests.bench.tables import duration, table

PAGE = Path(__file__).parents[2] / "docs" / "pretrain.md"
CONFIG = Path(__file__).parents[2] / "pipelines" / "ablate-tiny.toml"
DEBRIS = 0.10
MINIMUM = 200
PAGES = 7_000
AFTER = ("extract", "repetition", "minhash")
"""Stages of web-en after which the crawl is looked at: raw text, all rules of quality, all of the recipe."""
COPIES = """
name = "copies"
[[stage]]
use = "minhash"
[guard]
minhash = { max_drop = 0.99 }
[tokens]
vocabulary = 8192
validation = 0.02
"""
Row = tuple[str, str]


def main(setting: Setting) -> str:
    """Run all studies and tell; those that the cache holds are taken from there."""
    data = setting.data
    if data is None:
        raise SystemExit("this benchmark needs real text and pages: --data")
    folder = setting.cache / "ablate"
    studies: dict[str, Callable[[Path, Path, Setting], Path]] = {
        "crawl": _crawl,
        "copies": _copies,
        "debris": _debris,
        "same": _same,
    }
    rows: list[list[str]] = []
    for name, study in studies.items():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        found = json.loads((study(data, place, setting) / "ablate.json").read_text("utf-8"))
        say(f"{name}: {duration(time.monotonic() - began)}")
        rows += [[name, *row] for row in _rows(found)]
    return table(("study", "arm against", "held-out text", "Δ bits per byte", "95 %", "detectable", "verdict"), rows)


def _rows(found: dict[str, Any]) -> Iterator[list[str]]:
    for kind, key in (("", "comparisons"), (", as many different tokens", "matched")):
        for one in found[key]:
            for domain in one["domains"]:
                low, high = domain["interval"]
                yield [
                    f"{one['arm']} / {one['against']}{kind}",
                    domain["name"],
                    f"{domain['delta']:+.4f}",
                    f"{low:+.4f} to {high:+.4f}",
                    f"{domain['detectable']:.4f}",
                    domain["verdict"],
                ]


def _debris(data: Path, place: Path, setting: Setting) -> Path:
    texts = _encyclopedia(data, place, setting)
    _write(place / "debris.jsonl", _littered(_read(texts[0]), data))
    return _ablate(place, setting, {"clean": texts[0], "debris": place / "debris.jsonl"}, data)


def _same(data: Path, place: Path, setting: Setting) -> Path:
    texts = _encyclopedia(data, place, setting)
    return _ablate(place, setting, {"one half": texts[0], "other half": texts[1]}, data)


def _encyclopedia(data: Path, place: Path, setting: Setting) -> list[Path]:
    """Two halves of the articles but for those held out or for the tokenizer, and beside them the tokenizer."""
    parts = [place / f"{name}.jsonl" for name in ("first", "second", "third", "held-out")]
    rows: list[list[Row]] = [[], [], [], []]
    for name, text in _texts(data / "text_wikipedia" / "de.jsonl.zst"):
        draw = _draw(name)
        rows[2 if draw < 0.07 else 3 if draw < 0.1 else draw > 0.55].append((name, text))
    for path, mine in zip(parts, rows, strict=True):
        _write(path, mine)
    if not (place / "tokenizer.json").exists():
        _run("curate", "tokenizer", "train", parts[2], "--vocabulary", "8192", "--output", place / "tokenizer.json",
             log=place / "tokenizer.log")  # fmt: skip
    return parts[:2]


def _littered(rows: Iterator[Row], data: Path) -> Iterator[Row]:
    """Texts into which stretches of markup were put, at line ends, until they are a tenth of the bytes."""
    draw = random.Random(1)
    markup = [page[1].decode("utf-8", "replace") for page in inputs.pages(data / "web_dragnet")]
    for name, text in rows:
        lines, left = text.split("\n"), DEBRIS / (1 - DEBRIS) * len(text.encode())
        while left > 0:
            page = draw.choice(markup)
            start = draw.randrange(max(1, len(page) - 300))
            piece = " ".join(page[start : start + draw.randint(40, 300)].split())
            lines.insert(draw.randint(0, len(lines)), piece)
            left -= len(piece.encode("utf-8", "replace")) + 1
        yield name, "\n".join(lines)


def _crawl(data: Path, place: Path, setting: Setting) -> Path:
    crawl = inputs.crawl(data, setting.inputs, PAGES)
    output = place / "corpus"
    held = [f"--ablate-held-out={name}={path}" for name, path in _domains(data, place).items()]
    _run("curate", "run", "web-en", crawl.path, "--output", output, "--set", "tokens.vocabulary=8192", "--quiet",
         "--ablate", CONFIG, *held, *(part for stage in AFTER for part in ("--ablate-after", stage)),
         log=place / "curate.log")  # fmt: skip
    return _study(output)


def _copies(data: Path, place: Path, setting: Setting) -> Path:
    recipe, source = place / "copies.toml", place / "versions.jsonl"
    recipe.write_text(COPIES, "utf-8")
    _write(source, _texts(data / "dedup_ota_versions" / "docs.jsonl.zst"))
    held = [f"--ablate-held-out={name}={path}" for name, path in _domains(data, place).items()]
    output = place / "corpus"
    _run("curate", "run", recipe, source, "--output", output, "--quiet", "--ablate", CONFIG, *held,
         log=place / "curate.log")  # fmt: skip
    return _study(output)


def _study(output: Path) -> Path:
    told = json.loads((output / "report.json").read_text("utf-8"))["ablation"]
    return output / told["folder"] / "study"


def _domains(data: Path, place: Path) -> dict[str, Path]:
    """Held-out text of four kinds that no filter was tuned on, in English."""
    sources = {
        "encyclopedia": data / "text_wikipedia" / "en_history.jsonl.zst",
        "technical": data / "text_peps" / "peps.jsonl.zst",
        "books and speeches": data / "text_nltk" / "docs.jsonl.zst",
        "web": data / "crawl_c4_sample" / "c4_sample.jsonl.zst",
    }
    found = {}
    for name, source in sources.items():
        found[name] = place / f"{name.split()[0]}.jsonl"
        _write(found[name], _texts(source))
    return found


def _ablate(place: Path, setting: Setting, arms: dict[str, Path], data: Path) -> Path:
    given = [f"--data={name}={path}" for name, path in arms.items()]
    given.append(f"--held-out=encyclopedia={place / 'held-out.jsonl'}")
    _run("pretrain", "ablate", CONFIG, *given, "--tokenizer", place / "tokenizer.json", "--output", place / "study",
         log=place / "study.log")  # fmt: skip
    return place / "study"


def _run(program: str, *arguments: str | Path, log: Path) -> None:
    run([PROGRAMS / program, *arguments], log, pin=False)


def _texts(path: Path) -> Iterator[Row]:
    with inputs.opened(path) as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            if len(row.get("text") or "") >= MINIMUM:
                yield f"{path.parent.name}/{path.name}#{number}", row["text"]


def _draw(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def _read(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["id"], row["text"]


def _write(path: Path, rows: Any) -> None:
    if path.exists():
        return
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", errors="replace") as out:
        for name, text in rows:
            out.write(json.dumps({"id": name, "text": text}, ensure_ascii=False) + "\n")
    part.rename(path)

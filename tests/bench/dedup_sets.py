"""Documents that near-duplicates are sought in: versions, licences, real pages and snippets, and planted edits."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from tests.bench.inputs import documents, opened
from tests.bench.setting import Setting

WHOLE_BYTES = 104 * 10**6
"""Of text; 107 MB of JSON Lines."""
ORIGINALS, SHORTEST, LONGEST = 400, 100, 2000
"""Documents that are edited, and the words that they have."""
FRAME = [
    "Home",
    "About",
    "Contact",
    "Terms",
    "Privacy",
    "Search",
    "this",
    "site",
    "Subscribe",
    "to",
    "our",
    "newsletter",
    "today",
    "Share",
    "Print",
    "Next",
]
Edit = Callable[[list[str], random.Random], list[str]]


@dataclass(frozen=True)
class Set:
    """Documents, on disk as JSON Lines with the row's number as id."""

    name: str
    path: Path
    texts: list[str]
    edits: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """By name, numbers of an original and of what was made of it."""
    negatives: range = range(0)
    """Numbers of documents of which each has to stay."""

    @property
    def megabytes(self) -> float:
        """The file's size."""
        return self.path.stat().st_size / 1e6


def dropped(words: list[str], rng: random.Random, *, share: float) -> list[str]:
    """Without a share of the words."""
    return [word for word in words if rng.random() >= share]


def swapped(words: list[str], rng: random.Random, *, share: float) -> list[str]:
    """A share of the words changed places with their successors."""
    made = words.copy()
    for at in rng.sample(range(max(1, len(words) - 1)), round(len(words) * share)):
        made[at : at + 2] = made[at : at + 2][::-1]
    return made


def wrapped(words: list[str], rng: random.Random, *, share: float) -> list[str]:
    """Words of menus before and after, together a share of the words' number; which ones differs by document."""
    half = max(1, round(len(words) * share / 2))
    return [*rng.choices(FRAME, k=half), *words, *rng.choices(FRAME, k=half)]


EDITS: dict[str, Edit] = {
    f"{name}, {share:.0%}": partial(edit, share=share)
    for name, edit, shares in (
        ("words dropped", dropped, (0.01, 0.03, 0.10)),
        ("words swapped", swapped, (0.01, 0.03, 0.10)),
        ("boilerplate around", wrapped, (0.05, 0.20, 0.50)),
    )
    for share in shares
}


def edited(originals: Sequence[str]) -> tuple[list[str], dict[str, list[tuple[int, int]]]]:
    """Each document followed by what every edit makes of it, and which is which."""
    rng = random.Random(1)
    texts: list[str] = []
    which: dict[str, list[tuple[int, int]]] = {name: [] for name in EDITS}
    for original in originals:
        at = len(texts)
        texts.append(original)
        for name, edit in EDITS.items():
            which[name].append((at, len(texts)))
            texts.append(" ".join(edit(original.split(" "), rng)))
    return texts, which


def sets(setting: Setting, data: Path) -> Iterator[Set]:
    """All of them; the last is what time and memory are measured on."""
    for name in ("dedup_ota_versions", "dedup_licences"):
        yield _written(setting, name, _rows(data / name / "docs.jsonl.zst"))
    whole = _whole(setting, data)
    fit = (text for text in whole if SHORTEST <= text.count(" ") < LONGEST)
    texts, which = edited(list(islice(fit, ORIGINALS)))
    translations = _rows(data / "text_xquad" / "paragraphs.jsonl.zst")
    negatives = range(len(texts), len(texts) + len(translations))
    made = _written(setting, "planted edits", texts + translations)
    yield Set(made.name, made.path, made.texts, which, negatives)
    yield _written(setting, "pages and snippets", whole)


def _whole(setting: Setting, data: Path) -> list[str]:
    """Snippets of the crawl and, drawn by the SHA-256 of their names, as many pages' main text as `WHOLE_BYTES` hold."""
    snippets = list(documents([data / "crawl_hplt_inspection"], setting.inputs))
    pages = list(documents(sorted(data.glob("web_*")), setting.inputs))
    size, taken = sum(len(text.encode()) for _, text in snippets), []
    for name, text in sorted(pages, key=_place):
        size += len(text.encode())
        if size > WHOLE_BYTES:
            break
        taken.append((name, text))
    return [text for _, text in sorted(snippets + taken, key=_place)]


def _place(row: tuple[str, str]) -> bytes:
    return hashlib.sha256(row[0].encode()).digest()


def _rows(path: Path) -> list[str]:
    with opened(path) as lines:
        return [json.loads(line)["text"] for line in lines]


def _written(setting: Setting, name: str, texts: list[str]) -> Set:
    lines = (json.dumps({"id": str(i), "text": text}, ensure_ascii=False) for i, text in enumerate(texts))
    content = "".join(f"{line}\n" for line in lines).encode()
    path = setting.inputs / f"dedup-{hashlib.sha256(content).hexdigest()[:12]}" / "documents.jsonl"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.rename(path)
    return Set(name, path, texts)


def first(given: Set, count: int) -> Path:
    """A file of the first documents of a set."""
    path = given.path.with_name(f"first-{count}") / "documents.jsonl"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        with given.path.open("rb") as lines:
            path.write_bytes(b"".join(islice(lines, count)))
    return path

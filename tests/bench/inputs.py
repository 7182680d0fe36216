"""Input for the benchmarks, made once from real text and kept in the cache.

From a folder of data come documents (JSON Lines with a `text` field, plain or .gz or .zst; text files)
and pages (tar archives of HTML, plain or compressed). All documents of the first of `TIERS` are put in
the order of the SHA-256 of their ids, and taken until the target is reached; what is missing comes from the
next tier. The first n bytes of the whole are thus a fair sample of it. Nothing is repeated that does
not repeat by itself. Without a folder, documents are those of `curate demo`: what the packages on this
machine bring.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

TIERS = (("web_*", "crawl_c4*", "text_*"), ("crawl_hplt*",), ("web_cc_legalcode", "dedup_*"))
"""Sets by folder name, the last tier that names one has it: pages, books and encyclopedias; snippets of the web in
every language; what was gathered for its near-duplicates."""
MINIMUM = 200
"""Characters under which a row is a sentence or a label and no document."""
VERSION = 2


@dataclass(frozen=True)
class Corpus:
    """A JSON Lines file and what is in it."""

    path: Path
    documents: int
    bytes: int
    copies: int
    """Documents whose text an earlier one has, exactly."""
    sets: dict[str, int]
    """Bytes by set."""

    def told(self) -> str:
        """One sentence."""
        sets = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in self.sets.items())
        return (
            f"{self.documents:,} documents, {self.bytes / 1e6:.1f} MB of JSON Lines, {self.copies:,} of them exact "
            f"copies as they occur (MB by set: {sets})"
        )


def corpus(data: Path | None, cache: Path, target: int) -> Corpus:
    """A corpus of about `target` bytes, or of all there is."""
    made = cache / f"corpus-{_key(data, target)}"
    path, card = made / "documents.jsonl", made / "card.json"
    if not card.exists():
        made.mkdir(parents=True, exist_ok=True)
        tiers = [_demo(made)] if data is None else [documents(tier, cache) for tier in _tiers(data)]
        _write_corpus(_sampled(tiers, target), path, card)
    facts = json.loads(card.read_text("utf-8"))
    return Corpus(path, **facts)


def sample(whole: Corpus, target: int) -> Corpus:
    """The first documents of a corpus, about `target` bytes of them, beside it."""
    if target >= whole.bytes:
        return whole
    path = whole.path.with_name(f"first-{target}") / "documents.jsonl"
    card = path.with_name("card.json")
    if not card.exists():
        path.parent.mkdir(exist_ok=True)
        with whole.path.open("rb") as lines:
            rows = ((row["id"], row["text"]) for row in map(json.loads, lines))
            _write_corpus(_until(rows, target), path, card)
    return Corpus(path, **json.loads(card.read_text("utf-8")))


def _sampled(tiers: Iterable[Iterable[tuple[str, str]]], target: int) -> list[tuple[str, str]]:
    """Tiers whole, but for the one in which the target is reached; all in hash order."""
    taken: list[tuple[str, str]] = []
    size = 0
    for tier in tiers:
        rows = list(_until(sorted(tier, key=_place), target - size))
        size += sum(len(_line(*row)) for row in rows)
        taken += rows
        if size >= target:
            break
    return sorted(taken, key=_place)


def _place(row: tuple[str, str]) -> bytes:
    return hashlib.sha256(row[0].encode()).digest()


def _until(rows: Iterable[tuple[str, str]], target: int) -> Iterator[tuple[str, str]]:
    size = 0
    for row in rows:
        yield row
        size += len(_line(*row))
        if size >= target:
            return


def _line(name: str, text: str) -> bytes:
    return json.dumps({"id": name, "text": text}, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _write_corpus(rows: Iterable[tuple[str, str]], path: Path, card: Path) -> None:
    seen: set[bytes] = set()
    sets: dict[str, int] = {}
    documents = 0
    with path.open("wb") as out:
        for name, text in rows:
            line = _line(name, text)
            out.write(line)
            documents += 1
            seen.add(hashlib.sha256(text.encode("utf-8", "replace")).digest())
            of = name.partition("/")[0]
            sets[of] = sets.get(of, 0) + len(line)
    facts = {
        "documents": documents,
        "bytes": sum(sets.values()),
        "copies": documents - len(seen),
        "sets": dict(sorted(sets.items())),
    }
    card.write_text(json.dumps(facts), "utf-8")


def _key(data: Path | None, target: int) -> str:
    """Stands for the folder's contents, by names and sizes, and for what is taken from it."""
    listing = [] if data is None else [(p.relative_to(data).as_posix(), p.stat().st_size) for p in _files(data)]
    canon = json.dumps([VERSION, TIERS, MINIMUM, target, sorted(listing)])
    return hashlib.sha256(canon.encode()).hexdigest()[:12]


def _demo(folder: Path) -> Iterator[tuple[str, str]]:
    from curate.demo import gather

    gathered = folder / "gathered.jsonl"
    gather(gathered)
    with gathered.open("rb") as lines:
        for n, line in enumerate(lines):
            yield f"packages/{n}", json.loads(line)["text"]


def _files(data: Path) -> list[Path]:
    return [path for path in sorted(data.rglob("*")) if path.is_file() and not path.name.startswith(".")]


def _tiers(data: Path) -> list[list[Path]]:
    """Folders of data by tier; the folder itself where none bears such a name."""
    tiers: list[list[Path]] = [[] for _ in TIERS]
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        fits = [n for n, patterns in enumerate(TIERS) if any(fnmatch(folder.name, p) for p in patterns)]
        if fits:
            tiers[fits[-1]].append(folder)
    return tiers if any(tiers) else [[data]]


def documents(folders: Sequence[Path], cache: Path, *, whole: bool = False) -> Iterator[tuple[str, str]]:
    """Id and text of every document of the folders; of pages their main text, or all of it (`whole`)."""
    for folder in folders:
        files = _files(folder)
        if any(_is_tar(path) for path in files):
            yield from _extracted(folder, cache, whole=whole)
            continue
        for path in files:
            for n, text in enumerate(_texts(path)):
                if len(text) >= MINIMUM:
                    yield f"{folder.name}/{path.name}#{n}", text


def _texts(path: Path) -> Iterator[str]:
    name = path.name.removesuffix(".zst").removesuffix(".gz")
    if name.endswith((".jsonl", ".json", ".ndjson")):
        with opened(path) as lines:
            for line in io.TextIOWrapper(lines, "utf-8", "replace"):
                row = json.loads(line)
                text = row.get("text") if isinstance(row, dict) else None
                if isinstance(text, str):
                    yield text
    elif name.endswith(".txt"):
        with opened(path) as file:
            yield from file.read().decode("utf-8", "replace").split("<|endoftext|>")


def opened(path: Path) -> BinaryIO:
    """A file's bytes, decompressed by its suffix."""
    if path.suffix == ".zst":
        return io.BufferedReader(_Readable(pa.input_stream(str(path), compression="zstd")), 2**20)
    return cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


class _Readable(io.RawIOBase):
    """Lets an Arrow stream stand where Python wants a raw file."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _is_tar(path: Path) -> bool:
    return path.name.endswith((".tar", ".tar.gz", ".tar.zst"))


def pages(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every HTML page in the tar archives of a folder, in their order."""
    for path in _files(folder):
        if _is_tar(path):
            with opened(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    file = archive.extractfile(member) if member.isfile() else None
                    if file is not None:
                        yield f"{folder.name}/{member.name}", file.read()


def _extracted(folder: Path, cache: Path, *, whole: bool) -> Iterator[tuple[str, str]]:
    """The pages' text by resiliparse, extracted once and kept."""
    listing = [(path.name, path.stat().st_size) for path in _files(folder) if _is_tar(path)]
    canon = json.dumps([VERSION, folder.name, listing, *(["whole"] if whole else [])])
    key = hashlib.sha256(canon.encode()).hexdigest()[:12]
    kept = cache / f"texts-{key}.jsonl"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        with part.open("w", encoding="utf-8", errors="replace") as out:
            for name, html in pages(folder):
                out.write(json.dumps([name, _text_of(html, main_content=not whole)], ensure_ascii=False) + "\n")
        part.rename(kept)
    with kept.open(encoding="utf-8") as lines:
        for line in lines:
            name, text = json.loads(line)
            if len(text) >= MINIMUM:
                yield name, text


def _text_of(html: bytes, *, main_content: bool) -> str:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    return extract_plain_text(bytes_to_str(html, detect_encoding(html) or "utf-8"), main_content=main_content)


@dataclass(frozen=True)
class Crawl:
    """A WARC file of real pages."""

    path: Path
    pages: int
    html_bytes: int


def crawl(data: Path | None, cache: Path, count: int) -> Crawl:
    """A gzip WARC of `count` pages, drawn by the SHA-256 of their names from all page archives of the folder."""
    if data is None:
        raise SystemExit("this benchmark needs real pages: name a folder with tar archives of HTML by --data")
    made = cache / f"crawl-{_key(data, count)}"
    path, card = made / "pages.warc.gz", made / "card.json"
    if not card.exists():
        found = [page for tier in _tiers(data) for folder in tier for page in pages(folder)]
        if not found:
            raise SystemExit("no tar archive of pages in the folder named by --data")
        found.sort(key=lambda page: hashlib.sha256(page[0].encode()).digest())
        made.mkdir(parents=True, exist_ok=True)
        _write_warc(found[:count], path)
        facts = {"pages": len(found[:count]), "html_bytes": sum(len(html) for _, html in found[:count])}
        card.write_text(json.dumps(facts), "utf-8")
    return Crawl(path, **json.loads(card.read_text("utf-8")))


def _write_warc(found: Sequence[tuple[str, bytes]], path: Path) -> None:
    """One `response` record a page, a gzip member each, as ISO 28500 and Common Crawl have it."""
    with path.open("wb") as out:
        for n, (name, html) in enumerate(found):
            body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(html) + html
            head = (
                "WARC/1.0\r\nWARC-Type: response\r\n"
                f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{n:012d}>\r\n"
                "WARC-Date: 2024-01-01T00:00:00Z\r\n"
                f"WARC-Target-URI: https://pages.example/{_quoted(name)}\r\n"
                "WARC-Identified-Payload-Type: text/html\r\n"
                "Content-Type: application/http; msgtype=response\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            out.write(gzip.compress(head.encode() + body + b"\r\n\r\n", 6, mtime=0))


def unpacked(given: Crawl) -> Iterator[tuple[str, bytes]]:
    """URL and HTML of the pages of a WARC that was made here."""
    with gzip.open(given.path) as file:
        while file.readline():
            head = {}
            while line := file.readline().strip():
                key, _, value = line.decode().partition(": ")
                head[key] = value
            body = file.read(int(head["Content-Length"]))
            file.read(4)
            yield head["WARC-Target-URI"], body.partition(b"\r\n\r\n")[2]


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name)

"""Files and members of archives that hold one page each."""

import io
import json
import tarfile

import pytest

from curate.ingest import Fault, Ingest, discover, read
from curate.ingest.media import media_of
from tests.ingest.sources import compressed, html, reasons, texts


def tar(*files: tuple[str, bytes], mode: str = "w", **options: object) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode, **options) as archive:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return sink.getvalue()


def old(archive: bytes) -> bytes:
    """The archive with headers as they were before there was a magic."""
    blocks = [archive[i : i + 512] for i in range(0, len(archive), 512)]
    for i, block in enumerate(blocks):
        if block[257:262] == b"ustar":
            bare = block[:148] + b" " * 8 + block[156:257] + bytes(255)
            blocks[i] = bare[:148] + b"%06o\0 " % sum(bare) + bare[156:]
    return b"".join(blocks)


FILES = [(f"site/{i}.html", html(f"page {i}")) for i in range(3)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tar", tar(*FILES)),
        ("a.tar.gz", tar(*FILES, mode="w:gz")),
        ("a.tgz", tar(*FILES, mode="w:gz")),
        ("a.tar.xz", tar(*FILES, mode="w:xz")),
        ("a.tar.zst", compressed(tar(*FILES), "zstd")),
        ("old.tar", old(tar(*FILES))),
        ("named as nothing", tar(*FILES)),
    ],
)
def test_the_members_of_a_tar_are_pages(records, name, data):
    found = records(name, data)

    assert [one.id for one in found] == [f"{name}/site/{i}.html#0" for i in range(3)]
    assert texts(found) == [page.decode() for _, page in FILES]


def test_members_that_are_no_pages_are_dropped_as_media(records):
    files = [
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("b.js", b"var x"),
        ("c", html()),
        ("d.txt", b"plain"),
        ("e.md", b"# title"),
        ("f.html", b"%PDF-1.5"),
        ("g.html", html("x" * 5_000)),
    ]

    found = records("a.tar", tar(*files), max_bytes=1_000)

    assert reasons(found) == ["media", "media", None, None, None, "media", "max_bytes"]
    assert [one.media for one in found[2:6]] == ["text/html", "text/plain", "text/markdown", "application/pdf"]


def test_folders_and_links_are_no_documents(records):
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, kind in (("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE), ("fifo", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(name)
            member.type = kind
            archive.addfile(member)

    found = records("a.tar", sink.getvalue())

    assert reasons(found) == ["empty"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.html", "new\nline.html", "caf\udce9.html", "a#b.html", "x" * 300 + ".html"]
)
def test_hostile_names_stay_on_one_line_of_utf8(records, name):
    (one,) = records(
        "a.tar", tar((name, html()), format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape")
    )

    assert one.text == html().decode()
    assert one.id.isprintable()
    assert one.id.encode().decode() == one.id


@pytest.mark.parametrize("cut", [700, 1_100, 1_600])
def test_a_cut_tar_gives_its_whole_members_and_a_fault(records, cut):
    data = tar(*[(name, page * 20) for name, page in FILES]).rstrip(b"\0")

    found = records("a.tar", data[:-cut])

    assert reasons(found)[-1] in ("truncated", "header")
    assert all(reason is None for reason in reasons(found)[:-1])


def test_a_broken_header_in_a_tar_is_a_fault_and_reading_goes_on(records):
    data = bytearray(tar(*FILES))
    data[1024:1100] = b"x" * 76

    found = records("a.tar", bytes(data))

    assert reasons(found) == [None, "header", None]
    assert found[1].bytes == 1024


def test_a_compressed_tar_that_is_cut_is_one_fault(records):
    found = records("a.tar.gz", tar(*FILES, mode="w:gz")[:-20])

    assert [one for one in reasons(found) if one] == ["truncated"]


@pytest.mark.parametrize("name", ["page.html", "page.HTM", "no suffix"])
def test_a_page_is_a_source_of_its_own(records, name):
    (one,) = records(name, html("hello"))

    assert (one.id, one.text, one.media) == (f"{name}#0", html("hello").decode(), "text/html")
    assert json.loads(one.meta) == {"decoding": "detected", "encoding": "utf-8"}


def test_a_page_that_names_its_own_address_has_it_where_none_is_known(records):
    page = b'<html><head><link href="https://example.org/x?a=1&amp;b=2" rel="canonical"></head>'

    (one,) = records("page.html", page)

    assert one.url == "https://example.org/x?a=1&b=2"


def test_text_and_markdown_are_read_as_they_are_when_named(records):
    found = [records(name, b"# Hello\n<b>x</b>")[0] for name in ("a.md", "README", "a.txt", "a.md.gz")]

    assert [one.media for one in found] == ["text/markdown", "text/plain", "text/plain", "text/markdown"]
    assert {one.text for one in found} == {"# Hello\n<b>x</b>"}


def test_a_file_that_is_too_large_is_dropped_unread(records):
    (one,) = records("a.txt", b"word " * 1_000, max_bytes=100)

    assert (one.reason, one.text, one.bytes) == ("max_bytes", None, 5_000)


def test_a_file_that_vanishes_is_a_fault(tmp_path):
    path = tmp_path / "a.html"
    path.write_bytes(html())
    (source,) = discover([path], Ingest()).sources
    path.unlink()

    found = list(read(source, Ingest()))

    assert found == [Fault("a.html", "unreadable", "No such file or directory", len(html()))]


@pytest.mark.parametrize(
    ("declared", "head", "media"),
    [
        ("text/html; charset=x", b"<p>hi", "text/html"),
        ("TEXT/HTML", b"no tag at all", "text/plain"),
        ("text/html", b"", "text/html"),
        ("text/html", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("text/html", bytes(100), "application/octet-stream"),
        ("text/html", b"<\0h\0t\0m\0l\0>\0", "text/html"),
        ("text/plain", b"<!DOCTYPE html><p>", "text/html"),
        ("text/plain", b"a < b", "text/plain"),
        (None, b"\n<!-- c --><HTML lang=en>", "text/html"),
        (None, b"hello", "application/octet-stream"),
        ("application/xml", b"<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C'><html>", "application/xhtml+xml"),
        ("application/xml", b"<?xml version='1.0'?><rss>", "application/xml"),
        ("image/png", b"<html>", "image/png"),
        ("no type", b"<html>", "text/html"),
        ("bad\x07/type", b"x", "application/octet-stream"),
    ],
)
def test_content_decides_where_it_contradicts_the_declaration(declared, head, media):
    found = media_of(declared, head)

    assert found == media

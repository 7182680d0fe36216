"""ARC: the lines before records, and what stands where a line should."""

import gzip

import pytest

from tests.ingest.sources import html, reasons, texts

DESCRIPTION = b"1 0 Test\nURL IP-address Archive-date Content-type Archive-length\n"
START = b"filedesc://test.arc 0.0.0.0 20080430204825 text/plain %d\n%s\n" % (len(DESCRIPTION), DESCRIPTION)


def record(
    body: bytes, *, url: str = "http://example.org/", date: str = "20080430204825", length: int | None = None
) -> bytes:
    block = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
    size = len(block) if length is None else length
    return f"{url} 1.2.3.4 {date} text/html {size}\n".encode() + block + b"\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_pages_come_with_url_and_date(records, pack):
    data = START + record(html("one")) + record(html("two"), url="http://example.org/a b?c=d e")

    found = records("a.arc", pack(data))

    assert texts(found) == [html("one").decode(), html("two").decode()]
    assert [(one.url, one.date) for one in found] == [
        ("http://example.org/", "2008-04-30T20:48:25Z"),
        ("http://example.org/a b?c=d e", "2008-04-30T20:48:25Z"),
    ]


def test_a_version_two_line_is_read(records):
    line = b"http://example.org/ 1.2.3.4 20080430204825 text/html 200 sum - 12 file.arc %d\n" % len(html())

    (one,) = records("a.arc", START + line + html() + b"\n")

    assert (one.text, one.status) == (html().decode(), None)


def test_dns_answers_are_no_documents(records):
    dns = b"dns:example.org 1.2.3.4 20080430204825 text/dns 5\nabcde\n"

    found = records("a.arc", START + dns + record(html()))

    assert reasons(found) == [None]


def test_lines_that_are_no_header_are_one_fault(records):
    found = records("a.arc", START + b"http://example.org/ 1.2.3.4 nonsense\nmore\n" + record(html()))

    assert reasons(found) == ["header", None]
    assert found[0].bytes == 42


@pytest.mark.parametrize("cut", [10, 60])
def test_a_cut_archive_gives_its_whole_records_and_one_fault(records, cut):
    found = records("a.arc", (START + record(html("one")) + record(html("two" * 30)))[:-cut])

    assert reasons(found) == [None, "truncated"]

"""WARC and WET: documents, what is no document, and archives that break."""

import gzip
import io
import json

import pytest
from fastwarc.warc import ArchiveIterator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.ingest import Fault, Ingest, Record, discover, read
from tests.ingest.sources import SHARED, compressed, html, members, reasons, response, texts

PAGES = [response(html(f"page {i}"), url=f"http://example.org/{i}") for i in range(3)]


def bare(record: bytes) -> bytes:
    """The record with header lines that end in LF alone."""
    head, _, block = record.partition(b"\r\n\r\n")
    return head.replace(b"\r\n", b"\n") + b"\n\n" + block


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("plain.warc", b"".join(PAGES)),
        ("members.warc.gz", members(PAGES)),
        ("whole.warc.gz", gzip.compress(b"".join(PAGES))),
        ("frames.warc.lz4", b"".join(compressed(page, "lz4") for page in PAGES)),
        ("frames.warc.zst", b"".join(compressed(page, "zstd") for page in PAGES)),
        ("no suffix at all", b"".join(PAGES)),
        ("bare.warc", b"".join(map(bare, PAGES))),
        ("close.warc", b"".join(page.removesuffix(b"\r\n\r\n") + b"\r\n" for page in PAGES)),
    ],
)
def test_pages_are_read_from_every_packing(records, name, data):
    found = records(name, data)

    assert [(one.id, one.url, one.date) for one in found] == [
        (f"{name}#{i}", f"http://example.org/{i}", "2024-05-06T07:08:09Z") for i in range(3)
    ]
    assert [text.strip() for text in texts(found)] == [html(f"page {i}").decode() for i in range(3)]


def test_a_record_keeps_what_the_archive_knew(records):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=windows-1251\r\nContent-Language: ru\r\n"
    body = "<html>Привет</html>".encode("cp1251")

    (one,) = records(
        "a.warc", response(body, head=head, extra="WARC-Truncated: length\r\nWARC-IP-Address: 1.2.3.4\r\n")
    )

    assert one.text == "<html>Привет</html>"
    assert (one.media, one.status, one.encoding, one.decoding) == ("text/html", 200, "cp1251", "declared")
    assert json.loads(one.meta) == {
        "content_language": "ru",
        "content_type": "text/html; charset=windows-1251",
        "decoding": "declared",
        "encoding": "cp1251",
        "ip": "1.2.3.4",
        "record_id": "<urn:uuid:1>",
        "truncated": "length",
    }


def test_requests_and_metadata_are_no_documents_and_are_still_counted_in_ids(records):
    others = [response(b"x: 1", kind=kind, head=b"") for kind in ("warcinfo", "request", "metadata", "revisit")]
    log = response(b"a log", kind="resource", head=b"", url="metadata://gnu.org/software/wget/warc/wget.log")

    found = records("a.warc", b"".join(others) + log + PAGES[0])

    assert [one.id for one in found] == ["a.warc#5"]


def test_a_wet_record_is_plain_text(records):
    wet = response(
        "наш text <b>not markup</b>".encode(), kind="conversion", head=b"", extra="Content-Type: text/plain\r\n"
    )

    (one,) = records("a.warc.wet", wet)

    assert (one.text, one.media, one.status) == ("наш text <b>not markup</b>", "text/plain", None)


def test_what_is_no_page_is_dropped_with_its_reason(records):
    ok = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
    data = [
        response(html(), head=b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n"),
        response(b"\x89PNG\r\n\x1a\n" + bytes(50), head=ok % b"image/png"),
        response(b"\x89PNG\r\n\x1a\n" + bytes(50), head=ok % b"text/html"),
        response(b"body {}", head=ok % b"text/css"),
        response(html(), head=ok % b"application/octet-stream"),
        response(html(), head=b"HTTP/1.1 200 OK\r\n"),
        response(html("x" * 2_000), head=ok % b"text/html"),
    ]

    found = records("a.warc", b"".join(data), max_bytes=1_000)

    assert reasons(found) == ["status", "media", "media", "media", None, None, "max_bytes"]
    assert all(one.text is None for one in found if one.reason)
    assert found[0].status == 404
    assert found[6].bytes == len(html("x" * 2_000))


def test_a_body_that_unpacks_beyond_the_bound_is_dropped(records):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"

    found = records("a.warc", response(gzip.compress(b"<html>" + b" " * 5_000_000), head=head), max_bytes=100_000)

    assert reasons(found) == ["max_bytes"]


def test_a_cut_archive_gives_its_whole_records_and_one_fault(records):
    data = b"".join(PAGES)

    found = records("cut.warc", data[:-30])

    assert reasons(found) == [None, None, "truncated"]
    assert found[2].place == f"cut.warc@{data.rindex(b'WARC/1.0')}"


def test_a_cut_gzip_gives_its_whole_records_and_one_fault(records):
    found = records("cut.warc.gz", members(PAGES)[:-40])

    assert reasons(found) == [None, None, "truncated"]


def test_garbage_between_records_is_a_fault_and_reading_goes_on(records):
    found = records("a.warc", PAGES[0] + b"some garbage\r\nmore\r\n" + PAGES[1] + bytes(999) + b"tail" + PAGES[2])

    assert reasons(found) == [None, "header", None, "header", None]
    assert found[1] == Fault(f"a.warc@{len(PAGES[0])}", "header", "WARC: bytes where a record should begin", 20)


def test_a_record_that_is_too_short_does_not_swallow_the_next(records):
    longer = response(html("first"), length=len(PAGES[1]))

    found = records("a.warc", longer + PAGES[1] + PAGES[2])

    assert reasons(found) == ["truncated", None, None]


@pytest.mark.parametrize(
    "header", ["Content-Length: -5", "Content-Length: abc", "Content-Length: 99999999999999999999", "X: 1"]
)
def test_a_record_without_a_usable_length_is_a_fault_and_reading_goes_on(records, header):
    broken = f"WARC/1.0\r\nWARC-Type: response\r\n{header}\r\n\r\n".encode()

    found = records("a.warc", PAGES[0] + broken + PAGES[1])

    assert reasons(found) == [None, "header", None]


def test_a_length_beyond_the_file_is_a_fault_and_costs_no_memory(records):
    found = records("a.warc", PAGES[0] + response(html(), length=10**14))

    assert reasons(found) == [None, "truncated"]


def test_a_continued_record_is_a_fault(records):
    found = records("a.warc", response(b"rest", kind="continuation", head=b"") + PAGES[0])

    assert reasons(found) == ["segmented", None]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.integers(0, 700), st.integers(0, 60))
def test_no_damage_raises_or_loses_an_archive_in_silence(records, noise, at, gap):
    data = b"".join(PAGES)

    found = records("a.warc", b"WARC/1.0\r\n" + data[: at % len(data)] + noise + data[(at + gap) % len(data) :])

    assert found
    assert all(isinstance(one, (Record, Fault)) for one in found)


def test_the_same_pages_come_out_as_fastwarc_reads(tmp_path):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(members(PAGES))

    (source,) = discover([path], Ingest()).sources
    ours = [one.text.encode() for one in read(source, Ingest())]

    theirs = [record.reader.read() for record in ArchiveIterator(io.BytesIO(path.read_bytes()))]
    assert ours == theirs


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared data beside the checkout")
def test_every_archive_of_the_shared_data_yields_or_says_why_not():
    listing = discover([SHARED / "crawl_warc"], Ingest())

    silent = []
    for source in listing.sources:
        found = list(read(source, Ingest()))
        if not found:
            silent.append(source.name)

    assert len(listing.sources) == 113
    assert sorted(silent) == sorted(
        [
            "cc-whirlwind__whirlwind.warc.wat",
            "cc-whirlwind__whirlwind.warc.wat.gz",
            "jwarc__gzip_extra_sl.warc.gz",
            "pywb__example-url-agnostic-revisit.warc.gz",
            "resiliparse__block-sized-records.warc",
            "resiliparse__block-sized-records.warc.gz",
            "resiliparse__block-sized-records.warc.lz4",
            "warcio__example-digest.warc",
        ]
    ), "these hold only records that are no documents"


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared data beside the checkout")
@pytest.mark.parametrize(
    "name",
    [
        "resiliparse__clipped.warc.gz",
        "ipwb__broken.warc",
        "pywb__bad.arc",
        "aut__badexample.arc.gz",
        "ipwb__redirect.warc",
    ],
)
def test_archives_broken_on_purpose_end_in_faults(name):
    (source,) = discover([SHARED / "crawl_warc" / name], Ingest()).sources

    faults = [one for one in read(source, Ingest()) if isinstance(one, Fault)]

    assert faults
    assert all(fault.place.startswith(f"{name}@") for fault in faults)

"""HTTP messages as crawlers stored them."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ingest.http import body, parse
from tests.ingest.sources import compressed

BODY = b"<html>" + b"some words " * 200 + b"</html>"
BROTLI = bytes.fromhex("0b028068656c6c6f03")


def message(headers: str, data: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n".encode() + data


def decoded(headers: str, data: bytes, limit: int = 1 << 20) -> tuple[bytes, bool]:
    block = message(headers, data)
    return tuple(body(parse(block), block, limit))


def chunked(data: bytes, size: int = 100, extension: bytes = b"") -> bytes:
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in parts) + b"0\r\nTrailer: x\r\n\r\n"


@given(st.binary(), st.binary(), st.integers(0, 100))
def test_no_message_raises_or_exceeds_its_bound(head, data, limit):
    block = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, br\r\nTransfer-Encoding: chunked\r\n" + head + b"\r\n\r\n" + data
    )

    response = parse(block)

    assert response is not None
    assert len(body(response, block, limit).data) <= max(limit + 1, len(data) + len(head) + 4)


def test_a_header_is_read_with_folded_and_repeated_lines():
    response = parse(b"HTTP/1.1 404\nContent-Type: text/html;\n charset=KOI8-R\nX: 1\nX: 2\nbad line\n\nbody")

    assert response.status == 404
    assert response.headers == {"content-type": "text/html; charset=KOI8-R", "x": "1"}
    assert response.charset == "KOI8-R"


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", zlib.compress(BODY, wbits=-15)),
        ("zstd", compressed(BODY, "zstd")),
        ("gzip", BODY),
        ("br", BODY),
        ("identity", BODY),
    ],
)
def test_content_codings_are_undone_and_bodies_stored_decoded_pass(coding, data):
    found = decoded(f"Content-Encoding: {coding}", data)

    assert found == (BODY, False)


def test_brotli_is_undone():
    found = decoded("Content-Encoding: br", BROTLI)

    assert found == (b"hello", False)


@pytest.mark.parametrize("data", [chunked(BODY), chunked(BODY, 7), chunked(BODY, extension=b';a="b"'), BODY])
def test_chunks_are_joined_and_bodies_stored_joined_pass(data):
    found = decoded("Transfer-Encoding: chunked", data)

    assert found == (BODY, False)


def test_codings_and_chunks_are_undone_together():
    found = decoded("Content-Encoding: gzip\r\nTransfer-Encoding: Chunked", chunked(gzip.compress(BODY)))

    assert found == (BODY, False)


@pytest.mark.parametrize("headers", ["Content-Encoding: gzip", "Transfer-Encoding: chunked"])
def test_a_body_that_breaks_off_gives_what_it_had_and_says_so(headers):
    whole = gzip.compress(BODY) if "gzip" in headers else chunked(BODY)

    data, cut = decoded(headers, whole[: len(whole) // 2])

    assert BODY.startswith(data)
    assert cut


def test_a_bomb_in_a_body_is_cut_at_the_limit():
    data, _ = decoded("Content-Encoding: gzip", gzip.compress(bytes(20 << 20)), limit=1 << 20)

    assert len(data) == (1 << 20) + 1

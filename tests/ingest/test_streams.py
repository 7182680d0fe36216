"""Compressed streams: all that is readable, then why it ended."""

import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from curate.ingest.lines import Lines
from curate.ingest.streams import Stream
from tests.ingest.sources import compressed

TEXT = "".join(f"line {i} of many\n" for i in range(20_000)).encode()
CODECS = {
    "plain": lambda data: data,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zstd": lambda data: compressed(data, "zstd"),
    "lz4": lambda data: compressed(data, "lz4"),
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def drained(path: Path, **bounds: int) -> tuple[bytes, str | None]:
    with Stream(str(path), **bounds) as stream:
        data = stream.read()
        return data, stream.fault and stream.fault.reason


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_gives_back_what_was_written(tmp_path, codec):
    path = tmp_path / "any.name"
    path.write_bytes(CODECS[codec](TEXT))

    found = drained(path)

    assert found == (TEXT, None)


@pytest.mark.parametrize("codec", CODECS)
def test_concatenated_streams_read_as_one(tmp_path, codec):
    path = tmp_path / "twice"
    path.write_bytes(CODECS[codec](TEXT) + CODECS[codec](TEXT))

    found = drained(path)

    assert found == (TEXT * 2, None)


@pytest.mark.parametrize("codec", [name for name in CODECS if name != "plain"])
def test_a_cut_stream_gives_what_was_readable_and_says_truncated(tmp_path, codec):
    data = CODECS[codec](TEXT)
    path = tmp_path / "cut"
    path.write_bytes(data[: len(data) // 2])

    got, why = drained(path)

    assert TEXT.startswith(got)
    assert why == "truncated"


def test_a_cut_gzip_gives_every_byte_that_it_holds(tmp_path):
    data = gzip.compress(TEXT, mtime=0)
    path = tmp_path / "cut.gz"
    path.write_bytes(data[:-9])

    got, why = drained(path)

    assert (got[:-300], why) == (TEXT[: len(got) - 300], "truncated")
    assert len(got) > len(TEXT) - 600


def test_reading_goes_on_at_the_member_behind_a_corrupt_one(tmp_path):
    first, broken, last = (gzip.compress(part, mtime=0) for part in (b"first\n", TEXT, b"last\n"))
    broken = broken[:200] + bytes(100) + broken[300:]
    path = tmp_path / "members.gz"
    path.write_bytes(first + broken + last)

    got, why = drained(path)

    assert got.startswith(b"first\n")
    assert got.endswith(b"last\n")
    assert why == "corrupt"


def test_padding_between_members_is_no_fault_and_garbage_is_one(tmp_path):
    member = gzip.compress(b"text\n", mtime=0)
    padded, dirty = tmp_path / "padded.gz", tmp_path / "dirty.gz"
    padded.write_bytes(member + bytes(2_000) + member + bytes(10))
    dirty.write_bytes(member + b"garbage" + member)

    found = drained(padded), drained(dirty)

    assert found == ((b"text\n" * 2, None), (b"text\n" * 2, "corrupt"))


@pytest.mark.parametrize("codec", ["gzip", "zstd", "bz2", "xz"])
def test_a_bomb_is_given_up_and_never_held(tmp_path, codec):
    path = tmp_path / "bomb"
    path.write_bytes(CODECS[codec](bytes(24 << 20)))

    got = 0
    with Stream(str(path), bomb_bytes=4 << 20, bomb_ratio=200) as stream:
        while block := stream.block():
            assert len(block) <= 1 << 20
            got += len(block)
        fault = stream.fault

    assert fault is not None
    assert fault.reason == "bomb"
    assert got <= 5 << 20


def test_a_long_line_is_measured_and_not_held(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"a\n" + b"x" * 3_000_000 + b"\nb")

    with Stream(str(path)) as stream:
        lines = Lines(stream)
        found = [lines.line(1_000) for _ in range(4)]

    assert found == [(b"a\n", 2), (b"", 3_000_001), (b"b", 1), (b"", 0)]


def test_lines_and_blocks_may_be_read_in_turn(tmp_path):
    path = tmp_path / "mixed"
    path.write_bytes(b"head\n12345tail\nrest")

    with Stream(str(path)) as stream:
        lines = Lines(stream)
        found = [lines.line(99)[0], lines.peek(3), lines.read(5), lines.line(99)[0], lines.skip(2), lines.offset]
        lines.unread(b"re")
        found.append(lines.read(9))

    assert found == [b"head\n", b"123", b"12345", b"tail\n", 2, 17, b"rest"]

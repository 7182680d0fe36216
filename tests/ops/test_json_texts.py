"""The texts of JSON Lines, against a parser that reads line by line."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.ops.json_texts import BLANK, LEFT, TAKEN, texts

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
rows = st.fixed_dictionaries({"text": st.text()}, optional={"id": values, "te": values, "texts": values, "m": values})
shapes = st.sampled_from([{}, {"ensure_ascii": False}, {"separators": (",", ":")}, {"separators": (" ,\t", "\r: ")}])


def found(block, key=b"text", most=1 << 20):
    """Per line its text, or why there is none; and what else the lines hold."""
    read = texts(block, key, most)
    parts = [bytes(read.data[a:b]) for a, b in zip(read.offsets[:-1], read.offsets[1:], strict=True)]
    named = {BLANK: "blank", LEFT: "left"}
    lines = [part if fate == TAKEN else named[fate] for part, fate in zip(parts, read.fates.tolist(), strict=True)]
    return lines, read.rest


@given(st.lists(st.tuples(rows, shapes), max_size=5), st.booleans())
def test_texts_and_the_rest_are_what_a_parser_reads(given_rows, ended):
    block = "\n".join(json.dumps(row, **shape) for row, shape in given_rows).encode("utf-8", "surrogatepass")

    lines, rest = found(block + b"\n" * (ended and len(given_rows) > 0))

    kept = [row for (row, _), line in zip(given_rows, lines, strict=True) if line != "left"]
    assert all("\0" in row["text"] for (row, _), line in zip(given_rows, lines, strict=True) if line == "left")
    assert [line for line in lines if line != "left"] == [row["text"].encode() for row in kept]
    assert json.loads(rest) == [{**row, "text": ""} for row in kept]


STRINGS = [
    '"text"',
    '"te\\u0078t"',
    '"a"',
    '"x\\n"',
    '"\\ud83d\\ude00"',
    '"\\ud83d"',
    '"\\u0000"',
    '"é"',
    '"\\x"',
    '"\\u12"',
]
OTHERS = [*":,{}[]", "1", "null", " ", "\t", "\\", '"', "é", "\x01", "tru", "-", "\n", '{"text":"b"}']
pieces = st.sampled_from([*STRINGS, *OTHERS])


@settings(max_examples=500)
@given(st.lists(pieces, max_size=14).map("".join))
def test_of_anything_else_no_text_is_taken_unless_the_parser_takes_the_lines(block):
    lines, rest = found(block.encode())
    try:
        others = msgspec.json.decode(rest)
    except ValueError:
        return

    taken = [i for i, line in enumerate(lines) if isinstance(line, bytes)]
    read = [json.loads(block.split("\n")[i]) for i in taken]
    assert [row["text"].encode() for row in read] == [lines[i] for i in taken]
    assert others == [{**row, "text": ""} for row in read]


@pytest.mark.parametrize(
    ("line", "fate"),
    [
        (b'{"text": "a", "text": "b"}', "left"),
        (b'{"te\\u0078t": "a"}', "left"),
        (b'{"text": "\\ud800"}', "left"),
        (b'{"text": "\\udc00\\ud800"}', "left"),
        (b'{"text": "\\u0000"}', "left"),
        (b'{"text": "a\tb"}', "left"),
        (b'{"text": "cut', "left"),
        (b'{"text": "cut\\', "left"),
        (b'{"text": 1}', "left"),
        (b'["text", "a"]', "left"),
        (b'{"m": {"text": "inner"}}', "left"),
        (b'{"text": "a"} {"text": "b"}', "left"),
        (b" \t\r", "blank"),
        (b'{"m": {"text": "}"}, "text": "outer"}', b"outer"),
        (b'{"text": "\\ud83d\\ude00\\/\\"\\b\\f"}', '😀/"\b\f'.encode()),
        (b'{"text": ""}\r', b""),
    ],
)
def test_what_is_unusual_is_left_to_whoever_reads_single_lines(line, fate):
    assert found(line)[0] == [fate]
    assert found(line + b"\n" + b'{"text":"after"}')[0] == [fate, b"after"]


def test_a_line_over_the_bound_is_left():
    assert found(b'{"text": "' + b"x" * 100 + b'"}\n{"text": "y"}', most=100)[0] == ["left", b"y"]


def test_nothing_has_no_lines():
    assert found(b"") == ([], b"[]")

"""Traces of personal data, against regular expressions."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from curate.ops.traces import ACCOUNT, ACCOUNT_BYTES, AT, BLOCK, COLONS, HEAD, MIN_DOMAIN, NUMBER, TOKEN, scan
from tests.ops.kernel_texts import batches, packed

GAP = rb"[ \-./()\xc2\xa0\xe2\x80\x90\x91\x92\x93\xaf]"
NUMBERS = re.compile(rb"[0-9](?:%s{0,4}[0-9])*" % GAP)
WORDS = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_\-]*")

pieces = st.sampled_from(
    [
        *"0123456789",
        *"@:.-+() /_aZfF",
        "\u00a0",
        "–",
        "abc",
        "1.2.3.4",
        "a@b.de",
        "::",
        "-----BEGIN ",
        "\n",
        "가",
        "GB12",
        "00000",
    ]
)
crowded = st.lists(st.lists(pieces, max_size=40).map("".join), max_size=5)


def number(raw, found):
    digits, dots = (
        len(re.sub(rb"[^0-9]", b"", found.group())),
        len(re.findall(rb"(?<=[0-9])\.(?=[0-9])", found.group())),
    )
    if digits < 7 and dots < 3:
        return None
    head = raw[: found.start()]
    return found.start() - head.endswith(b"(") - head.endswith((b"+", b"+(")), found.end()


def colons(raw):
    last = 0
    for one in re.finditer(rb":[0-9A-Fa-f:.]*", raw):
        if one.start() < last:
            continue
        last, body = one.end(), one.group()
        if body.count(b":") > 1 and (b"::" in body or body.count(b":") >= 6):
            yield re.search(rb"[0-9A-Fa-f]{0,4}\Z", raw[: one.start()]).start(), one.end(), COLONS


def words(covered, raw):
    for start, stop in covered:
        word = raw[start:stop]
        digits, letters = len(re.sub(rb"[^0-9]", b"", word)), len(re.sub(rb"[^A-Za-z]", b"", word))
        size = digits + letters
        if letters and digits and (size >= 20 or (size >= 7 and digits >= 6)):
            yield start, stop, TOKEN
        if re.match(rb"[A-Za-z]{2}[0-9]{2}", word):
            yield start, min(start + ACCOUNT_BYTES, len(raw)), ACCOUNT


def expected(raw):
    """All that the scan must find in a text, as a set."""
    found = {(*place, NUMBER) for one in NUMBERS.finditer(raw) if (place := number(raw, one))}
    covered = [one.span() for one in WORDS.finditer(raw)]
    found |= set(words(covered, raw))
    for one in re.finditer(rb"@", raw):
        at = one.start()
        left = re.search(rb"[A-Za-z0-9._%+\-'&]{0,64}\Z", raw[:at]).start()
        right = at + 1 + re.match(rb"[A-Za-z0-9.\-]{0,255}", raw[at + 1 :]).end()
        if left < at and right > at + MIN_DOMAIN:
            found.add((left, right, AT))
    found |= set(colons(raw))
    for one in re.finditer(rb"(?=-----BEGIN)", raw):
        if not any(start <= one.start() < stop for start, stop in covered):
            found.add((one.start(), min(one.start() + HEAD, len(raw)), BLOCK))
    return found


@given(st.one_of(crowded, batches))
@example(["x" * 63 + "." + "y" * 80 + "@" + "d." * 200 + "org"])
@example(["0@000", "a@b.d", "a@b."])
@example(["(+1 (305) 555-1234", "+(305)5551234", "1    2    3", "9" * 500])
def test_traces_are_what_regular_expressions_find(texts):
    offsets, data = packed(texts)

    made = scan(offsets, data)

    found = [set() for _ in texts]
    for row, *place in zip(
        made.rows.tolist(), made.starts.tolist(), made.stops.tolist(), made.kinds.tolist(), strict=True
    ):
        found[row].add(tuple(place))
    assert found == [expected(text.encode()) for text in texts]
    assert made.rows.tolist() == sorted(made.rows.tolist())


def test_more_traces_than_there_is_room_for_at_first_are_all_found():
    texts = ["a@b.de " * 5000]

    made = scan(*packed(texts))

    assert len(made.rows) == 5000


def test_no_text_has_no_traces():
    assert len(scan(*packed([])).rows) == 0

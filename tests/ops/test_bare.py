"""Bare words: wrappings read through, letters folded, places kept."""

import re
from html.entities import name2codepoint
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.ops import bare, unicode
from curate.ops.bare import bare_words
from curate.ops.build_unicode import _folded, kind_of
from curate.ops.wrappings import INLINE
from tests.ops.kernel_texts import batches, packed

TAG = re.compile(r"<!|</?([A-Za-z][A-Za-z0-9:-]*)(\s*/?\s*|[\s/][^<>]*=[^<>]*)>")
REFERENCE = re.compile(r"&(?:#([0-9]{1,8})|#[xX]([0-9A-Fa-f]{1,8})|([A-Za-z0-9]{1,8}));")
NAMES = {**name2codepoint, "apos": 0x27}
ESCAPE = re.compile(r"\\[nrt]|\\u([dD][89abAB][0-9A-Fa-f]{2})\\u([dD][c-fC-F][0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})")
LEAST = {unicode.HAN, unicode.ALONE, unicode.HIRAGANA, unicode.PARTICLE}


def scalar(code):
    return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else " "


def reference_at(text, at):
    """The character of a reference at an `&` and its length, or nothing."""
    found = REFERENCE.match(text, at)
    if not found:
        return None
    decimal, hexadecimal, name = found.groups()
    if name:
        return (chr(NAMES[name]), found.end() - at) if name in NAMES else None
    return scalar(int(decimal) if decimal else int(hexadecimal, 16)), found.end() - at


def unwrapped(text):
    """Character, place and length of everything in a text; "" for what vanishes, " " for what separates."""
    at = 0
    while at < len(text):
        character, size = text[at], 1
        if character == "<":
            character = " "
            found = TAG.match(text, at)
            if found and found[0] == "<!":
                close = text.find(">", at + 1)
                size = close + 1 - at if close >= 0 else 1
            elif found:
                size = len(found[0])
                character = "" if found[1].lower() in INLINE else " "
        elif character == "&":
            character, size = reference_at(text, at) or (" ", 1)
            if character == "&" and (again := reference_at("&" + text[at + size :], 0)):
                character, size = again[0], size + again[1] - 1
        elif found := ESCAPE.match(text, at):
            high, low, unit = found.groups()
            code = 0x10000 + ((int(high, 16) & 0x3FF) << 10 | int(low, 16) & 0x3FF) if high else int(unit or "20", 16)
            character, size = scalar(code), len(found[0])
        yield character, at, size
        at += size


def reference(text):
    """Word, place in characters, and weight."""
    words, alone = [], None
    for character, at, size in unwrapped(text):
        for letter in _folded(ord(character)) if character else "":
            bits = int(unicode.classes()[ord(letter)])
            if bits & (unicode.SPACE | unicode.PUNCTUATION | unicode.SYMBOL):
                alone = None
                continue
            lone = bool(bits & unicode.UNSPACED)
            if alone is None or lone or (alone and not bits & unicode.JOINER):
                weight = (2 if kind_of(letter) in LEAST else 1) if lone else 4
                words.append(["", at, at, weight])
                alone = lone
            words[-1][0] += letter
            words[-1][2] = at + size
        if character and not _folded(ord(character)):
            continue
    return [(word, text[start:stop], weight) for word, start, stop, weight in words]


def found(*texts):
    words = bare_words(*packed(texts))
    whole = words.data.tobytes()
    entries = zip(pairwise(words.begins), words.starts, words.stops, words.weights, strict=True)
    rows = [row for row, (a, b) in enumerate(pairwise(words.rows)) for _ in range(b - a)]
    made = [[] for _ in texts]
    for row, ((begin, end), start, stop, weight) in zip(rows, entries, strict=True):
        assert whole[end - 1 : end] == b" "
        made[row].append((whole[begin : end - 1].decode(), texts[row].encode()[start:stop].decode(), int(weight)))
    return made


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Janet’s <b>ducks</b> LAY", "janet s ducks lay"),
        ("<p>one</p><p class='x'>two<br/>three", "one two three"),
        ("b<i>ol</i>d li<sub>n</sub>k", "bold link"),
        ("a < b and c > d", "a b and c d"),
        ("if (x<y) z>1", "if x y z 1"),
        ("x <!-- a comment --> y", "x y"),
        ("caf&eacute; caf&#233; caf&#xE9; caf&amp;eacute; cafe\u0301", "café café café café café"),
        ("&nosuch; &; &#; &#xD800; AT&T", "nosuch at t"),
        (r"one\ntwo \u00e9 \ud83d\ude00 \uD835\uDD38", "one two é a"),
        ("ＦＵＬＬ　ｗｉｄｔｈ", "full width"),
        ("我的iPhone", "我 的 iphone"),
        ("", ""),
        (" \n ", ""),
        ("<", ""),
        ("<a", "a"),
        ("&", ""),
        ("\\", ""),
    ],
)
def test_words_are_read_through_what_wraps_them(text, words):
    import unicodedata

    assert [word for word, _, _ in found(text)[0]] == unicodedata.normalize("NFKD", words).split()


WRAPPED = st.sampled_from(
    [
        *(
            "<b>",
            "</b>",
            "<p>",
            "<br/>",
            "<a href='x'>",
            "<!-- x -->",
            "<",
            ">",
            "<a b>",
            "<span",
            "</ p>",
            "<x-y:z1 >",
        ),
        *(
            "&amp;",
            "&eacute;",
            "&amp;eacute;",
            "&#233;",
            "&#xe9;",
            "&#x110000;",
            "&#0;",
            "&nope;",
            "&",
            ";",
            "&#",
            "&apos;",
        ),
        *("\\n", "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\", "\\u12", "\\t"),
        *("a", "Bc", "9", " ", "=", "/", "é", "漢", "か", "カ", "ก", "ـ", "\u0301", "ﷺ", "ﬃ"),
    ]
)


@given(st.one_of(batches, st.lists(st.lists(WRAPPED, max_size=40).map("".join), max_size=4)))
@example(["a" * 300, "漢" * 300, "ﷺ" * 300, "㌀" * 200])
@example(["<a " + "x" * 3000 + "=>b", "<" * 50 + "a>"])
def test_words_are_those_of_the_reference(texts):
    texts = [text for text in texts if "<" not in text or len(text) < 2000]

    assert found(*texts) == [reference(text) for text in texts]


def test_a_tag_ends_within_two_thousand_bytes():
    assert [word for word, _, _ in found("<a b=" + "x " * 3000 + ">c")[0]][:3] == ["a", "b", "x"]


def test_texts_that_fold_to_more_than_their_size_find_room(monkeypatch):
    text = "㌀" * 5_000 + "<b>" * 100 + "end"

    assert found(text, text) == [reference(text)] * 2
    assert bare.WORD == 4


def test_tables_that_other_kernels_share_stay_as_they_were():
    bare._tables()

    assert unicode.classes().flags.writeable
    assert unicode.folds().table.flags.writeable

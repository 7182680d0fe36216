"""What a recogniser is: a pattern where a trace was found, and a check of what it matched."""

import re
from collections.abc import Callable
from typing import NamedTuple

Match = re.Match[bytes]
Span = tuple[int, int]
"""Bytes of the text."""

GAP = rb"(?:[ .\-]|\xc2\xa0|\xe2\x80[\x90-\x93\xaf])"
"""One space or dash between groups of digits."""
OPEN, CLOSED = rb"(?<![0-9A-Za-z_])(?<![0-9][.,\-/])", rb"(?![0-9A-Za-z_])(?![.\-/,][0-9])"
"""Borders of what stands for itself: no part of a word, a longer number, a path."""
NEARBY = 40
"""Bytes before a match in which a word may tell what it is."""


class Recogniser(NamedTuple):
    """Something that personal data of one label may look like."""

    label: str
    trace: int
    """The kind of trace at which to look (`curate.ops.traces`)."""
    pattern: re.Pattern[bytes]
    check: Callable[[Match], Span | None]
    """Where a match is personal data, or that it is none."""
    beyond: int = 4
    """Bytes after the trace that the pattern may need."""
    least: int = 0
    """Digits without which a row of them need not be looked at."""


def words(*known: str) -> re.Pattern[bytes]:
    """A pattern for one of some lower-case words, none of them part of a longer word of Latin letters."""
    latin = [word for word in known if word.isascii()]
    others = [word for word in known if not word.isascii()]
    parts = (
        [rb"(?<![a-z\x80-\xbf])(?:" + b"|".join(re.escape(word.encode()) for word in latin) + rb")(?![a-z])"]
        if latin
        else []
    )
    return re.compile(b"|".join([*parts, *(re.escape(word.encode()) for word in others)]))


def told(match: Match, known: re.Pattern[bytes], within: int = NEARBY) -> bool:
    """Whether one of the words stands in the bytes before a match."""
    before = match.string[max(0, match.start() - within) : match.start()]
    return known.search(bytes(before).lower()) is not None


def digits_of(text: bytes) -> str:
    """The digits of a text."""
    return "".join(chr(byte) for byte in text if 48 <= byte <= 57)


def signs_of(text: bytes) -> str:
    """The digits and ASCII letters of a text, letters as capitals."""
    return "".join(chr(byte) for byte in text if byte < 128 and chr(byte).isalnum()).upper()


def whole(match: Match) -> Span:
    """All of a match."""
    return match.span()

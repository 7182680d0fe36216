"""All personal data of some texts: recognisers asked where traces are, the first that says yes has the bytes."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.traces import KINDS, NUMBER, scan
from curate.personal import accounts, addresses, credentials, national, phones, wallets
from curate.personal.recogniser import Recogniser

SURE = ("private_key", "api_key", "wallet", "email", "ip", "iban", "credit_card", "national_id", "phone")
"""Of two labels for the same bytes, the one that is said first is right."""
LABELS = ("email", "ip", "phone", "iban", "credit_card", "national_id", "api_key", "private_key", "wallet")
"""What is looked for, in the order of signals."""


class Finding(NamedTuple):
    """Personal data in a text: its row, its bytes from the beginning of the text, and the place of its label."""

    row: int
    start: int
    stop: int
    label: int


def ordered(labels: Sequence[str], countries: tuple[str, ...]) -> tuple[Recogniser, ...]:
    """The recognisers of some labels; of two that match the same bytes, the one that is surer stands first."""
    known = (
        *credentials.RECOGNISERS,
        *wallets.RECOGNISERS,
        *addresses.RECOGNISERS,
        *accounts.RECOGNISERS,
        *national.recognisers(countries),
        *phones.RECOGNISERS,
    )
    return tuple(one for one in known if one.label in labels)


class _Known:
    """The recognisers that may find something at a kind of trace, and a pattern that says whether any can."""

    def __init__(self, known: Sequence[Recogniser]) -> None:
        self.known = tuple(known)
        self._any = _any_of(known)
        self._beyond = max((one.beyond for one in known), default=0)

    def may(self, text: bytes, start: int, stop: int) -> bool:
        """Whether any of them has a match: most traces are nothing."""
        return bool(self.known) and self._any.search(text, start, stop + self._beyond) is not None


class Finder:
    """Looks for some labels; made once and asked for every batch."""

    def __init__(self, labels: Sequence[str], countries: tuple[str, ...]) -> None:
        known = ordered(labels, countries)
        self._at = {kind: _Known([one for one in known if one.trace == kind]) for kind in KINDS}
        self._numbers = [
            _Known([one for one in known if one.trace == NUMBER and one.least <= digits]) for digits in range(MANY + 1)
        ]

    def find(self, offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> list[Finding]:
        """By row and place, without overlap."""
        traces = scan(offsets, data)
        rows = traces.rows
        edges = np.flatnonzero(np.diff(rows, prepend=-1, append=-1)) if len(rows) else np.zeros(1, np.int64)
        places = list(zip(traces.starts.tolist(), traces.stops.tolist(), traces.kinds.tolist(), strict=True))
        found: list[Finding] = []
        for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            row = int(rows[first])
            text = data[offsets[row] : offsets[row + 1]].tobytes()
            found += self._in_text(row, text, places[first:last])
        return found

    def _in_text(self, row: int, text: bytes, traces: Sequence[tuple[int, int, int]]) -> list[Finding]:
        taken: list[tuple[int, int, int]] = []
        for _, start, stop, label in sorted(self._matches(text, traces)):
            at = bisect_left(taken, (start,))
            if (at == 0 or taken[at - 1][1] <= start) and (at == len(taken) or taken[at][0] >= stop):
                taken.insert(at, (start, stop, label))
        return [Finding(row, *one) for one in taken]

    def _matches(self, text: bytes, traces: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, int, int, int]]:
        """(rank of the label, bytes, label) of all that holds."""
        for start, stop, kind in traces:
            known = self._at[kind] if kind != NUMBER else self._numbers[_digits(text[start:stop])]
            if not known.may(text, start, stop):
                continue
            for one in known.known:
                for match in one.pattern.finditer(text, start, stop + one.beyond):
                    span = one.check(match) if match.start() < stop else None
                    if span is not None:
                        yield SURE.index(one.label), *span, LABELS.index(one.label)


MANY = 20
"""Digits from which on all recognisers are asked."""
_OTHERS = bytes(sorted({*range(256)} - {*b"0123456789"}))


def _digits(text: bytes) -> int:
    return min(len(text.translate(None, _OTHERS)), MANY)


def _any_of(known: Sequence[Recogniser]) -> re.Pattern[bytes]:
    """A pattern that finds something wherever one of the recognisers' does."""
    parts, groups = list[bytes](), 0
    for one in known:
        parts.append(b"(?:" + _moved(one.pattern.pattern, groups) + b")")
        groups += one.pattern.groups
    return re.compile(b"|".join(parts))


def _moved(pattern: bytes, groups: int) -> bytes:
    """A pattern that stands behind so many groups: its references to its own count on from there."""
    return re.sub(rb"\\([1-9])", lambda back: b"\\%d" % (int(back[1]) + groups), pattern)

"""All personal data of some texts: recognisers asked where traces are, the first that says yes has the bytes."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.traces import scan
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


class Finder:
    """Looks for some labels; made once and asked for every batch."""

    def __init__(self, labels: Sequence[str], countries: tuple[str, ...]) -> None:
        self._at: dict[int, list[Recogniser]] = {}
        for one in ordered(labels, countries):
            self._at.setdefault(one.trace, []).append(one)
        self._any = {trace: _any_of(tuple(known)) for trace, known in self._at.items()}
        self._beyond = {trace: max(one.beyond for one in known) for trace, known in self._at.items()}

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
            if kind not in self._at or not self._any[kind].search(text, start, stop + self._beyond[kind]):
                continue
            for one in self._at[kind]:
                for match in one.pattern.finditer(text, start, stop + one.beyond):
                    span = one.check(match)
                    if span is not None:
                        yield SURE.index(one.label), *span, LABELS.index(one.label)


def _any_of(known: Sequence[Recogniser]) -> re.Pattern[bytes]:
    """A pattern that finds something wherever one of the recognisers' does: most traces are nothing."""
    parts, groups = list[bytes](), 0
    for one in known:
        parts.append(b"(?:" + _moved(one.pattern.pattern, groups) + b")")
        groups += one.pattern.groups
    return re.compile(b"|".join(parts))


def _moved(pattern: bytes, groups: int) -> bytes:
    """A pattern that stands behind so many groups: its references to its own count on from there."""
    return re.sub(rb"\\([1-9])", lambda back: b"\\%d" % (int(back[1]) + groups), pattern)

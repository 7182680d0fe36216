"""How many sentences a text has by spaCy's rule-based `sentencizer`, over its English words: datatrove's count for C4.

In a line, a word that is one of `.`, `!`, `?` or their like in other scripts ends a sentence when a word that is no
punctuation follows; so does more white space than one space. A line is one sentence at least. Source: spaCy 3.8
(Honnibal et al., MIT), `pipeline/sentencizer.pyx`; the words are those of `treebank`.
"""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import IN_I32, IN_U8, OUT_I64, OUT_U8, VOID, i64, inline, kernel
from curate.ops.text import first_visible, last_visible, line_end
from curate.ops.treebank import GAP, cut, rules
from curate.ops.treebank_rules import ENDS, MARK, RULES, SPACE, Rules
from curate.ops.unicode import decode

Bytes = NDArray[np.uint8]
Classes = NDArray[np.uint16]


@inline
def _begun(
    data: Bytes, begin: int, stop: int, rules: Rules, marks: Bytes, base: int, pending: bool
) -> tuple[int, bool]:
    """Sentences that begin in a run of what is not white space, and whether one has ended behind it."""
    begun, at = 0, begin
    cut(data, begin, stop, rules, marks, base)
    while at < stop:
        code, end = decode(data, at, stop)
        bits = i64(rules.classes[code])
        ends, punctuation = bits & ENDS != 0, bits & MARK != 0
        while end < stop and not marks[end - base]:
            code, end = decode(data, end, stop)
            ends, punctuation = False, punctuation and i64(rules.classes[code]) & MARK != 0
        if pending and not punctuation:
            begun, pending = begun + 1, False
        pending = pending or ends
        at = end
    return begun, pending


@inline
def _run(data: Bytes, at: int, end: int, classes: Classes) -> tuple[int, int, int]:
    """Where the run of what is not white space from byte `at` on ends, the union of its classes, and their product."""
    union, shared = i64(0), i64(-1)
    while at < end:
        code, after = decode(data, at, end)
        bits = i64(classes[code])
        if bits & SPACE:
            break
        union, shared = union | bits, shared & bits
        at = after
    return at, union, shared


@inline
def _line_sentences(data: Bytes, at: int, end: int, rules: Rules, marks: Bytes, base: int) -> int:
    """Sentences of a line without white space at its ends."""
    sentences, pending = i64(at < end), False
    while at < end:
        stop, union, shared = _run(data, at, end, rules.classes)
        if stop == at:
            start = at
            while stop == at:
                _, at = decode(data, at, end)
                stop, union, shared = _run(data, at, end, rules.classes)
            # White space is a word, but for one space behind a word.
            if pending and not (at == start + 1 and data[start] == GAP):
                sentences, pending = sentences + 1, False
        if union & ENDS:
            begun, pending = _begun(data, at, stop, rules, marks, base, pending)
            sentences += begun
        elif pending and not shared & MARK:
            sentences, pending = sentences + 1, False
        at = stop
    return sentences


@kernel(VOID, IN_I32, IN_U8, RULES, OUT_U8, OUT_I64)
def _treebank_sentences(
    offsets: NDArray[np.int32], data: Bytes, rules: Rules, marks: Bytes, out: NDArray[np.int64]
) -> None:
    base = i64(offsets[0])
    for row in range(len(out)):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            stop = line_end(data, at, end)
            begin = first_visible(data, at, stop, rules.classes)
            _, last = last_visible(data, begin, stop, rules.classes)
            out[row] += _line_sentences(data, begin, last, rules, marks, base)
            at = stop + 1


def treebank_sentences(offsets: NDArray[np.int32], data: Bytes, *, english: bool = True) -> NDArray[np.int64]:
    """Sentences per text (int64) by spaCy's rules, with the exceptions of English or without."""
    out = np.zeros(len(offsets) - 1, np.int64)
    marks = np.zeros(int(offsets[-1]) - int(offsets[0]) + 1, np.uint8)
    _treebank_sentences(offsets, data, rules(english=english), marks, out)
    return out

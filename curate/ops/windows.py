"""Sixty-four bytes at a time: which of them are what, as the bits of one number.

Bit i stands for byte i of a *window*. Comparing a vector of bytes and gathering the signs takes a processor a few
instructions, whatever the bytes are, where a loop over characters mispredicts a branch at the end of every word.
Runs of bits are then words; adding two masks finds the runs that hold something (a carry leaves each of them; Warren,
"Hacker's Delight", chapter 2; Langdale and Lemire 2019, "Parsing Gigabytes of JSON per Second",
https://arxiv.org/abs/1902.08318, section 3, for text).
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from curate.ops.kernel import i64, inline

Bytes = NDArray[np.uint8]

SIZE = 64
"""Bytes of a window."""
MARGIN = SIZE + 8
"""Bytes that must be left in the buffer where a window starts, so that eight can be read from any of its bytes."""
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
ONE = np.uint64(1)


def _among(_context: Any, data: Any, at: Any, low: Any, high: Any) -> Any:
    signature = types.uint64(data, at, low, high)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        vector = ir.VectorType(ir.IntType(8), SIZE)
        pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), vector.as_pointer())
        loaded = builder.load(pointer, align=1)
        first, last = (builder.trunc(value, ir.IntType(8)) for value in arguments[2:])
        shifted = builder.sub(loaded, _splat(builder, first))
        inside = builder.icmp_unsigned("<=", shifted, _splat(builder, builder.sub(last, first)))
        return builder.bitcast(inside, ir.IntType(SIZE))

    return signature, build


def _plain(_context: Any, data: Any, at: Any, out: Any) -> Any:
    signature = types.uint64(data, at, out)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, written = (context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 2))
        vector = ir.VectorType(ir.IntType(8), SIZE)
        loaded = builder.load(builder.bitcast(builder.gep(array.data, [arguments[1]]), vector.as_pointer()), align=1)

        def within(value: Any, first: int, last: int) -> Any:
            moved = builder.sub(value, _splat(builder, ir.Constant(ir.IntType(8), first)))
            return builder.icmp_unsigned("<=", moved, _splat(builder, ir.Constant(ir.IntType(8), last - first)))

        small = builder.or_(loaded, _splat(builder, ir.Constant(ir.IntType(8), 0x20)))
        lower = builder.select(within(loaded, 0x41, 0x5A), small, loaded)
        kept = builder.or_(within(lower, 0x61, 0x7A), within(lower, 0x30, 0x39))
        folded = builder.select(kept, lower, _splat(builder, ir.Constant(ir.IntType(8), 0x20)))
        builder.store(folded, builder.bitcast(written.data, vector.as_pointer()), align=1)
        return builder.bitcast(builder.not_(kept), ir.IntType(SIZE))

    return signature, build


def _copied(_context: Any, data: Any, at: Any, out: Any, to: Any) -> Any:
    signature = types.int64(data, at, out, to)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(ir.IntType(8), SIZE)
        places = []
        for i in (0, 2):
            array = context.make_array(signature.args[i])(context, builder, arguments[i])
            places.append(builder.bitcast(builder.gep(array.data, [arguments[i + 1]]), vector.as_pointer()))
        builder.store(builder.load(places[0], align=1), places[1], align=1)
        return arguments[3]

    return signature, build


def _splat(builder: Any, byte: Any) -> Any:
    """A vector of a window's size, each of whose bytes is `byte`."""
    vector = ir.VectorType(byte.type, SIZE)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), byte, ir.Constant(ir.IntType(32), 0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), SIZE), [0] * SIZE)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), places)


def _lowest(_context: Any, _bits: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], cgutils.false_bit)

    return types.int64(types.uint64), build


def _highest(_context: Any, _bits: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.sub(ir.Constant(ir.IntType(64), 63), builder.ctlz(arguments[0], cgutils.false_bit))

    return types.int64(types.uint64), build


def _ones(_context: Any, _bits: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), build


_intrinsic: Any = intrinsic  # untyped
among = cast("Callable[[Bytes, int, int, int], np.uint64]", _intrinsic(_among))
"""`among(data, at, low, high)`: the bytes from `low` to `high`, both included, of the window at `at`.

The caller sees to it that the window lies in `data`.
"""
plain = cast("Callable[[Bytes, int, Bytes], np.uint64]", _intrinsic(_plain))
"""`plain(data, at, out)`: a window of ASCII goes to the first bytes of `out`; which of them are spaces.

Letters in lower case and digits, and spaces for all else.
"""
copied = cast("Callable[[Bytes, int, Bytes, int], int]", _intrinsic(_copied))
"""`copied(data, at, out, to)`: a window's bytes, to `out` from byte `to` on, which it gives back."""
lowest = cast("Callable[[np.uint64], int]", _intrinsic(_lowest))
"""The place of the lowest bit, 64 where there is none."""
highest = cast("Callable[[np.uint64], int]", _intrinsic(_highest))
"""The place of the highest bit, −1 where there is none."""
ones = cast("Callable[[np.uint64], int]", _intrinsic(_ones))
"""How many bits are set."""


@inline
def below(place: int) -> np.uint64:
    """The bits under a place from 0 to 64."""
    return ALL if place >= SIZE else (ONE << np.uint64(place)) - ONE


@inline
def letters(data: Bytes, at: int) -> np.uint64:
    """ASCII letters."""
    return among(data, at, 0x41, 0x5A) | among(data, at, 0x61, 0x7A)


@inline
def digits(data: Bytes, at: int) -> np.uint64:
    """ASCII digits."""
    return among(data, at, 0x30, 0x39)


@inline
def words(data: Bytes, at: int, end: int) -> tuple[np.uint64, np.uint64, int]:
    """The ASCII words of the window at byte `at`, where a word may begin: their bytes, what ends them, how far they go.

    Those are words of visible ASCII characters with ASCII white space or the text's end behind them; what
    `text.next_word` finds there is the same. Given are the words of the window from `at` on up to the first that is
    none; they go, in bytes, up to behind the white space of the last. 0 where already the first is none, or where too
    few bytes are left in the buffer.
    """
    if at + MARGIN > len(data):
        return np.uint64(0), np.uint64(0), i64(0)
    spaces = among(data, at, 0x09, 0x0D) | among(data, at, 0x20, 0x20)
    odd = ~(spaces | among(data, at, 0x21, 0x7E))
    return ended(spaces, odd, end - at)


@inline
def ended(spaces: np.uint64, odd: np.uint64, left: int) -> tuple[np.uint64, np.uint64, int]:
    """The words of a window up to the first that holds an `odd` byte, in a text of which `left` bytes are left.

    Their bytes, what ends them, and how far they go: see `words`.
    """
    sound = lowest(odd)
    spaces &= below(min(sound, left))
    if left < SIZE and left <= sound:
        spaces |= ONE << np.uint64(left)
    last = highest(spaces)
    return ~spaces & below(max(last, 0)), spaces, min(last + 1, left)


@inline
def first_word(runs: np.uint64, ends: np.uint64) -> tuple[int, int]:
    """Where the first of the words begins and ends, in the window; there must be one."""
    start = lowest(runs)
    return start, start + lowest(ends >> np.uint64(start))


@inline
def behind(runs: np.uint64, stop: int) -> np.uint64:
    """The words but for what lies under `stop`, at most 63."""
    return runs & (ALL << np.uint64(stop))


@inline
def holding(runs: np.uint64, bits: np.uint64) -> int:
    """How many runs of ones, none of which reaches bit 63, hold one of `bits`."""
    return ones(((runs & bits) + runs) & ~runs)


@inline
def starts(runs: np.uint64) -> np.uint64:
    """The first bit of every run."""
    return runs & ~(runs << ONE)


@inline
def find_byte(data: Bytes, at: int, end: int, byte: int) -> int:
    """Where `byte` first occurs in `data[at:end]`; `end` where it does not."""
    while at + SIZE <= len(data) and at < end:
        found = among(data, at, byte, byte)
        if found:
            return min(at + lowest(found), end)
        at += SIZE
    while at < end and data[at] != byte:
        at += 1
    return min(at, end)

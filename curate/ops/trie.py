"""Tries and small automata as flat arrays, for kernels to walk."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.ops.kernel import OUT_I32, OUT_U32, i64, inline

named: Any = types.NamedTuple
"""The type of a named tuple in a kernel's signature."""


class Trie(NamedTuple):
    """Edges of state s are `first[s]` to `first[s + 1]`; state 0 is the root, and no edge leads there."""

    first: NDArray[np.int32]
    symbols: NDArray[np.uint32]
    targets: NDArray[np.int32]
    final: NDArray[np.int32]
    """(states,) the number of what ends here, or -1."""


def build(paths: Mapping[tuple[int, ...], int]) -> Trie:
    """The trie of these symbol sequences, states numbered breadth first."""
    children: list[dict[int, int]] = [{}]
    final = [-1]
    for path, number in sorted(paths.items(), key=lambda item: (len(item[0]), item[0])):
        state = 0
        for symbol in path:
            if symbol not in children[state]:
                children[state][symbol] = len(children)
                children.append({})
                final.append(-1)
            state = children[state][symbol]
        final[state] = number
    return _packed(children, final)


def _packed(children: Sequence[Mapping[int, int]], final: Sequence[int]) -> Trie:
    edges = [edge for state in children for edge in sorted(state.items())]
    first = np.cumsum([0, *map(len, children)])
    pairs = np.array(edges, np.int64).reshape(-1, 2)
    return Trie(
        first.astype(np.int32), pairs[:, 0].astype(np.uint32), pairs[:, 1].astype(np.int32), np.array(final, np.int32)
    )


def repeat(words: Sequence[str]) -> Trie:
    """All sequences of these words, over code points, the empty one included; final states have number 0."""
    once = build({tuple(map(ord, word)): 0 for word in words})
    ends = {0, *np.flatnonzero(once.final == 0).tolist()}
    numbers, subsets, children = {frozenset({0}): 0}, [frozenset({0})], list[dict[int, int]]()
    for subset in subsets:  # grows while it is read: the subset construction
        edges: dict[int, set[int]] = {}
        for state in sorted(subset):
            for edge in range(once.first[state], once.first[state + 1]):
                target = int(once.targets[edge])
                edges.setdefault(int(once.symbols[edge]), set()).update({target, 0} if target in ends else {target})
        for reached in map(frozenset, edges.values()):
            if reached not in numbers:
                numbers[reached] = len(subsets)
                subsets.append(reached)
        children.append({symbol: numbers[frozenset(states)] for symbol, states in edges.items()})
    return _packed(children, [0 if subset & ends else -1 for subset in subsets])


TRIE = named((OUT_I32, OUT_U32, OUT_I32, OUT_I32), Trie)


@inline
def step(trie: Trie, state: int, symbol: int) -> int:
    """The next state, or -1."""
    for edge in range(trie.first[state], trie.first[state + 1]):
        if trie.symbols[edge] == symbol:
            return i64(trie.targets[edge])
    return -1

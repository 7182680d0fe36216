"""Cutting leaks out of a text: each with a margin around it, until none is left, and no crumbs between them.

As GPT-3 did (Brown et al. 2020, appendix C): 200 characters on either side of a leak go with it, and so does what is
left between two cuts if it is shorter than that. Cuts widen to white space where there is some near.
"""

from collections.abc import Callable, Iterator, Sequence

NEAR = 40
"""Characters in which white space is looked for."""

Span = tuple[int, int]


def excised(text: str, leaks: Callable[[str], Sequence[Span]], margin: int, filling: str) -> list[Span]:
    """The pieces of a text that stay, by characters, so that joined by `filling` they hold no leak.

    `leaks` gives the bytes of a text's UTF-8 that leak, ascending and apart from each other.
    """
    left = [(0, len(text))]
    while left:
        joined = filling.join(text[start:stop] for start, stop in left)
        gaps = [
            _widened(text, part, margin)
            for span in characters(joined, leaks(joined))
            for part in _placed(span, left, len(filling))
        ]
        if not gaps:
            break
        left = [
            (start, stop)
            for start, stop in _without(left, sorted(gaps))
            if stop - start >= margin and not text[start:stop].isspace()
        ]
    return left


def characters(text: str, spans: Sequence[Span]) -> list[Span]:
    """Ascending spans of bytes as spans of characters."""
    data, at, count, made = text.encode(), 0, 0, list[int]()
    for place in (place for span in spans for place in span):
        count += len(data[at:place].decode())
        at = place
        made.append(count)
    return list(zip(made[::2], made[1::2], strict=True))


def gaps(text: str, pieces: Sequence[Span]) -> list[Span]:
    """The bytes of a text that are in none of its pieces."""
    places = [0, *(place for piece in pieces for place in piece), len(text)]
    sizes, at, before = list[int](), 0, 0
    for place in places:
        at += len(text[before:place].encode())
        before = place
        sizes.append(at)
    return [(start, stop) for start, stop in zip(sizes[::2], sizes[1::2], strict=True) if start < stop]


def _placed(span: Span, pieces: Sequence[Span], filling: int) -> Iterator[Span]:
    """Where in the text a span of its joined pieces stands."""
    at = 0
    for start, stop in pieces:
        low, high = max(span[0] - at, 0), min(span[1] - at, stop - start)
        if low < high:
            yield start + low, start + high
        at += stop - start + filling


def _widened(text: str, span: Span, margin: int) -> Span:
    start, stop = max(0, span[0] - margin), min(len(text), span[1] + margin)
    before = range(start, max(-1, start - NEAR), -1)
    after = range(stop, min(len(text) + 1, stop + NEAR))
    return (
        next((i for i in before if i == 0 or text[i - 1].isspace()), start),
        next((i for i in after if i == len(text) or text[i].isspace()), stop),
    )


def _without(pieces: Sequence[Span], cuts: Sequence[Span]) -> Iterator[Span]:
    """What is left of pieces, both ascending."""
    for start, stop in pieces:
        for low, high in cuts:
            if low < stop and high > start:
                if start < low:
                    yield start, low
                start = max(start, high)
        if start < stop:
            yield start, stop

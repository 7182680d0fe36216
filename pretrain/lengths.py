"""How many tokens of the corpus make one row, and what it becomes by objective: exact, so that spans need no padding.

At a context of T = 512 inputs:

    clm, mlm    T   → T, T                   512 → 512, 512
    span        L   → T, noise + spans + 1   568 → 512, 114
    prefix      L   → 3/4 L, 3/4 L           681 → 512, 512    (both padded: together they hold L + 2)
    ul2         L   → T, the largest         567 → 512, 380    (padded by all but the longest denoiser)
"""

from typing import Literal, NamedTuple

Objective = Literal["clm", "mlm", "span", "prefix", "ul2"]


class Lengths(NamedTuple):
    """Tokens of a row."""

    raw: int
    """Of the corpus."""
    inputs: int
    """What decoder or encoder reads."""
    targets: int
    """What is predicted, and what the decoder of an encoder–decoder reads."""
    spans: int = 0
    """Most sentinels in a row."""


class Denoiser(NamedTuple):
    """One way to corrupt (UL2, Tay et al. 2022); mean 0 cuts a row into prefix and suffix instead of spans."""

    mode: Literal["", "R", "S", "X"]
    density: float
    """Share of tokens that become targets."""
    mean: float = 0.0
    """Mean length of a span."""

    @property
    def extra(self) -> int:
        """Tokens that stand beside text and sentinels in the input: end-of-text and perhaps a mode token."""
        return 2 if self.mode else 1


UL2 = (
    Denoiser("R", 0.15, 3),
    Denoiser("R", 0.15, 8),
    Denoiser("S", 0.25),
    Denoiser("X", 0.5, 3),
    Denoiser("X", 0.5, 8),
    Denoiser("X", 0.15, 64),
    Denoiser("X", 0.5, 64),
)
"""The seven denoisers of UL2 (Tay et al. 2022, table 1), drawn with equal chance."""


PREFIX = Denoiser("", 0.5)
"""Prefix language modelling (Raffel et al. 2020, section 3.3.1), cut between a quarter and three quarters of a row.
The paper cuts anywhere, which would leave half of both buffers empty."""


def noise(length: int, density: float, mean: float) -> tuple[int, int]:
    """Tokens to corrupt among `length` and the number of spans they form (T5, Raffel et al. 2020, section 3.1.4).

    round(density · length), but at least one token on either side; round(noise / mean), at least 1. A row of one
    token has no noise.
    """
    tokens = min(max(round(density * length), 1), length - 1)
    return tokens, min(max(round(tokens / mean), 1), tokens, length - tokens + 1)


def lengths(objective: Objective, context: int, density: float = 0.15, mean: float = 3.0) -> Lengths:
    """Lengths of a row whose inputs fill `context` ≥ 8 tokens; density and mean are those of `span`."""
    if objective == "span":
        return _corrupted(context, Denoiser("", density, mean))
    if objective == "prefix":
        return _corrupted(context, PREFIX)
    if objective == "ul2":
        raw = min(_corrupted(context, denoiser).raw for denoiser in UL2)
        parts = [_made(raw, denoiser) for denoiser in UL2]
        return Lengths(raw, context, max(p.targets for p in parts), max(p.spans for p in parts))
    return Lengths(context, context, context)


def _corrupted(context: int, denoiser: Denoiser) -> Lengths:
    """The longest row whose inputs fit; up to a density of a half they grow by at most one, and so fill."""
    raw = 2
    while (longer := _made(raw + 1, denoiser)).inputs <= context:
        raw = longer.raw
    return _made(raw, denoiser)


def _made(raw: int, denoiser: Denoiser) -> Lengths:
    if not denoiser.mean:
        shortest, longest = suffixes(raw, denoiser.density)
        return Lengths(raw, raw - shortest + denoiser.extra, longest + 1)
    tokens, spans = noise(raw, denoiser.density, denoiser.mean)
    return Lengths(raw, raw - tokens + spans + denoiser.extra, tokens + spans + 1, spans)


def suffixes(length: int, density: float) -> tuple[int, int]:
    """Shortest and longest suffix of a denoiser that cuts once: half to one and a half times its mean."""
    return max(1, round(0.5 * density * length)), max(1, min(length - 1, round(1.5 * density * length)))

"""Which token is drawn from logits."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pretrain.errors import UsageError
from pretrain.tokens import Vocabulary


@dataclass(frozen=True)
class Sampler:
    """Draws by temperature among the likeliest; the same seed gives the same draws. Raises `UsageError`."""

    temperature: float
    """0 takes the likeliest."""
    top_k: int
    """Draw among so many likeliest; 0 among all."""
    seed: int

    def __post_init__(self) -> None:
        if self.temperature < 0 or self.top_k < 0:
            raise UsageError("temperature and top-k must not be negative")

    @cached_property
    def _generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)

    def draw(self, logits_V: Tensor) -> int:
        """One id; those at −∞ are never drawn."""
        if self.temperature == 0:
            return int(logits_V.argmax())
        if 0 < self.top_k < len(logits_V):
            logits_V = logits_V.masked_fill(logits_V < logits_V.topk(self.top_k).values[-1], -torch.inf)
        shares = (logits_V / self.temperature).softmax(0)
        return int(torch.multinomial(shares, 1, generator=self._generator))


def silent(vocabulary: Vocabulary, *but: int) -> Tensor:
    """(V,) True for ids that are no text, but for those named."""
    flags = torch.from_numpy(vocabulary.control.copy())
    flags[list(but)] = False
    return flags

"""What is missing in a text: by an encoder's masks, by an encoder–decoder's sentinels."""

import torch
from torch import Tensor

from pretrain.errors import UsageError
from pretrain.models.seq2seq import Seq2Seq
from pretrain.objectives.denoising import MODES
from pretrain.sampling import Sampler, silent
from pretrain.tokens import END_OF_TEXT, MASK, PAD, SENTINELS
from pretrain.trained import Trained

Ids = list[int]


@torch.no_grad()
def masks(trained: Trained, pieces: list[Ids], sampler: Sampler) -> Ids:
    """A token for each gap between pieces of text: again and again the most certain one (Ghazvininejad et al. 2019)."""
    ids = [*pieces[0]]
    for piece in pieces[1:]:
        ids += [MASK, *piece]
    row = torch.tensor([_fitting(trained, [*ids, END_OF_TEXT])])
    places = (row[0] == MASK).nonzero()[:, 0]
    banned, left = silent(trained.vocabulary), places
    while len(left):
        logits_NV = trained.model.logits(trained.model(row)[0, left]).masked_fill(banned, -torch.inf)
        surest = int(logits_NV.softmax(1).amax(1).argmax())
        row[0, left[surest]] = sampler.draw(logits_NV[surest])
        left = torch.cat([left[:surest], left[surest + 1 :]])
    found: Ids = row[0, places].tolist()
    return found


@torch.no_grad()
def gaps(trained: Trained, pieces: list[Ids], tokens: int, sampler: Sampler) -> list[Ids]:
    """A span of up to `tokens` for each gap between pieces of text, in order.

    The decoder is given each gap's sentinel and writes until it names another or ends.
    """
    last = trained.vocabulary.size - 1
    if len(pieces) - 1 > SENTINELS:
        raise UsageError(f"the prompt has {len(pieces) - 1} gaps, but there are {SENTINELS} sentinels")
    ids = [*_mode(trained, "R"), *pieces[0]]
    for gap, piece in enumerate(pieces[1:]):
        ids += [last - gap, *piece]
    writer = _Writer(trained, [*ids, END_OF_TEXT], sampler)
    return [writer.write(tokens, last - gap, last - gap - 1) for gap in range(len(pieces) - 1)]


@torch.no_grad()
def suffix(trained: Trained, text: Ids, tokens: int, sampler: Sampler) -> Ids:
    """Up to `tokens` ids after a text: as a prefix where the model was trained so, else as a gap at its end."""
    if trained.config.train.objective == "span":
        return gaps(trained, [text, []], tokens, sampler)[0]
    return _Writer(trained, [*_mode(trained, "S"), *text, END_OF_TEXT], sampler).write(tokens)


class _Writer:
    """A decoder that has read something and writes."""

    def __init__(self, trained: Trained, ids: Ids, sampler: Sampler) -> None:
        assert isinstance(trained.model, Seq2Seq)
        self.trained, self.model, self.sampler = trained, trained.model, sampler
        self.memory = self.model.encode(torch.tensor([_fitting(trained, ids)]))
        self.written = [PAD]

    def write(self, tokens: int, opening: int | None = None, closing: int = END_OF_TEXT) -> Ids:
        """Up to `tokens` ids after the opening, before the closing or an end-of-text."""
        self.written += [] if opening is None else [opening]
        banned = silent(self.trained.vocabulary, END_OF_TEXT, closing)
        found: Ids = []
        while len(found) < tokens:
            chosen = self.sampler.draw(self._logits().masked_fill(banned, -torch.inf))
            if chosen in (END_OF_TEXT, closing):
                break
            found.append(chosen)
            self.written.append(chosen)
        return found

    def _logits(self) -> Tensor:
        return self.model.logits(self.model.decode(torch.tensor([self.written]), self.memory)[0, -1])


def _mode(trained: Trained, mode: str) -> Ids:
    return [MODES[mode]] if trained.config.train.objective == "ul2" else []


def _fitting(trained: Trained, ids: Ids) -> Ids:
    context = trained.config.model.context
    if len(ids) > context:
        raise UsageError(f"the prompt takes {len(ids):,} tokens, the model's context is {context:,}")
    return ids

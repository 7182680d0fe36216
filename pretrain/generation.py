"""Text from a trained run: one token after another, with cached keys and values."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from pretrain.errors import UsageError
from pretrain.models.layers import Cache
from pretrain.tokens import END_OF_TEXT
from pretrain.trained import Trained, open_run


def generate(
    run: Path | str,
    prompt: str,
    *,
    tokens: int = 100,
    temperature: float = 0.8,
    top_k: int = 50,
    seed: int = 1,
) -> str:
    """Continue a prompt; the same run, prompt and seed give the same text.

    The prompt is text: a control token written in it is read as plain characters. Ends before `tokens` at an
    end-of-text. `temperature` 0 takes the likeliest token, `top_k` 0 draws from all.
    """
    trained = open_run(Path(run))
    ids = trained.vocabulary.encode(prompt)
    drawn = list(continuation(trained, ids, tokens=tokens, temperature=temperature, top_k=top_k, seed=seed))
    # Decoded together, since a character may lie across prompt and continuation
    return trained.vocabulary.decode([*ids, *drawn])


@torch.no_grad()
def continuation(
    trained: Trained, ids: list[int], *, tokens: int, temperature: float, top_k: int, seed: int
) -> Iterator[int]:
    """Draw up to `tokens` ids after `ids`. Beyond the model's context the older half is forgotten."""
    if temperature < 0 or top_k < 0 or tokens < 0:
        raise UsageError("tokens, temperature and top-k must not be negative")
    context = trained.config.model.context
    draw = torch.Generator().manual_seed(seed)
    banned = torch.from_numpy(trained.vocabulary.control.copy())
    banned[END_OF_TEXT] = False
    text = [END_OF_TEXT, *ids]
    cache, unseen = Cache(), text[-context:]
    for _ in range(tokens):
        if cache.length + len(unseen) > context:
            cache, unseen = Cache(), text[-(context // 2) :]
        hidden = trained.model(torch.tensor([unseen]), cache=cache)
        logits = trained.model.logits(hidden[:, -1:])[0, 0].masked_fill(banned, -torch.inf)
        chosen = _draw(logits, temperature, top_k, draw)
        if chosen == END_OF_TEXT:
            return
        yield chosen
        text.append(chosen)
        unseen = [chosen]


def _draw(logits_V: Tensor, temperature: float, top_k: int, draw: torch.Generator) -> int:
    if temperature == 0:
        return int(logits_V.argmax())
    if 0 < top_k < len(logits_V):
        logits_V = logits_V.masked_fill(logits_V < logits_V.topk(top_k).values[-1], -torch.inf)
    return int(torch.multinomial((logits_V / temperature).softmax(0), 1, generator=draw))

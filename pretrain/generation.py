"""Text from a trained run, each family in its way.

    decoder     continues the prompt, with cached keys and values
    encoder     puts a token in the place of each marker, the most certain place first
    seq2seq     puts a span in the place of each marker, or continues the prompt

A prompt is text, in which control tokens are plain characters. So where a model shall fill something in is said by
a marker that the caller chooses, which stands for a mask or a sentinel.
"""

from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path

import torch

from pretrain import filling
from pretrain.errors import UsageError
from pretrain.models.layers import Cache
from pretrain.sampling import Sampler, silent
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
    mask_marker: str | None = None,
) -> str:
    """Continue a prompt, or fill it in; the same run, prompt and seed give the same text.

    The prompt is text: a control token written in it is read as plain characters. Where it says `mask_marker` an
    encoder puts one token and an encoder–decoder a span of up to `tokens`; an encoder needs one, a decoder takes none.
    Continuing ends before `tokens` at an end-of-text. `temperature` 0 takes the likeliest token, `top_k` 0 draws
    from all.
    """
    trained = open_run(Path(run))
    sampler = Sampler(temperature, top_k, seed)
    if tokens < 0:
        raise UsageError("tokens must not be negative")
    if mask_marker == "":
        raise UsageError("the mask marker must not be empty")
    pieces = [trained.vocabulary.encode(part) for part in (prompt.split(mask_marker) if mask_marker else [prompt])]
    spans = list(_spans(trained, pieces, tokens, sampler, mask_marker))
    # Decoded together, since a character may lie across prompt and continuation
    ids = chain.from_iterable(chain.from_iterable(zip_longest(pieces, spans, fillvalue=[])))
    return trained.vocabulary.decode(list(ids))


def _spans(
    trained: Trained, pieces: list[list[int]], tokens: int, sampler: Sampler, marker: str | None
) -> list[list[int]]:
    """What stands after each piece of the prompt but the last, or after the only one where text is continued."""
    family, gaps = trained.config.model.family, len(pieces) - 1
    if family == "decoder":
        if marker:
            raise UsageError("a decoder only continues its prompt; --mask-marker is for the other families")
        return [list(_continued(trained, pieces[0], tokens, sampler))]
    if family == "encoder":
        if not gaps:
            raise UsageError("an encoder only fills in: say --mask-marker ___ and write ___ where a token is missing")
        return [[token] for token in filling.masks(trained, pieces, sampler)]
    if marker and not gaps:
        raise UsageError(f"the prompt does not hold the marker {marker!r}")
    return (
        filling.gaps(trained, pieces, tokens, sampler)
        if gaps
        else [filling.suffix(trained, pieces[0], tokens, sampler)]
    )


def continuation(
    trained: Trained, ids: list[int], *, tokens: int, temperature: float, top_k: int, seed: int
) -> Iterator[int]:
    """Draw up to `tokens` ids after `ids` from a decoder. Beyond its context the older half is forgotten."""
    return _continued(trained, ids, tokens, Sampler(temperature, top_k, seed))


@torch.no_grad()
def _continued(trained: Trained, ids: list[int], tokens: int, sampler: Sampler) -> Iterator[int]:
    context = trained.config.model.context
    banned = silent(trained.vocabulary, END_OF_TEXT)
    text = [END_OF_TEXT, *ids]
    cache, unseen = Cache(), text[-context:]
    for _ in range(tokens):
        if cache.length + len(unseen) > context:
            cache, unseen = Cache(), text[-(context // 2) :]
        hidden = trained.model(torch.tensor([unseen]), cache=cache)
        chosen = sampler.draw(trained.model.logits(hidden[0, -1]).masked_fill(banned, -torch.inf))
        if chosen == END_OF_TEXT:
            return
        yield chosen
        text.append(chosen)
        unseen = [chosen]

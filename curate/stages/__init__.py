"""The table of contents: the name a recipe uses → where its class is. Nothing is imported until it is used."""

import importlib

from curate.errors import RecipeError, nearest
from curate.stage import Stage

STAGES: dict[str, str] = {
    "extract": "curate.stages.extract:Extract",
    "url": "curate.stages.url:Url",
    "language": "curate.stages.language:Language",
    "length": "curate.stages.length:Length",
    "gopher": "curate.stages.gopher:Gopher",
    "repetition": "curate.stages.repetition:Repetition",
    "c4_lines": "curate.stages.c4_lines:C4Lines",
    "c4": "curate.stages.c4:C4",
    "fineweb": "curate.stages.fineweb:FineWeb",
    "korean": "curate.stages.korean:Korean",
    "refinedweb_lines": "curate.stages.refinedweb_lines:RefinedWebLines",
    "word_removal": "curate.stages.word_removal:WordRemoval",
    "quality": "curate.stages.quality:Quality",
    "unigram": "curate.stages.unigram:Unigram",
    "perplexity": "curate.stages.perplexity:Perplexity",
    "exact": "curate.stages.exact:Exact",
    "same_url": "curate.stages.same_url:SameUrl",
    "minhash": "curate.stages.minhash:MinHash",
    "lines": "curate.stages.lines:Lines",
    "paragraphs": "curate.stages.lines:Paragraphs",
    "substring": "curate.stages.substring:Substring",
    "pii": "curate.stages.pii:Pii",
    "mask": "curate.stages.mask:Mask",
    "toxicity": "curate.stages.toxicity:Toxicity",
    "decontaminate": "curate.stages.decontaminate:Decontaminate",
    "bias": "curate.stages.bias:Bias",
}


def stage_class(use: str) -> type[Stage]:
    """The class behind `language` or `my_pkg.filters:Mine`."""
    target = STAGES.get(use, use)
    if ":" not in target:
        raise RecipeError(f"unknown stage {use!r}{nearest(use, STAGES)}")
    module, _, name = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001 - a user's module may raise anything
        raise RecipeError(f"stage {use!r} cannot be loaded: {' '.join(str(error).split())}") from None
    if not (isinstance(found, type) and issubclass(found, Stage)):
        raise RecipeError(f"{use!r} is not a stage")
    return found


def uses(stage: Stage) -> str:
    """The `use` line that leads to this stage's class."""
    target = f"{type(stage).__module__}:{type(stage).__qualname__}"
    return next((name for name, place in STAGES.items() if place == target), target)

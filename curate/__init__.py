"""Raw text to token shards, with books that balance: `from curate import Recipe, run`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.recipe import Recipe
    from curate.runner import run
    from curate.work import Options

__all__ = ["Options", "Recipe", "run"]

_HOMES = {"Recipe": "curate.recipe", "run": "curate.runner", "Options": "curate.work"}


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for: the command line must not pay for it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'curate' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)

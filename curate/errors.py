"""What can go wrong, as one small tree.

CurateError                  a sentence for the user; the CLI prints it on one line
├── UsageError               the user's mistake: missing path, bad recipe, foreign folder   exit 2
│   ├── RecipeError          names recipe, stage, key and the nearest right name
│   └── AssetError           a model, lexicon or tokenizer file that is missing or unusable
└── RunError                 the run itself failed: books, guard rails, a lost worker       exit 1
    └── GuardError           a stage took more than its band allows; the books so far are shown
"""

import difflib
from collections.abc import Iterable, Sequence


def nearest(name: str, known: Iterable[str]) -> str:
    """How an error goes on after naming what is unknown: the nearest right name, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(names)}" if names else ""


class CurateError(Exception):
    """Anything that is told to the user in one line."""

    exit_code = 1


class UsageError(CurateError):
    """A mistake in what was asked for."""

    exit_code = 2


class RecipeError(UsageError):
    """A recipe that cannot be run as written."""


class AssetError(UsageError):
    """A file that a stage needs and cannot use."""


class RunError(CurateError):
    """A run that had to stop."""


class GuardError(RunError):
    """A stage took more than its `[guard]` band allows.

    `books` is the report up to there; `clusters`, where a barrier looks for copies, its largest ones.
    """

    def __init__(self, message: str, books: object, clusters: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.books, self.clusters = books, clusters

"""The lists that tell who a text mentions and whose dialects' cues it holds, compiled once and kept on disk.

Compiling them takes a tenth of a second and more, once a process, in which the heuristic filters go through megabytes.
What is compiled is kept beside the package's own compiled code, in arrays with check sums, under a digest of the lists
and of the code that compiles them. Where that is missing or broken they are compiled again; where nothing can be
written, by every process. Whoever can put another file there can put other code beside it as well.
"""

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from curate import lexicons, shards
from curate.lexicons import identity
from curate.ops import lexicon, trie, unicode

LISTS = {"en": "latin", "ko": "hangul"}
"""Languages that have lists of identity terms and cues, and the script that stands for one while none is known."""
FOLDER = Path(lexicons.__file__).parent / "__pycache__"
PREFIX = "lists-"


class Terms(NamedTuple):
    """A lexicon, its groups, which term counts for which, and how often a group must be met to be one of a text's."""

    compiled: lexicon.Lexicon
    names: NDArray[np.str_]
    links: NDArray[np.int32]
    """(n, 2) pairs of a term and the place of a group in `names`, sorted."""
    least: NDArray[np.int64]


class _Written(NamedTuple):
    """What `Terms` are compiled from."""

    terms: list[str]
    particles: list[str]
    names: list[str]
    links: list[tuple[int, int]]
    least: list[int]


@cache
def lists(language: str) -> tuple[Terms, Terms]:
    """The identity terms and the dialects' cues of a language of `LISTS`."""
    at = 2 * list(LISTS).index(language)
    first, second = all_lists()[at : at + 2]
    return first, second


@cache
def all_lists() -> Sequence[Terms]:
    """Two lists for each of `LISTS` in order: identity terms, dialects' cues."""
    path = FOLDER / f"{PREFIX}{_digest()}.npz"
    found = _read(path)
    if found is None:
        found = compiled()
        _keep(path, found)
    return found


def compiled() -> list[Terms]:
    """The lists of all languages, two each, from the files that people write."""
    written = [one for language in LISTS for one in (_identity(language), _dialects(language))]
    made = lexicon.compile_lists([(one.terms, one.particles) for one in written])
    return [
        Terms(found, np.array(one.names), np.array(one.links, np.int32).reshape(-1, 2), np.array(one.least, np.int64))
        for found, one in zip(made, written, strict=True)
    ]


def _particles(language: str) -> list[str]:
    found: list[str] = lexicons.read("particles_ko.toml")["particles"] if language == "ko" else []
    return found


def _identity(language: str) -> _Written:
    terms, groups, links = identity.gathered((language,))
    counted = [(term, group) for term, group in links if groups[group] != identity.AMBIGUOUS]
    return _Written(terms, _particles(language), groups, counted, [1] * len(groups))


def _dialects(language: str) -> _Written:
    """The cues of a language's dialects, from `lexicons/dialect`."""
    table = lexicons.read(f"dialect/{language}.toml")
    cues = [(cue, number) for number, group in enumerate(table["group"]) for cue in group["cues"]]
    terms = [cue for cue, _ in cues] + table.get("not", [])
    names = [f"dialect.{group['id']}" for group in table["group"]]
    links = [(i, number) for i, (_, number) in enumerate(cues)]
    return _Written(terms, _particles(language), names, links, [group.get("at_least", 1) for group in table["group"]])


# --- what is kept ---------------------------------------------------------------------------------


SHARED = ("points", "several", "spelled")
"""Tables of letters, which all lists have together."""
TRIES = ("terms", "tails")
OWN = tuple(name for name in lexicon.Lexicon._fields if name not in (*SHARED, *TRIES))


def _digest() -> str:
    """Stands for the lists and for the code that says what is made of them."""
    data, code = Path(lexicons.__file__).parent, Path(lexicon.__file__).parent
    files = [path for language in LISTS for path in sorted((data / "identity" / language).glob("*.toml"))]
    files += [data / "dialect" / f"{language}.toml" for language in LISTS]
    files += [data / "particles_ko.toml", data / "identity.py", Path(__file__), unicode.TABLE]
    files += [code / name for name in ("lexicon.py", "lexicon_places.py", "trie.py", "unicode.py")]
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _keep(path: Path, found: Sequence[Terms]) -> None:
    """Write what was compiled and remove what was compiled from other lists; or not, where nothing can be written."""
    arrays: dict[str, NDArray[Any]] = {name: getattr(found[0].compiled, name) for name in SHARED}
    for number, terms in enumerate(found):
        arrays |= {f"{number}.{name}": array for name, array in _parts(terms).items()}
    try:
        with shards.atomic(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        for other in path.parent.glob(f"{PREFIX}*.npz"):
            if other != path:
                other.unlink(missing_ok=True)
    except OSError:
        return


def _parts(terms: Terms) -> dict[str, NDArray[Any]]:
    """The arrays of one list by name."""
    made = terms.compiled
    tries = {f"{name}.{part}": array for name in TRIES for part, array in getattr(made, name)._asdict().items()}
    own = {name: getattr(made, name) for name in OWN}
    return {"names": terms.names, "links": terms.links, "least": terms.least, **own, **tries}


def _read(path: Path) -> list[Terms] | None:
    """What was kept; None where nothing was, or nothing that can be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored.items())
        return [_terms(arrays, number) for number in range(2 * len(LISTS))]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def _terms(arrays: Mapping[str, NDArray[Any]], number: int) -> Terms:
    def of(name: str) -> NDArray[Any] | trie.Trie:
        if name in TRIES:
            return trie.Trie(*(arrays[f"{number}.{name}.{part}"] for part in trie.Trie._fields))
        return arrays[name if name in SHARED else f"{number}.{name}"]

    made = lexicon.Lexicon(*(cast("Any", of(name)) for name in lexicon.Lexicon._fields))
    return Terms(made, *(arrays[f"{number}.{name}"] for name in ("names", "links", "least")))

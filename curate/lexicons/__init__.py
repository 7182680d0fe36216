"""Data that the project owns: language codes, graded profanity, identity terms, words of URLs.

Every file is TOML and names its source and licence. `README.md` beside this module describes the
forms and how to add a language.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def read(name: str) -> dict[str, Any]:
    """The contents of one of the package's data files: `read("toxicity/en.toml")`."""
    return tomllib.loads(files(__name__).joinpath(name).read_text(encoding="utf-8"))


def names(folder: str) -> list[str]:
    """The TOML files of a folder in alphabetical order, such as `toxicity/en.toml`."""
    found = (entry.name for entry in files(__name__).joinpath(folder).iterdir())
    return sorted(f"{folder}/{name}" for name in found if name.endswith(".toml"))


@cache
def _codes() -> dict[str, str]:
    tables = read("languages.toml")
    merged: dict[str, str] = {}
    for table in ("iso_639_3", "individual", "bibliographic", "variant"):
        merged |= tables[table]
    return merged


def language_code(label: str) -> str:
    """One scheme for the labels of all models: ISO 639-1 where it has a code, else ISO 639-3.

    `__label__eng_Latn`, `eng`, `en-GB` and `EN` are all `en`; `zh-cn`, `cmn_Hans` and `zho` are `zh`.
    What the tables do not know stays, in lower case and without its script or region.
    """
    plain = label.removeprefix("__label__").strip().lower()
    wikipedia: dict[str, str] = read("languages.toml")["wikipedia"]
    if plain in wikipedia:
        return wikipedia[plain]
    plain = plain.replace("-", "_").split("_", 1)[0]
    return _codes().get(plain, plain)


def folders(folder: str) -> list[str]:
    """The folders inside a folder of the package's data, in alphabetical order."""
    return sorted(entry.name for entry in files(__name__).joinpath(folder).iterdir() if entry.is_dir())

"""A recipe's table as TOML text: one stage a block, ranges inline; `tomllib` reads back what was given."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from curate.reports.hostile import visible

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml(table: Mapping[str, Any]) -> str:
    """The table as TOML: plain keys first, then its tables, then its lists of tables; null is left out."""
    given = {key: value for key, value in table.items() if value is not None}
    tables = {key: value for key, value in given.items() if isinstance(value, Mapping)}
    lists = {key: value for key, value in given.items() if _of_tables(value)}
    plain = {key: value for key, value in given.items() if key not in tables and key not in lists}
    blocks = [_lines(plain)] if plain else []
    blocks += [f"[{_key(key)}]\n{_lines(value)}" for key, value in tables.items() if value]
    blocks += [f"[[{_key(key)}]]\n{_lines(one)}" for key, value in lists.items() for one in value]
    return "\n".join(blocks)


def _of_tables(value: object) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items() if value is not None)


def _key(key: object) -> str:
    text = str(key)
    return text if _BARE.fullmatch(text) else _string(text)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)  # `nan` and `inf` are written alike in both languages
    if isinstance(value, int):
        return f"{value:_}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_value(one) for one in value if one is not None)}]"
    return _string(str(value))


def _string(text: str) -> str:
    """A basic string; what a reader could not see stands as an escape that TOML knows."""
    quoted = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "".join(c if visible(c) == c else _escape(c) for c in quoted)


def _escape(character: str) -> str:
    code = ord(character)
    if 0xD800 <= code < 0xE000:
        return "\\ufffd"  # a lone surrogate is no text, in TOML neither
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

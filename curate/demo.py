"""The demo: real text that lies on every machine with Python, curated, and a small model trained on it.

Documentation, READMEs and licences of the installed packages, docstrings of their modules and of
the standard library, and Python's help pages: hundreds of authors, natural near-duplicates (every
package brings its copy of the same licences).
"""

import ast
import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from curate import shards
from curate.errors import RunError
from curate.recipe import Recipe
from curate.recipe_file import find

DOCUMENT_SUFFIXES = frozenset({".md", ".rst", ".txt"})
LICENCES = ("licen", "copying", "notice", "authors")
MODULE_BYTES = 400_000
INPUT_BYTES = 16 * 2**20
"""Docstrings are added until this much text is gathered: enough for two minutes of training."""

Curated = Callable[[Recipe, Sequence[str], Path], Any]


def demo(output: Path, curated: Curated, say: Callable[[str], None], steps: int | None = None) -> None:
    """Gather, curate, train, and say what came of it."""
    gathered = gather(output / "input" / "documentation.jsonl")
    say(f"gathered {gathered[0]:,} documents, {gathered[1]:,} bytes, from the packages on this machine")
    corpus = output / "corpus"
    curated(Recipe.load("demo"), [str(output / "input" / "documentation.jsonl")], corpus)
    model = output / "model"
    say(f"training {find('gpt-tiny')} on {corpus}")
    _pretrain("train", str(find("gpt-tiny")), "--data", str(corpus), "--output", str(model), *_steps(steps, model))
    losses = list(_bits_per_byte(model / "metrics.jsonl"))
    if losses:
        say(f"validation bits per byte: {losses[0]:.3f} before training, {losses[-1]:.3f} after")
    prompt = "This package provides"
    generated = _pretrain("generate", str(model), "--prompt", prompt, "-n", "48", "--seed", "1", capture=True)
    say(f"generated: {' '.join(generated.split())}")
    say(f"yield report: {corpus / 'report.html'}")
    say(f"training report: {model / 'run.html'}")


def _steps(steps: int | None, model: Path) -> list[str]:
    resume = ["--resume"] if model.is_dir() else []
    return [*resume, *([] if steps is None else ["--set", f"train.steps={steps}"])]


def _pretrain(*arguments: str, capture: bool = False) -> str:
    """`pretrain` as a process: neither package imports the other."""
    command = [sys.executable, "-m", "pretrain", *arguments]
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE if capture else None)  # noqa: S603
    if done.returncode:
        raise RunError(f"pretrain {arguments[0]} failed; its message is above")
    return done.stdout or ""


def _bits_per_byte(path: Path) -> Iterator[float]:
    for line in path.read_text("utf-8").splitlines():
        value = json.loads(line).get("validation_bits_per_byte")
        if value is not None:
            yield float(value)


def gather(path: Path) -> tuple[int, int]:
    """Write one JSON line a document, sorted by place; the number of documents and their bytes."""
    documents = size = 0
    with shards.atomic(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for place, text in _documents():
            out.write(json.dumps({"text": text, "place": place}, ensure_ascii=False) + "\n")
            documents, size = documents + 1, size + len(text.encode("utf-8", "replace"))
            if size > INPUT_BYTES:
                break
    return documents, size


def _documents() -> Iterator[tuple[str, str]]:
    yield from _help_pages()
    yield from _descriptions()
    site = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    for folder in dict.fromkeys(site):
        yield from _files(folder)
    for folder in dict.fromkeys([Path(sysconfig.get_path("stdlib")), *site]):
        yield from _docstrings(folder)


def _help_pages() -> Iterator[tuple[str, str]]:
    try:
        from pydoc_data.topics import topics
    except ImportError:
        return
    for name in sorted(topics):
        yield f"help/{name}", topics[name]


def _descriptions() -> Iterator[tuple[str, str]]:
    """The long description of each installed distribution: mostly its README."""
    found = {d.metadata["Name"]: d for d in metadata.distributions() if d.metadata["Name"]}
    for name in sorted(found):
        text = found[name].read_text("METADATA") or ""
        _, _, description = text.replace("\r\n", "\n").partition("\n\n")
        if description.strip():
            yield f"description/{name}", _encodable(description)


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        named = path.name.lower().startswith(LICENCES) and path.suffix not in {".py", ".pyc", ".json"}
        if (path.suffix in DOCUMENT_SUFFIXES or named) and _ordinary(path):
            yield path.relative_to(folder).as_posix(), path.read_text("utf-8", "replace")


def _ordinary(path: Path) -> bool:
    return path.is_file() and 200 <= path.stat().st_size <= MODULE_BYTES and "tests" not in path.parts


def _docstrings(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*.py")):
        if not _ordinary(path) or ("site-packages" in path.parts and "site-packages" not in folder.parts):
            continue
        try:
            tree = ast.parse(path.read_text("utf-8", "replace"))
        except (SyntaxError, ValueError, RecursionError):
            continue
        text = "\n\n".join(_of(tree))
        if len(text) >= 200:
            yield path.relative_to(folder).as_posix(), _encodable(text)


def _of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text and " " in text:
                yield text if isinstance(node, ast.Module) else f"{node.name}\n{text}"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")

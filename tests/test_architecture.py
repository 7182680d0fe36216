"""Imports point down only, and the two packages know each other by files alone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = {
    "curate.ops": -2,
    "curate.lexicons": -1,
    "curate.personal": 0.5,
    "curate.corpus": 0,
    "curate.cuts": 0,
    "curate.differences": 0,
    "curate.errors": 0,
    "curate.arrays": 0,
    "curate.package_data": 0,
    "curate.rules": 0,
    "curate.regions": 1,
    "curate.statements": 1,
    "curate.associations": 0,
    "curate.generalisations": 2,
    "curate.stated": 2.5,
    "curate.by_language": 0,
    "curate.threads": 0,
    "curate.stops": 0,
    "curate.memory": 1,
    "curate.lock": 1,
    "curate.stage": 1,
    "curate.shards": 1,
    "curate.between": 2,
    "curate.groups": 2,
    "curate.report": 1,
    "curate.finished": 2,
    "curate.sketches": 3,
    "curate.earlier": 4,
    "curate.kept": 8,
    "curate.lookup": 9,
    "curate.tokens": 1,
    "curate.clusters": 2,
    "curate.cutting": 1,
    "curate.components": 2.5,
    "curate.neighbours": 2.5,
    "curate.deduplication": 2,
    "curate.benchmarks": 1,
    "curate.contamination": 2,
    "curate.excision": 0,
    "curate.teacher": 1,
    "curate.cascade": 2.5,
    "curate.cascade.recall": 0,
    "curate.told": 2,
    "curate.audit": 1.5,
    "curate.pieces": 2,
    "curate.frequencies": 2,
    "curate.language_models": 2,
    "curate.ngram_training": 2,
    "curate.models": 2,
    "curate.ingest": 2,
    "curate.classifier": 1,
    "curate.classifier.train": 3,
    "curate.classifier.card": 3,
    "curate.classifier.cli": 4,
    "curate.digests": 3,
    "curate.stages": 3,
    "curate.survivors": 3,
    "curate.policy": 4,
    "curate.costs": 4,
    "curate.testing": 3,
    "curate.reports": 2,
    "curate.recipe_file": 4,
    "curate.recipe": 5,
    "curate.flow": 6,
    "curate.unit": 7,
    "curate.pilot": 8,
    "curate.resolve": 8,
    "curate.pack": 8,
    "curate.pool": 7,
    "curate.finish": 8,
    "curate.forecast": 8,
    "curate.guard": 9,
    "curate.work": 10,
    "curate.ablation": 10.5,
    "curate.run_options": 1,
    "curate.progress": 1,
    "curate.validate": 10,
    "curate.inspection": 10,
    "curate.export": 10,
    "curate.schema": 10,
    "curate.explanation": 10,
    "curate.demo": 11,
    "curate.runner": 11,
    "curate.models_cli": 11,
    "curate.harm": 11,
    "curate.bench_cli": 11.5,
    "curate.teacher_cli": 11,
    "curate.audit_cli": 11,
    "curate.flips_cli": 11.5,
    "curate.cli": 12,
    "curate.__main__": 13,
    "curate": 12,
}
"""A module may import from its own part and from lower floors."""


def modules(package):
    return sorted(path for path in (ROOT / package).rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(name):
    return next((known for known in sorted(FLOORS, key=len, reverse=True) if f"{name}.".startswith(f"{known}.")), None)


def name_of(path):
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


@pytest.mark.parametrize("path", modules("curate"), ids=name_of)
def test_imports_point_down(path):
    mine = part(name_of(path))

    for name in imported(path):
        theirs = part(name) if name.split(".")[0] == "curate" and name != "curate" else None
        if theirs not in (None, mine, "curate"):
            assert FLOORS[theirs] < FLOORS[mine], f"{name_of(path)} imports {name}"


def test_neither_package_imports_the_other():
    for package, other in (("curate", "pretrain"), ("pretrain", "curate")):
        for path in modules(package):
            assert not [name for name in imported(path) if name.split(".")[0] == other], path


def test_kernels_see_no_schema_and_no_recipe():
    for path in modules("curate/ops"):
        roots = {name.split(".")[0] for name in imported(path)}
        assert not roots & {"pyarrow", "pydantic", "typer"}, path


def test_only_the_runner_knows_processes():
    for path in modules("curate"):
        if path.stem not in ("pool", "demo", "ablation"):
            roots = {name.split(".")[0] for name in imported(path)}
            assert not roots & {"multiprocessing", "concurrent", "subprocess"}, path

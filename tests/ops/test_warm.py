"""Compiling kernels ahead of use."""

import subprocess
import sys
from pathlib import Path

import pytest

from curate import ops


def test_warming_up_loads_every_module_of_kernels():
    loaded = "import sys; from curate import ops; ops.warm(); print(*sorted(m for m in sys.modules if m.startswith('curate.ops.')))"

    names = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()

    files = {path.stem for path in Path(ops.__file__).parent.glob("*.py")} - {"__init__", "__main__", "build_unicode"}
    assert {name.removeprefix("curate.ops.") for name in names} >= files


@pytest.mark.parametrize(("change", "left"), [(False, True), (True, False)])
def test_compiled_kernels_are_forgotten_when_a_source_changes(tmp_path, monkeypatch, change, left):
    source, compiled = tmp_path / "kernels.py", tmp_path / "__pycache__" / "kernels.run.nbi"
    source.write_text("one")
    monkeypatch.setattr(ops, "__file__", str(tmp_path / "__init__.py"))
    ops._forget_stale()
    compiled.write_text("machine code")

    if change:
        source.write_text("two")
    ops._forget_stale()

    assert compiled.exists() == left

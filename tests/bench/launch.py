"""A small process between the harness and what it measures: `launch.py RESULT CORE COMMAND...`.

The kernel counts a parent's memory to a child's peak until the child's own program begins, so the parent must
be small. It pins itself to a core ("-" for none), runs the command to its end and writes down what that took.
"""

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    result, core, *command = sys.argv[1:]
    if core != "-":
        os.sched_setaffinity(0, {int(core)})
    started = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    facts = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "exit": os.waitstatus_to_exitcode(status),
    }
    Path(result).write_text(json.dumps(facts), "utf-8")


main()

"""Being stopped: by Ctrl-C or a batch system, whatever the interpreter does at that moment."""

import os
import signal
import sys
import threading
from typing import Any

AGAIN = 0.05
"""Seconds after which a stop that was lost is sent again."""


def heed() -> None:
    """A batch system's stop interrupts as Ctrl-C does, and neither is lost in a finaliser.

    Python drops what is raised while an object is finalised, and libraries finalise thousands of objects: the run would
    go on as if nobody had asked it to stop.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tell = sys.unraisablehook

    def hook(lost: Any) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            again = threading.Timer(AGAIN, os.kill, (os.getpid(), signal.SIGTERM))
            again.daemon = True
            again.start()
        else:
            tell(lost)

    sys.unraisablehook = hook

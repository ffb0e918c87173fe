"""Worker processes that leave nothing behind."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def serve(parent: int) -> None:
    """Make this process a worker of `parent`: deaf to Ctrl-C (the parent decides), gone with its parent however it
    ends, also by kill -9 (Linux prctl)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the call
        os._exit(1)

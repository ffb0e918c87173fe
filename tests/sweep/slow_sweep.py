"""`gaincell` in a process of its own, with the RC circuit and an engine that takes its time: for signals and kills.

python slow_sweep.py NETLISTS SECONDS_A_DECK sweep run ...
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import rc_bench

from gaincell_char.circuits import testbench
from gaincell_char.cli.main import main
from gaincell_char.spice.types import Deck, Waveforms
from gaincell_char.sweep import run


class SlowEngine(rc_bench.AnalyticEngine):
    """Waits in a child process, as the batch engine does."""

    def __init__(self, seconds: str) -> None:
        self._seconds = seconds

    def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
        command = ["setpriv", "--pdeathsig", "KILL", "sleep", self._seconds]
        subprocess.run(command, check=True, start_new_session=True)
        return super().run(deck, timeout_s)


if __name__ == "__main__":
    netlists, seconds, *arguments = sys.argv[1:]
    testbench._MODULES["rc"] = "rc_bench"
    rc_bench.FOLDER = Path(netlists)
    run.open_engine = lambda kind: SlowEngine(seconds)
    sys.argv = ["gaincell", *arguments]
    main()

"""`gaincell` in a process of its own, with the RC circuit and an engine that takes its time: for signals and kills.

python slow_sweep.py NETLISTS SECONDS_A_DECK sweep run ...
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import rc_bench

from gaincell_char.circuits import testbench
from gaincell_char.cli.main import main
from gaincell_char.spice.types import Deck, Waveforms
from gaincell_char.sweep import run


class SlowEngine(rc_bench.AnalyticEngine):
    """Waits in a child process, as the batch engine does."""

    def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
        guard = ["setpriv", "--pdeathsig", "KILL"]
        subprocess.run([*guard, "sleep", sys.argv_seconds], check=True, start_new_session=True)  # type: ignore[attr-defined]
        return super().run(deck, timeout_s)


if __name__ == "__main__":
    testbench._MODULES["rc"] = "rc_bench"
    rc_bench.FOLDER = Path(sys.argv[1])
    sys.argv_seconds = sys.argv[2]  # type: ignore[attr-defined]
    run.open_engine = lambda kind: SlowEngine()
    sys.argv = ["gaincell", *sys.argv[3:]]
    started = time.monotonic()
    main()

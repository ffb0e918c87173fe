"""A sweep of a million points whose engine simulates nothing: `python benchmarks/million_points.py`.

`gaincell sweep` itself does it all (plan, decks, keys, a commit a deck, dataset, limits); only the simulator is
replaced, and the pool of processes by a call, since their pipes are not what is measured. The store is built, then
looked at: the status, what a run would do (every checksum is read), a run with nothing left to do, an export to
Parquet; then a part of the results is taken away, and what is left to do is decided and done. Each is a process of its
own, with its CPU time and peak memory. `--levels N`: stored voltages, which share a deck; with 1 every point is a
deck. `--folder F` keeps the store, and a build that was stopped goes on. A commit waits for the disk: a
folder in memory (/dev/shm) measures the tool, and leaves the disk out.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np

SIDE = 1000
PART = 1000


def simulated(arguments: list[str]) -> None:
    """`gaincell` with an engine that answers every deck with the same short waveforms, in this process."""
    from gaincell_char.circuits.testbench import Testbench
    from gaincell_char.cli import main
    from gaincell_char.spice.types import Deck, Waveforms
    from gaincell_char.sweep import run
    from gaincell_char.sweep.execute import Task
    from gaincell_char.sweep.worker import Bench, OpenEngine, Outcome

    class Synthetic:
        identity = "synthetic-1"

        def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
            scale = np.linspace(0, 20e-9, 41)
            return Waveforms("time", scale, {name: np.linspace(0, 1e-6, 41) for name in deck.vectors})

        def close(self) -> None: ...

    class InProcess:
        lost: tuple[type[Exception], ...] = ()

        def __init__(self, _workers: int, _scratch: Path, open_engine: OpenEngine, testbench: Testbench) -> None:
            self._bench = Bench(open_engine, testbench)

        def width(self) -> int:
            return 1

        def schedule(self, task: Task, timeout_s: float) -> Future[Outcome]:
            future: Future[Outcome] = Future()
            future.set_result(self._bench.simulate(task.setting, task.deck, timeout_s))
            return future

        def finish(self) -> None: ...

        def stop(self) -> None: ...

    vars(run).update(open_engine=lambda _kind: Synthetic(), Pool=InProcess)
    sys.argv = ["gaincell", *arguments]
    main.main()


def measured(what: str, *arguments: str) -> None:
    """Run `gaincell ARGUMENTS` with the synthetic engine in a process, and print what it took and said."""
    start = time.perf_counter()
    command = [sys.executable, __file__, "--gaincell", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = process.stdout.read().strip().splitlines()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall, cpu = time.perf_counter() - start, used.ru_utime + used.ru_stime
    print(
        f"{what:32} {wall:7.1f} s  CPU {cpu:7.1f} s  peak {used.ru_maxrss / 1024:5.0f} MiB  exit {process.returncode}"
    )
    for line in said[-3:]:
        print(f"    {line}", flush=True)


def main() -> None:
    if sys.argv[1:2] == ["--gaincell"]:
        simulated(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--levels", type=int, default=20)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        store = folder / "million.sqlite"
        axes = [
            f"gain_cell.wn=100n:200n:{SIDE}",
            f"gain_cell.lrn=1u:2u:{options.points // options.levels // SIDE}",
            f"v_store_V=0:0.9:{options.levels}" if options.levels > 1 else "v_store_V=0.9",
            "pulse_s=5n",
        ]
        spec = ["gain_cell_pulse", *(f"--axis={axis}" for axis in axes), "--corner=tt", "--temp=27", "--supply=0.9"]
        spec.append(f"--store={store}")
        measured("build the store", "sweep", "run", *spec)
        size = store.stat().st_size
        print(f"    the store has {size / 1e6:.0f} MB, {size / options.points:.0f} bytes a point", flush=True)
        measured("status", "sweep", "status", *spec)
        measured("what is left to do: nothing", "sweep", "run", *spec, "--dry-run")
        measured("run with nothing to do", "sweep", "run", *spec)
        measured("export to Parquet", "sweep", "export", *spec, "-o", str(folder / "million.parquet"))
        with sqlite3.connect(store) as database:
            database.execute(f"DELETE FROM result WHERE rowid % {PART} = 0")
        measured(f"what is left to do: 1 in {PART}", "sweep", "run", *spec, "--dry-run")
        measured("do it", "sweep", "run", *spec)


if __name__ == "__main__":
    main()

"""Kill -9 at random moments, over and over: `make torture KILLS=200`, or `python tests/sweep/torture.py --kills 200`.

A sweep of the gain cell is started and killed after a random part of the time that it takes, started again on what the
kill left, and killed again, until a run gets through; its dataset must be that of a run that nobody disturbed, byte for
byte. Then from an empty store, until so many kills have been dealt. No process may outlive a kill.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet  # noqa: F401  # what a run imports is imported here, once for all
import rich.progress
import rich.table  # noqa: F401
from test_kill import descendants, gone, stored_after_kill

from gaincell_char.cli import sweep  # noqa: F401
from gaincell_char.cli.main import main
from gaincell_char.keys import file_digest
from gaincell_char.sweep import export, limits, run, survey  # noqa: F401

SWEEP = ["gain_cell_iv", "--axis", "gain_cell.wn=60n:200n:8", "--axis", "v_store_V=0:0.9:37", "--axis", "v_bl_V=0.45",
         "-j", "2"]  # fmt: skip
DECKS = 40
DATASET = "dataset.parquet"
PATIENCE_S = 5.0


def start(folder: Path) -> int:
    """A run in a process of its own, forked from this one so that it need not import anything; its process id."""
    pid = os.fork()
    if pid:
        return pid
    said = os.open(folder / "said.txt", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    for stream in (0, 1, 2):
        os.dup2(said, stream)
    sys.argv = [
        "gaincell",
        "sweep",
        "run",
        *SWEEP,
        "--store",
        str(folder / "store.sqlite"),
        "-o",
        str(folder / DATASET),
    ]
    try:
        main()
    except SystemExit as request:
        os._exit(int(request.code or 0))
    os._exit(0)


def run_and_kill(folder: Path, after_s: float) -> bool:
    """Whether the kill met a living run; its workers and simulators are gone in any case. The time counts from the
    first deck that the run commits, or from `PATIENCE_S` after its start where that comes first."""
    pid, started = start(folder), time.monotonic()
    before, first = size(folder), 0.0
    while not first or time.monotonic() - first < after_s:
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            return False
        if not first and (size(folder) != before or time.monotonic() - started > PATIENCE_S):
            first = time.monotonic()
        time.sleep(0.002)
    children = descendants(pid)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert gone(children), f"still running: {children}"
    return True


def size(folder: Path) -> int:
    """The bytes of the store and of its log."""
    return sum(path.stat().st_size for path in folder.glob("store.sqlite*"))


def torture(kills: int, seed: int) -> Counter[int]:
    """How often a kill found so many decks committed.

    Raises
    ------
    AssertionError
        A dataset that differs, a process that is left, a run that ends without a dataset.
    """
    moments, found = random.Random(seed), Counter[int]()
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        whole = Path(name, "whole")
        whole.mkdir()
        started = time.monotonic()
        os.waitpid(start(whole), 0)
        took_s, wanted = time.monotonic() - started, file_digest(whole / DATASET)
        print(f"undisturbed: {took_s:.1f} s, dataset {wanted[:16]}", flush=True)
        datasets = 0
        while found.total() < kills:
            folder = Path(name, f"run{datasets}")
            folder.mkdir()
            while run_and_kill(folder, moments.uniform(0, 1) * took_s / 4):
                committed = stored_after_kill(folder)
                found[committed] += 1
                if committed == DECKS:  # what is left of the run is too short to be hit again and again
                    os.waitpid(start(folder), 0)
                    break
            said = (folder / "said.txt").read_text()
            assert (folder / DATASET).is_file(), f"no dataset after {found.total()} kills: {said}"
            assert file_digest(folder / DATASET) == wanted, f"another dataset after {found.total()} kills"
            shutil.rmtree(folder)
            datasets += 1
            print(f"{found.total()} kills, {datasets} datasets, all equal", flush=True)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    counts = torture(arguments.kills, arguments.seed)
    print("decks committed when killed (decks: kills):", dict(sorted(counts.items())))
    met = sum(count for decks, count in counts.items() if 0 < decks < DECKS)
    print(f"{met} of {counts.total()} kills met a store that was neither empty nor complete")
    sys.exit(0 if met else 1)

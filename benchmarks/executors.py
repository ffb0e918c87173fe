"""Throughput of a sweep on a Dask cluster of this machine against its own processes: `python benchmarks/executors.py`.

Transient points of the gain cell, the width of its N read device changed each point, two workers either way,
alternating in one run; medians of wall time, and whether the datasets are equal. The cluster is up before the clock
starts, as a user's is. `--points N`, `--repeats N`; `--devices-per-deck 1` gives each point a deck of its own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from distributed import LocalCluster

from gaincell_char.sweep.overrides import parse_overrides
from gaincell_char.sweep.run import Prepared, prepare, run_prepared
from gaincell_char.sweep.spec import load_spec

WORKERS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--devices-per-deck", type=int)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    axes = (f"gain_cell.wn=100n:200n:{options.points}", "v_store_V=0.9", "pulse_s=5n")
    spec = load_spec("gain_cell_pulse").model_copy(update={"devices_per_deck": options.devices_per_deck})
    prepared = prepare(spec, overrides=parse_overrides((), axes, "tt", "27", "0.9", None))
    with LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        rounds = [(timed(prepared, None), timed(prepared, cluster.scheduler_address)) for _ in range(options.repeats)]
    here, there = (median(pair[i][0] for pair in rounds) for i in (0, 1))
    same = len({result for pair in rounds for _, result in pair}) == 1
    print(f"{options.points} points in {len(prepared.tasks)} decks: processes {here:.1f} s, Dask {there:.1f} s")
    print(f"Dask has {here / there:.2f} of the throughput; datasets {'identical' if same else 'DIFFER'}")


def timed(prepared: Prepared, dask: str | None) -> tuple[float, bytes]:
    """Wall time of the sweep with an empty store, and its dataset."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        dataset = run_prepared(prepared, Path(folder) / "store.sqlite", WORKERS, progress=quiet, dask=dask)
        return time.perf_counter() - start, dataset.to_bytes()


def quiet(_done: int, _total: int, _note: str) -> None: ...


if __name__ == "__main__":
    main()

"""How fast a sweep is, against other ways to drive ngspice: `python benchmarks/sweep_speed.py`.

Transient points of the gain cell (one read pulse of 5 ns on a cell at 0.9 V), the width of its N read device changed
each point, two workers whichever way. Timed: from a loaded spec, or netlist text in memory, to charge, kick and disturb
of every point in memory. The ways alternate in one run; medians of wall and CPU time (of this process and all that it
started), and how far each is from the last way, `ngspice -b` a point at a time.

    ours       `run_sweep`: plan, keys, simulation, checks of every result, store, dataset
    by hand    decks written out below with all cells side by side, one a worker, all at once: no check, no store
    PySpice    its shared-library session in two processes: load a circuit, run, read the plot
    spicelib   `SpiceEditor`, `SimRunner` with two simulations at once, `RawRead`
    batch      `ngspice -b` a point, two at a time

What is not installed is left out by name; `--peers FOLDER` adds a folder of packages that need not be the project's.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from gaincell_char.paths import data_folder
from gaincell_char.spice.simulator import LIBRARY_VARIABLE, library
from gaincell_char.sweep.overrides import override, parse_overrides
from gaincell_char.sweep.run import run_sweep
from gaincell_char.sweep.spec import Spec, load_spec

WORKERS = 2
Array = npt.NDArray[np.float64]
Way = Callable[[Sequence[float], Path], Array]
ONE_THREAD = {**os.environ, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C"}

OPENING = f"""* gain cell, charge of a read pulse
.lib '{data_folder("netlists")}/technologies/cmos28.lib' tt
.include '{data_folder("netlists")}/gain_cell.lib'
.temp 27
.options method=gear gmin=1e-15 reltol=1e-4 abstol=1e-12 vntol=1e-6 chgtol=1e-18
Vvdd vdd 0 0.9
Vwbl wbl 0 0.45
Vwwl wwl 0 -0.5
Vwwlb wwlb 0 1.4
Vwlr wlr 0 pulse(0 0.9 0.5n 30p 30p 4.97n 1000)
Vwlrb wlrb 0 pulse(0.9 0 0.5n 30p 30p 4.97n 1000)
"""
CELL = """Vb{n} b{n} 0 0.45
X{n} wbl wwl wwlb s{n} wlr wlrb b{n} vdd 0 gain_cell wn={w}
.ic v(s{n})=0.9
"""
TRANSIENT = ".tran 0.1n 7.03n 0 0.1n\n"


def text(widths: Sequence[float | str], opening: str = OPENING) -> str:
    cells = "".join(CELL.format(n=n, w=w) for n, w in enumerate(widths))
    saved = " ".join(f"i(vb{n}) v(s{n})" for n in range(len(widths)))
    return f"{opening}{cells}.save {saved}\n{TRANSIENT}.end\n"


def measured(time_s: Array, current: Array, store: Array) -> list[float]:
    """Charge from 0.25 ns on, kick at the end of the pulse and disturb after it, of one cell."""
    start, top, end = 0.25e-9, 5.5e-9, 7.03e-9
    inside = (time_s > start) & (time_s < end)
    at = np.concatenate(([start], time_s[inside], [end]))
    before, kicked, left = np.interp((start, top, end), time_s, store)
    return [float(np.trapezoid(np.interp(at, time_s, -current), at)), kicked - before, left - before]


def read(raw: Path, cells: int) -> Array:
    """(cells, 3) of a binary raw file with time, then current and storage node of each cell."""
    header, _, data = raw.read_bytes().partition(b"Binary:\n")
    names = [line.split()[1].decode() for line in header.partition(b"Variables:\n")[2].splitlines()]
    waves = np.frombuffer(data).reshape(-1, len(names)).T
    by_name = dict(zip(names, waves, strict=True))
    time_s = by_name["time"]
    return np.array([measured(time_s, by_name[f"i(vb{n})"], by_name[f"v(s{n})"]) for n in range(cells)])


def ours(widths: Sequence[float], folder: Path) -> Array:
    axes = (f"gain_cell.wn={widths[0]!r}:{widths[-1]!r}:{len(widths)}", "v_store_V=0.9", "pulse_s=5n")
    spec = override(bundled(), parse_overrides((), axes, "tt", "27", "0.9", None))
    dataset = run_sweep(spec, store=folder / "store.sqlite", workers=WORKERS)
    return dataset.good[["charge_C", "kick_V", "disturb_V"]].to_numpy()


@functools.cache
def bundled() -> Spec:
    return load_spec("gain_cell_pulse")


def by_hand(widths: Sequence[float], folder: Path) -> Array:
    parts = [list(part) for part in np.array_split(widths, WORKERS)]
    started = []
    for number, part in enumerate(parts):
        (folder / f"{number}.cir").write_text(text(part))
        started.append(ngspice(folder, f"{number}"))
    for process in started:
        process.wait()
    return np.concatenate([read(folder / f"{number}.raw", len(part)) for number, part in enumerate(parts)])


def ngspice(folder: Path, name: str) -> subprocess.Popen[bytes]:
    command = ["ngspice", "-n", "-b", "-r", f"{name}.raw", f"{name}.cir"]
    return subprocess.Popen(command, cwd=folder, env=ONE_THREAD, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def batch(widths: Sequence[float], folder: Path) -> Array:
    def one(numbered: tuple[int, float]) -> Array:
        number, width = numbered
        (folder / f"{number}.cir").write_text(text([width]))
        ngspice(folder, f"{number}").wait()
        return read(folder / f"{number}.raw", 1)

    with ThreadPoolExecutor(WORKERS) as pool:
        return np.concatenate(list(pool.map(one, enumerate(widths))))


def pyspice(widths: Sequence[float], _folder: Path) -> Array:
    parts = [list(part) for part in np.array_split(widths, WORKERS)]
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        return np.concatenate(pool.map(session, parts, chunksize=1))


def session(widths: Iterable[float]) -> Array:
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared

    simulator = NgSpiceShared.new_instance()
    simulator.exec_command("set num_threads=1")
    rows = []
    for width in widths:
        simulator.load_circuit(text([width]))
        simulator.run()
        plot = simulator.plot(None, simulator.last_plot)
        rows.append(measured(*(np.asarray(plot[name]._data) for name in ("time", "vb0#branch", "s0"))))
        simulator.destroy()
        simulator.remove_circuit()
    return np.array(rows)


def spicelib(widths: Sequence[float], folder: Path) -> Array:
    from spicelib import RawRead, SimRunner, SpiceEditor
    from spicelib.simulators.ngspice_simulator import NGspiceSimulator

    template = folder / "cell.cir"
    template.write_text(text(["{w}"], f"{OPENING}.param w=100n\n"))
    netlist = SpiceEditor(template, encoding="utf-8")
    NGspiceSimulator._compatibility_mode = ""  # in the mode it sets, ngspice does not find a .lib by its path
    runner = SimRunner(simulator=NGspiceSimulator, parallel_sims=WORKERS, output_folder=str(folder))
    names = []
    for number, width in enumerate(widths):
        netlist.set_parameter("w", repr(float(width)))
        runner.run(netlist, run_filename=f"{number}.cir", exe_log=True)
        names.append(folder / f"{number}.raw")
    if not runner.wait_completion():
        raise SystemExit("spicelib: not every simulation ended well")
    rows = []
    for name in names:
        raw = RawRead(str(name), dialect="ngspice")
        waves = (raw.get_wave(vector) for vector in ("time", "i(vb0)", "v(s0)"))
        rows.append(measured(*map(np.asarray, waves)))
    return np.array(rows)


WAYS: dict[str, tuple[str, Way]] = {
    "ours": ("gaincell_char", ours),
    "by hand": ("numpy", by_hand),
    "PySpice": ("PySpice", pyspice),
    "spicelib": ("spicelib", spicelib),
    "batch": ("numpy", batch),
}


def timed(way: Way, widths: Sequence[float]) -> tuple[float, float, Array]:
    """Wall time, CPU time, and the results."""
    with tempfile.TemporaryDirectory() as folder:
        used, start = cpu_s(), time.perf_counter()
        rows = way(widths, Path(folder))
        return time.perf_counter() - start, cpu_s() - used, rows


def cpu_s() -> float:
    parts = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ways", default=",".join(WAYS), help="which of them: %(default)s")
    parser.add_argument("--peers", metavar="FOLDER", help="site-packages of another environment, looked at last")
    options = parser.parse_args()
    if options.peers:
        sys.path.append(options.peers)
    if shutil.which("ngspice") is None:
        raise SystemExit("ngspice is not installed: Debian package ngspice")
    os.environ["OMP_THREAD_LIMIT"] = "1"
    os.environ.setdefault(LIBRARY_VARIABLE, str(library()))
    asked = options.ways.split(",")
    missing = [name for name in asked if importlib.util.find_spec(WAYS[name][0]) is None]
    chosen = [name for name in asked if name not in missing]
    for name in chosen:
        timed(WAYS[name][1], (1e-7, 1.5e-7))  # modules are loaded and files are in memory
    widths = [float(width) for width in np.linspace(100e-9, 200e-9, options.points)]
    rounds = [{name: timed(WAYS[name][1], widths) for name in chosen} for _ in range(options.repeats)]
    report(options.points, rounds, chosen)
    for name in missing:
        print(f"{name}: not installed (pip install {WAYS[name][0]})")


def report(points: int, rounds: Sequence[dict[str, tuple[float, float, Array]]], names: Sequence[str]) -> None:
    wall = {name: median(each[name][0] for each in rounds) for name in names}
    cpu = {name: median(each[name][1] for each in rounds) for name in names}
    reference = rounds[0][names[-1]][2]
    print(f"{points} points, {WORKERS} workers, medians of {len(rounds)} alternating runs")
    print("             wall s  points/s   CPU s  throughput of ours over it (wall, CPU)  charge off by")
    for name in names:
        off = np.abs(rounds[-1][name][2][:, 0] / reference[:, 0] - 1).max()
        ratios = f"{wall[name] / wall[names[0]]:.2f}x, {cpu[name] / cpu[names[0]]:.2f}x"
        print(f"{name:<12}{wall[name]:7.2f}{points / wall[name]:10.0f}{cpu[name]:8.2f}  {ratios:>38}  {off:13.1e}")


if __name__ == "__main__":
    main()

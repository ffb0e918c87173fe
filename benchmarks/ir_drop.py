"""How fast a tile's wires are solved, and how exactly: `python benchmarks/ir_drop.py --help`.

One run, one thread (set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1 before it; the figures say what was set). Each
solve has stored voltages of its own, and its cells' law is evaluated in it. The alternatives: Newton with scipy's
sparse LU on the nodes of a column, as a circuit simulator solves it, and, on linear devices, badcrossbar and CrossSim,
whose checkouts are given by path (`linear_crossbars.py`). Processor time is what is reported, so that a busy machine
changes the figures little.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from linear_crossbars import compare
from scipy.sparse import diags_array
from scipy.sparse.linalg import splu

import gaincell_char as gc
from gaincell_char.array import Tile, tile, tile_of
from gaincell_char.behavior.schema import Wires

Array = npt.NDArray[np.float64]
FULL_SCALE = 80.0


def wires(bl_ohm: float, rail_ohm: float) -> Wires:
    return Wires(
        bl_resistance_ohm=bl_ohm,
        bl_capacitance_F=0.0,
        wl_resistance_ohm=0.0,
        wl_capacitance_F=0.0,
        rail_resistance_ohm=rail_ohm,
    )


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Median processor time of a call, after one that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return float(np.median(times))


def sparse_newton(one: Tile, stored: Array, on: Array) -> Array:
    """Currents (columns,) by Newton on each column's nodes, sparse LU; rails ideal."""
    rows, columns = stored.shape
    coefficients = one.law.evaluate(one.law.of_bit_line(), stored) * on[:, np.newaxis]
    powers = np.arange(len(coefficients))[:, np.newaxis]
    main = np.full(rows, 2.0)
    main[-1] = 1.0
    laplace = diags_array([main, -np.ones(rows - 1), -np.ones(rows - 1)], offsets=[0, 1, -1]).tocsc() / one.bl_V
    found = np.empty(columns)
    for column in range(columns):
        cells, drop = coefficients[:, :, column], np.zeros(rows)
        for _ in range(20):
            current = (cells * drop**powers).sum(axis=0)
            slope = (cells[1:] * powers[1:] * drop ** (powers[1:] - 1)).sum(axis=0)
            change = splu((laplace - diags_array([slope], offsets=[0])).tocsc()).solve(current - laplace @ drop)
            drop += change
            if np.abs(change).max() < 1e-10:
                break
        found[column] = (cells * drop**powers).sum()
    return found


def nonlinear(one: Tile, size: int, dtype: type, count: int, repeats: int) -> tuple[float, float]:
    """Seconds of a solve of size x size cells, and its largest error of full scale against float64 Newton."""
    draw = np.random.default_rng(1)
    stored = np.rint(draw.uniform(0, 7, (count, size, size))) * 0.9 / 7
    on = (draw.random((size, 1)) < 0.75).astype(dtype)
    given = stored.astype(dtype)
    spent = seconds(lambda: [one.currents(each, on) for each in given], repeats) / count
    truth = sparse_newton(one, stored[0], on[:, 0].astype(float))
    return spent, float(np.abs(one.currents(given[0], on)[:, 0] - truth).max() / FULL_SCALE)


def charges(one: Tile, queries: int, repeats: int) -> None:
    """One tile of 64 x 64, pulses of 16 widths, float32: the fast tier beside the ideal product."""
    draw = np.random.default_rng(3)
    stored = (np.rint(draw.uniform(0, 7, (64, 64))) * 0.9 / 7).astype(np.float32)
    pulses = (draw.integers(0, 16, (64, queries)) / 15).astype(np.float32)
    few = pulses[:, :8].astype(float)
    exact = one.correction(stored.astype(float), few, "exact")
    fast = one.correction(stored.astype(float), few, "fast")
    left = float(np.sqrt(np.mean((fast - exact) ** 2) / np.mean(exact**2)))
    spent = [seconds(lambda tier=tier: one.charges(stored, pulses, tier), repeats) for tier in ("ideal", "fast")]  # type: ignore[misc]
    per_query = seconds(lambda: one.charges(stored, pulses[:, :8], "exact"), max(1, repeats // 4)) / 8
    print(
        f"charges of {queries} queries, float32: ideal {spent[0] * 1e3:.2f} ms, fast {spent[1] * 1e3:.2f} ms; exact "
        f"{per_query * 1e3:.2f} ms a query; fast leaves {left:.3f} of what the wires do"
    )


def figure(path: Path) -> None:
    """The bit line's shift along a column for every pattern: the exact tier as lines, the ngspice mesh as points."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "ir_drop"
    from matplotlib import pyplot

    from gaincell_char.circuits.array.dc import TESTBENCH
    from gaincell_char.circuits.array.patterns import NAMES, pattern
    from gaincell_char.circuits.testbench import Setting
    from gaincell_char.fit.array import fit_tile_current
    from gaincell_char.spice.batch import BatchEngine
    from gaincell_char.sweep.run import run_sweep
    from gaincell_char.sweep.spec import load_spec

    column, ohm = 21, {"array.bl_ohm": 1.5, "array.rail_ohm": 0.5}
    one = tile_of(fit_tile_current(run_sweep(load_spec("array_direct"))), wires(*ohm.values()), 1e-7)
    engine = BatchEngine()
    _, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for number, name in enumerate(NAMES):
        setting = Setting(parameters=ohm, axes={"pattern": (float(number),), "column": (float(column),)})
        found = engine.run(TESTBENCH.deck(setting)).vectors
        mesh = np.array([found[f"v(b{row}_{column})"][0] for row in range(64)]) - 0.45
        applied = pattern(number, 64, 64)
        on = (applied.widths > 0).astype(float)[:, np.newaxis, np.newaxis]
        solved = one.solver(applied.levels[:, [column]] * 0.9)(on)
        (line,) = axes.plot(-solved.bl_drop[:, 0, 0] * 1e3, label=name)
        axes.plot(mesh * 1e3, "o", markersize=2.5, color=line.get_color())
        print(f"{name}: exact and mesh apart by {np.abs(mesh + solved.bl_drop[:, 0, 0]).max():.1e} V")
    axes.set(xlabel="row, 0 is at the clamp", ylabel="bit line minus its clamp, mV")
    axes.legend(title="lines: exact tier; points: ngspice")
    axes.grid(alpha=0.3)
    pyplot.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cmos28", help="a model with an array section (default: cmos28)")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--bl-ohm", type=float, default=1.5, help="of a segment of the bit line (default: 1.5)")
    parser.add_argument("--badcrossbar", type=Path, metavar="FOLDER", help="a checkout of joksas/badcrossbar")
    parser.add_argument("--crosssim", type=Path, metavar="FOLDER", help="a checkout of sandialabs/cross-sim")
    parser.add_argument("--figure", type=Path, help="draw the drop along a column (needs ngspice) and stop")
    given = parser.parse_args()
    if given.figure is not None:
        figure(given.figure)
        return
    model = gc.load_model(given.model)
    threads = {name: os.environ.get(name, "not set") for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    print(f"numpy {np.__version__}, {threads}, load {os.getloadavg()[0]:.1f}; bit line {given.bl_ohm:g} ohm a segment")
    one = tile(model, wires(given.bl_ohm, 0.0))
    for size, count in ((64, 16), (256, 1)):
        for dtype in (np.float32, np.float64):
            spent, off = nonlinear(one, size, dtype, count, given.repeats)
            print(
                f"nonlinear {size}x{size}, {dtype.__name__}: {spent * 1e3:.3f} ms a solve, {1 / spent:.0f} a second, "
                f"error {off:.1e} of full scale"
            )
    draw = np.random.default_rng(1)
    stored = np.rint(draw.uniform(0, 7, (64, 64))) * 0.9 / 7
    newton = seconds(lambda: sparse_newton(one, stored, np.ones(64)), max(1, given.repeats // 10))
    print(f"sparse Newton 64x64 (scipy): {newton * 1e3:.1f} ms a solve")
    railed = tile(model, wires(given.bl_ohm, 0.5))
    spent = seconds(lambda: railed.currents(stored, np.ones((64, 1))), given.repeats)
    print(f"nonlinear 64x64 with rails of 0.5 ohm, float64: {spent * 1e3:.2f} ms a solve")
    compare(one, 64, max(3, given.repeats // 4), given.badcrossbar, given.crosssim)
    charges(railed, 1024, given.repeats)


if __name__ == "__main__":
    main()

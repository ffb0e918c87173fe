"""Resistors between ideal word lines and resistive bit lines: the same network solved here and by public simulators.

badcrossbar (github.com/joksas/badcrossbar) and CrossSim (github.com/sandialabs/cross-sim) are not dependencies: the
folders of their checkouts are given to `ir_drop.py`, which says which of them is absent. badcrossbar solves the nodes
of the whole array with scipy's sparse LU; CrossSim iterates cell by cell voltage drops, to a tolerance in volts.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaincell_char.array import Tile
from gaincell_char.array.exact import bit_line

Array = npt.NDArray[np.float64]
Solve = Callable[[], Array]
OHM = 1.5


def compare(
    one: Tile, size: int, repeats: int, badcrossbar: Path | None, crosssim: Path | None
) -> None:  # fmt: skip
    """Print the times of `size` x `size` devices, and how far the currents of the bit lines are from ours."""
    draw = np.random.default_rng(2)
    conductances, volts = draw.uniform(1e-6, 1e-5, (size, size)), draw.uniform(0, 0.5, size)
    solvers: dict[str, Solve] = {"ours": lambda: ours(one, conductances, volts)}
    if badcrossbar is None:
        print("badcrossbar is absent: give its folder with --badcrossbar")
    else:
        solvers["badcrossbar"] = of_badcrossbar(badcrossbar, conductances, volts)
    if crosssim is None:
        print("CrossSim is absent: give its folder with --crosssim")
    else:
        solvers["CrossSim to 1e-9 V"] = of_crosssim(crosssim, conductances, volts, 1e-9)
        solvers["CrossSim to 1e-3 V, its default"] = of_crosssim(crosssim, conductances, volts, 1e-3)
    currents = {name: solve() for name, solve in solvers.items()}
    spent: dict[str, list[float]] = {name: [] for name in solvers}
    for _ in range(repeats):
        for name, solve in solvers.items():
            start = time.process_time()
            solve()
            spent[name].append(1e3 * (time.process_time() - start))
    mine, held = float(np.median(spent["ours"])), conductances.T @ volts
    print(f"linear {size}x{size}, {OHM:g} ohm, float64; the wires take {np.abs(1 - currents['ours'] / held).max():.1e}")
    for name, found in currents.items():
        other = float(np.median(spent[name]))
        apart = np.abs(found / currents["ours"] - 1).max()
        print(f"  {name:32}{other:10.3f} ms{other / mine:10.1f} times{apart:12.1e} apart; bit line 0: {found[0]:.9e} A")


def ours(one: Tile, conductances: Array, volts: Array) -> Array:
    # a device brings g (V - x) into its bit line, of which x is the voltage: minus that is what a cell draws
    cells = np.stack([-conductances * volts[:, np.newaxis], -conductances])
    currents: Array = -bit_line(one.law, cells, np.ones((len(volts), 1, 1)), OHM).current.sum(axis=0)[:, 0]
    return currents


def of_badcrossbar(folder: Path, conductances: Array, volts: Array) -> Solve:
    sys.path.insert(0, str(folder))
    import badcrossbar  # type: ignore[import-not-found]

    logging.getLogger().setLevel(logging.WARNING)

    def solve() -> Array:
        # its bit lines end beyond the last row
        found = badcrossbar.compute(
            volts[::-1, np.newaxis], 1 / conductances[::-1], r_i_word_line=0.0, r_i_bit_line=OHM, node_voltages=False,
            all_currents=False,
        )  # fmt: skip
        return np.asarray(found.currents.output)[0]

    return solve


def of_crosssim(folder: Path, conductances: Array, volts: Array, tolerance_V: float) -> Solve:
    sys.path.insert(0, str(folder))
    from simulator import CrossSimParameters  # type: ignore[import-not-found]
    from simulator.backend import ComputeBackend  # type: ignore[import-not-found]
    from simulator.circuits.array import NoninterleavedInputSourceArray  # type: ignore[import-not-found]

    ComputeBackend(use_gpu=False)
    settings, largest = CrossSimParameters(), conductances.max()
    settings.xbar.device.Rmin = 1 / largest
    settings.xbar.array.parasitics.enable = True
    settings.xbar.array.parasitics.Rp_row = 0.0
    settings.xbar.array.parasitics.Rp_col = OHM
    settings.simulation.Verr_th_mvm = tolerance_V
    array = NoninterleavedInputSourceArray(settings)

    def solve() -> Array:
        # its outputs are rows of the matrix, and end beyond the last input; conductances are those over the largest
        return np.asarray(array.iterative_solve(conductances[::-1].T / largest, volts[::-1])) * largest

    return solve

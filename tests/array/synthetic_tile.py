"""Cells whose currents are written down here: a push-pull pair by a simple law, exact at every shift of the wires.

Sink: k (v + v^3) (1 + m u - q u^2) (1 - y), u = x - y, with v the stored voltage over VSS; source: the mirror image,
whose gate sees both rails move. Both are polynomials, so the law of the tile is the cell and not a fit of it.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import Condition, FitError, TileCurrent, Wires

Array = npt.NDArray[np.float64]
UNIT_A = 1e-7
VDD_V, HOLD_V = 0.9, 0.45
K_A, SLOPE, BEND = 1e-6, 0.5, 2.0


def sink(stored: Array, x: Array, y: Array, z: Array) -> Array:
    """Current (A) into VSS: bit line up by x, VSS up by y, VDD down by z (V)."""
    return np.asarray(K_A * (stored + stored**3) * _saturating(x - y) * (1 - y) + 0 * z)


def source(stored: Array, x: Array, y: Array, z: Array) -> Array:
    """Current (A) from VDD into the bit line; the store follows VSS, so the gate loses y + z."""
    drive = VDD_V - stored - y - z
    return np.asarray(K_A * (drive + drive**3) * _saturating(-x - z) * (1 - z))


def _saturating(across: Array) -> Array:
    return np.asarray(1 + SLOPE * across - BEND * across**2)


def branches(stored: Array, x: Array, y: Array, z: Array) -> tuple[Array, Array]:
    return sink(stored, x, y, z), source(stored, x, y, z)


def tile_current() -> TileCurrent:
    """The law of these cells; coefficients by exact interpolation in every variable."""
    powers: dict[tuple[int, int, int], list[Array]] = defaultdict(lambda: [np.zeros(4), np.zeros(4)])
    nodes = [np.linspace(-0.05, 0.05, degree + 1) for degree in (2, 5, 6)]
    at_store = np.linspace(0, VDD_V, 4)
    for branch, current in enumerate((sink, source)):
        grid = current(*np.meshgrid(at_store, *nodes, indexing="ij"))
        for axis, points in enumerate((at_store, *nodes)):
            solved = np.linalg.solve(
                np.vander(points, increasing=True), np.moveaxis(grid, axis, 0).reshape(len(points), -1)
            )
            grid = np.moveaxis(solved.reshape(len(points), *np.delete(grid.shape, axis)), 0, axis)
        for a, b, c in np.ndindex(*grid.shape[1:]):
            if a == b == c == 0 or np.abs(grid[:, a, b, c]).max() > 1e-13:
                powers[a, b, c][branch] = grid[:, a, b, c]
    ordered = sorted(powers, key=lambda power: (sum(power), power))

    def functions(branch: int) -> list[PiecewisePolynomial]:
        return [
            PiecewisePolynomial(
                knots=[0.0, VDD_V], coefficients=[powers[power][branch].tolist()], x_unit="V", y_unit="A"
            )
            for power in ordered
        ]

    return TileCurrent(
        condition=Condition(),
        hold_V=HOLD_V,
        powers=ordered,
        sink_A=functions(0),
        source_A=functions(1),
        largest_bl_shift_V=0.2,
        largest_rail_shift_V=0.2,
        error=FitError(rms=0.0, maximum=0.0, full_scale=1e-6, n_fit=1, n_held_out=0),
    )


def wires(bl_ohm: float, rail_ohm: float) -> Wires:
    return Wires(
        bl_resistance_ohm=bl_ohm,
        bl_capacitance_F=0.0,
        wl_resistance_ohm=0.0,
        wl_capacitance_F=0.0,
        rail_resistance_ohm=rail_ohm,
    )

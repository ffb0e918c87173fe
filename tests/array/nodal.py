"""A second solver: Kirchhoff's law at every node of a column, dense Newton; nothing of gaincell_char.array."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Branches = Callable[[Array, Array, Array, Array], tuple[Array, Array]]


def column_current(stored: Array, on: Array, branches: Branches, bl_ohm: float, rail_ohm: float) -> tuple[float, Array]:
    """Current (A) from the clamp into a column of cells, and the shifts (3, rows) V of bit line, VSS and -VDD.

    `branches(stored, x, y, z)` gives sink and source (A) of the cells for shifts x of the bit line (up), y of VSS (up)
    and z of VDD (down); `on` is 1 or 0 a row.
    """
    rows = len(stored)
    laplace = 2 * np.eye(rows) - np.eye(rows, k=1) - np.eye(rows, k=-1)
    laplace[-1, -1] = 1
    conductances = [1 / max(ohm, 1e-9) for ohm in (bl_ohm, rail_ohm, rail_ohm)]

    def imbalance(shifts: Array) -> Array:
        x, y, z = shifts.reshape(3, rows)
        sink, source = (on * branch for branch in branches(stored, x, y, z))
        into = (source - sink, sink, source)
        return np.concatenate([g * (laplace @ v) - i for g, v, i in zip(conductances, (x, y, z), into, strict=True)])

    shifts = np.zeros(3 * rows)
    for _ in range(50):
        residual = imbalance(shifts)
        step = 1e-6
        jacobian = np.stack(
            [
                (imbalance(shifts + step * unit) - imbalance(shifts - step * unit)) / (2 * step)
                for unit in np.eye(3 * rows)
            ],
            axis=1,
        )
        change = np.linalg.solve(jacobian, residual)
        shifts -= change
        if np.abs(change).max() < 1e-14:
            break
    return float(-shifts[0] * conductances[0]), shifts.reshape(3, rows)

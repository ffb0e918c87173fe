"""A uniform wire with its cells: held at one end, a segment of resistance before every cell.

A current I_k drawn at node k (0 next to the held end) lowers node i by r min(i + 1, k + 1) I_k: both currents share
that many segments. So r min(i + 1, k + 1) is the wire's Green's function.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]


@lru_cache(maxsize=64)
def greens_function(nodes: int) -> npt.NDArray[np.float64]:
    """min(i + 1, k + 1): the drop at node i (V) of 1 A drawn at node k with segments of 1 ohm, (nodes, nodes)."""
    order = np.arange(1.0, nodes + 1)
    table: npt.NDArray[np.float64] = np.minimum(order[:, np.newaxis], order)
    table.flags.writeable = False
    return table


def drops(currents: Array) -> Array:
    """Drop (V) at each node for `currents` (A) drawn along axis 0, segments of 1 ohm; any shape, the same shape.

    A matrix product: NumPy's running sums along the first axis take ten times as long.
    """
    nodes = len(currents)
    found: Array = (greens_function(nodes).astype(currents.dtype) @ currents.reshape(nodes, -1)).reshape(currents.shape)
    return found


@lru_cache(maxsize=64)
def loaded(nodes: int, resistance: float, conductance: float) -> npt.NDArray[np.float64]:
    """(1 + G g)^-1 G with G = `resistance` x `greens_function`: the wire with a conductance g from every node to
    the held end's voltage, (nodes, nodes)."""
    green = resistance * greens_function(nodes)
    table = np.linalg.solve(np.eye(nodes) + conductance * green, green).astype(np.float64)
    table.flags.writeable = False
    return table

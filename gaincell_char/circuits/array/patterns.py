"""What is stored in a tile and what is applied to it: patterns by number, the same for every size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import InputError

Array = npt.NDArray[np.float64]
_LEVELS, _WIDTHS = 8, 16
_SEED = 20_240_919


@dataclass(frozen=True)
class Pattern:
    """`levels` (rows, columns) 0..1 of the stored range; `widths` (rows,) 0..1 of the longest pulse. A row of width 0
    is off."""

    name: str
    levels: Array
    widths: Array


def _full(rows: int, columns: int) -> tuple[Array, Array]:
    return np.ones((rows, columns)), np.ones(rows)


def _checkerboard(rows: int, columns: int) -> tuple[Array, Array]:
    row, column = np.indices((rows, columns))
    return ((row + column) % 2).astype(float), np.ones(rows)


def _random(rows: int, columns: int) -> tuple[Array, Array]:
    draw = np.random.default_rng(_SEED)
    levels = draw.integers(0, _LEVELS, (rows, columns)) / (_LEVELS - 1)
    return levels, draw.integers(0, _WIDTHS, rows) / (_WIDTHS - 1)


def _corner(rows: int, columns: int) -> tuple[Array, Array]:
    """Full next to the clamp and at the first column, empty far away; long pulses near the clamp, none at the end: rows
    and columns cannot be exchanged, nor the ends of a line."""
    row, column = np.indices((rows, columns))
    reach = 1 - row / rows - column / (2 * columns)
    levels = np.rint(np.clip(reach, 0, 1) * (_LEVELS - 1)) / (_LEVELS - 1)
    widths = np.rint(np.linspace(1, 0, rows) * (_WIDTHS - 1)) / (_WIDTHS - 1)
    return levels, widths


def _halves(rows: int, columns: int) -> tuple[Array, Array]:
    """Full near the clamp, empty far from it: the currents cancel at the clamp, the drop along the line does not."""
    levels = np.repeat(np.arange(rows) < (rows + 1) // 2, columns).reshape(rows, columns)
    return levels.astype(float), np.ones(rows)


_PATTERNS: dict[str, Callable[[int, int], tuple[Array, Array]]] = {
    "full": _full,
    "checkerboard": _checkerboard,
    "random": _random,
    "corner": _corner,
    "halves": _halves,
}
NAMES = tuple(_PATTERNS)


def pattern(number: float, rows: int, columns: int) -> Pattern:
    """The pattern with a number (0 full, 1 checkerboard, 2 random, 3 corner, 4 halves) for a tile of a size.

    Raises
    ------
    InputError
        There is no pattern of that number.
    """
    if number not in range(len(NAMES)):
        choice = ", ".join(f"{index} {name}" for index, name in enumerate(NAMES))
        raise InputError(f"pattern {number:g}: expected one of {choice}")
    name = NAMES[int(number)]
    levels, widths = _PATTERNS[name](rows, columns)
    return Pattern(name, levels, widths)

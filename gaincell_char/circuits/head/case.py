"""What one output of a head is given: levels of queries, keys and values, and pulses of tokens without a key column."""

from __future__ import annotations

from dataclasses import dataclass

from gaincell_char.circuits.gain_cell.cell import LEVELS_V
from gaincell_char.errors import InputError

INPUT_LEVELS = 16


@dataclass(frozen=True)
class HeadCase:
    """One output of a head for one query.

    `queries` (D,): input levels 0..15. `keys` (C, D): stored levels 0..7 of the first C tokens, whose columns are
    simulated. `values` (T,): stored levels of one column of the value tile. `pulses_s` (T - C,): widths on the word
    lines of the other tokens. `clock_phase`: by how much of its period the free-running fast clock is late, 0..1.
    """

    queries: tuple[int, ...]
    keys: tuple[tuple[int, ...], ...]
    values: tuple[int, ...]
    pulses_s: tuple[float, ...]
    clock_phase: float = 0.0

    def __post_init__(self) -> None:
        _check_levels("queries", self.queries, INPUT_LEVELS)
        _check_levels("values", self.values, len(LEVELS_V))
        for column in self.keys:
            _check_levels("keys", column, len(LEVELS_V))
            if len(column) != len(self.queries):
                raise InputError(f"a key of {len(column)} levels for {len(self.queries)} queries; both are the rows")
        if not self.keys or len(self.keys) + len(self.pulses_s) != len(self.values):
            raise InputError(
                f"{len(self.values)} values for {len(self.keys)} key columns and {len(self.pulses_s)} pulses; "
                "each token has a value, and a key column (at least one has) or a pulse"
            )
        if not all(0 <= pulse < 20e-9 for pulse in self.pulses_s):
            raise InputError(f"pulses of {min(self.pulses_s):g} to {max(self.pulses_s):g} s; expected 0 to 20 ns")

    @property
    def columns(self) -> int:
        """Key columns that are simulated."""
        return len(self.keys)


def _check_levels(name: str, levels: tuple[int, ...], count: int) -> None:
    if not levels or not all(0 <= level < count for level in levels):
        raise InputError(f"{name}: levels {sorted(set(levels))}; expected at least one, each in 0..{count - 1}")

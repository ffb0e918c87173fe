"""Transfer of the signed converter: charge of a bit line to sign and pulse width, one column a point."""

from __future__ import annotations

import numpy as np

from gaincell_char.circuits.converter import EDGE_S, NUMERICS, Group
from gaincell_char.circuits.settings import axis_values
from gaincell_char.circuits.signed_charge_to_pulse import tile
from gaincell_char.circuits.signed_charge_to_pulse.lines import best_lines
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

CELLS = 6
"""Cells that are read at once where one does not suffice: full scale in about 10 ns."""
_ONE_CELL_S = 1e-9
_SIDE_S = (0.1e-9, 0.3e-9, 0.9e-9, 3e-9, 8e-9, 18e-9, 28e-9, 38e-9, 48e-9, 56e-9, 72e-9)
AXES = (
    Axis(
        "cell_time_s", "s", (*(-time for time in reversed(_SIDE_S)), 0.0, *_SIDE_S), True,
        f"cells times read pulse: one cell up to {_ONE_CELL_S:g} s, else {CELLS}; positive: they store the supply and "
        "sink, negative: they store 0 V and source",
    ),
)  # fmt: skip
COLUMNS = {
    "charge_C": "C",
    "pulse_s": "s",
    "sign": "1",
    "residual_s": "s",
    "offset_s": "s",
    "energy_J": "J",
    "reference_energy_J": "J",
    "bl_V": "V",
    "opening_s": "s",
    "window_s": "s",
}


def deck(setting: Setting) -> Deck:
    """A column for each charge."""
    columns = [groups(time, setting) for time in axis_values(setting, AXES)["cell_time_s"]]
    return tile.deck("signed charge-to-pulse converter, transfer", setting, columns)


def groups(cell_time_s: float, setting: Setting, cells: int | None = None) -> list[Group]:
    """`cells` cells that are read together (by default one or `CELLS`); an idle column for 0.

    Raises
    ------
    InputError
        A read pulse shorter than its edges or longer than `read_s`.
    """
    if cell_time_s == 0:
        return []
    count = cells or (1 if abs(cell_time_s) <= _ONE_CELL_S else CELLS)
    read = abs(cell_time_s) / count
    if not EDGE_S < read <= tile.longest_read(setting) * (1 + 1e-9):
        raise InputError(
            f"axis cell_time_s: {cell_time_s:g} s is a read pulse of {read:g} s for {count} cells; expected 0, or "
            f"pulses between the edge ({EDGE_S:g} s) and read_s = {tile.longest_read(setting):g} s, of either sign"
        )
    return [Group(count, setting.vdd_V if cell_time_s > 0 else 0.0, tile.phases(setting).read, read)]


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a column: `charge_C` that its cells draw from a held bit line, `pulse_s` at half the supply and negative
    for a negative `sign`, `residual_s` from the best line through the deck's pulses of that sign that are neither zero
    nor clamped and `offset_s` of that line, as a width; `energy_J` of the conversion, `reference_energy_J` of both
    references, `bl_V` the farthest that the bit line was pulled, `opening_s` of the window of that sign after the
    enable, `window_s` its width.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where a window or a pulse does not open or close once, a sign is not decided, or too few pulses
        are on a line.
    """
    times = axis_values(setting, AXES)["cell_time_s"]
    found = tile.readings(setting, waveforms, len(times))
    opened, enable = tile.windows(setting, waveforms), tile.phases(setting).enable
    shared = tile.reference_energy(setting, waveforms)
    offsets, residuals = best_lines(
        np.array([each.charge_C for each in found]),
        np.array([each.pulse_s for each in found]),
        np.array([each.sign for each in found]),
        min(closing - opening for opening, closing in opened.values()),
    )
    rows = []
    for time, each, offset, residual in zip(times, found, offsets, residuals, strict=True):
        opening, closing = opened["p" if each.sign > 0 else "n"]
        rows.append(
            {
                "cell_time_s": time,
                "charge_C": each.charge_C,
                "pulse_s": each.pulse_s,
                "sign": each.sign,
                "residual_s": float(residual),
                "offset_s": float(offset),
                "energy_J": each.energy_J,
                "reference_energy_J": shared,
                "bl_V": each.bl_V,
                "opening_s": opening - enable,
                "window_s": closing - opening,
            }
        )
    return rows


TESTBENCH = Testbench(
    circuit="signed_charge_to_pulse",
    name="transfer",
    summary="sign and pulse width over bit-line charge, with offset, residual, clamp and energy",
    parameters=tile.ALL_PARAMETERS,
    axes=AXES,
    columns=COLUMNS,
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=tile.MISMATCH,
)

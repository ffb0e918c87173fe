"""Settling: how long after the last read pulse the replica current may come on."""

from __future__ import annotations

from gaincell_char.circuits.charge_to_pulse import tile
from gaincell_char.circuits.converter import NUMERICS, Group, check_measurable
from gaincell_char.circuits.settings import axis_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

_CELLS, _READ_S = 24, 3e-9
AXES = (
    Axis(
        "wait_s", "s", (0.1e-9, 0.2e-9, 0.3e-9, 0.5e-9, 1e-9, 2e-9, 4e-9, 10e-9), True,
        f"from the end of a read pulse of {_READ_S:g} s of {_CELLS} cells to the enable of the replica",
    ),
)  # fmt: skip
COLUMNS = {"charge_C": "C", "pulse_s": "s", "shift_s": "s"}


def deck(setting: Setting) -> Deck:
    """A column for each wait; they share the enable, so the read pulses start at different times."""
    columns, first = [], tile.read_start(setting)
    for wait in axis_values(setting, AXES)["wait_s"]:
        start = first - tile.READ_S + tile.ENABLE_S - wait - _READ_S
        if wait <= 0 or start < first:
            raise InputError(
                f"axis wait_s: {wait:g} s; expected more than 0 and at most {tile.ENABLE_S - _READ_S - tile.READ_S:g} s"
            )
        columns.append([Group(_CELLS, setting.vdd_V, start, _READ_S)])
    return tile.deck("ReLU charge-to-pulse converter, settling", setting, columns)


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a wait; `shift_s` is the pulse against that of the longest wait.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the window or a pulse does not open or close, or a pulse is zero or clamped.
    """
    waits = axis_values(setting, AXES)["wait_s"]
    found = tile.readings(setting, waveforms, len(waits))
    check_measurable((each.pulse_s for each in found), tile.values(setting)[0]["t_max_s"], tile.LSB_S)
    settled = found[waits.index(max(waits))].pulse_s
    return [
        {"wait_s": wait, "charge_C": each.charge_C, "pulse_s": each.pulse_s, "shift_s": each.pulse_s - settled}
        for wait, each in zip(waits, found, strict=True)
    ]


TESTBENCH = Testbench(
    circuit="charge_to_pulse",
    name="settling",
    summary="pulse error over the wait between the last read pulse and the replica current",
    parameters=tile.ALL_PARAMETERS,
    axes=AXES,
    columns=COLUMNS,
    version=2,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=tile.MISMATCH,
)

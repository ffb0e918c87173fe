"""A value tile's conversion, supply by supply: signed converter, control lines, both zero-charge references."""

from __future__ import annotations

import dataclasses

from gaincell_char.circuits import converter
from gaincell_char.circuits.settings import axis_values
from gaincell_char.circuits.signed_charge_to_pulse import tile, transfer
from gaincell_char.circuits.signed_charge_to_pulse.tile import ALL_PARAMETERS
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.circuits.tile_energy.lines import COLUMNS, line_energy, rows
from gaincell_char.spice.types import Deck, Waveforms

AXES = (Axis("cell_time_s", "s", (-16e-9, 16e-9), True, transfer.AXES[0].meaning),)
_LINES = ("vrst", "vrstb", "vlat", "vlatb", "ven")


def deck(setting: Setting) -> Deck:
    """The deck of the transfer, with the currents of all supplies."""
    times = axis_values(setting, AXES)["cell_time_s"]
    built = transfer.deck(dataclasses.replace(setting, axes={"cell_time_s": times}))
    return dataclasses.replace(built, vectors=(*built.vectors, *(f"i({line})" for line in _LINES)))


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a column: `charge_C` and `energy_J` of its converter as in the transfer, `control_J`, its
    share of reset, latch and enable, `reference_J` of both references in the same time, `rest_W` of a
    converter in reset.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where a window or a pulse does not open or close once, or a sign is not decided.
    """
    times = axis_values(setting, AXES)["cell_time_s"]
    own, _ = tile.values(setting)
    at, vdd, loads = tile.phases(setting), setting.vdd_V, len(times) + len(tile.SIGNS)
    found = tile.readings(setting, waveforms, len(times))
    reset = {"vrst": (own["reset_V"], at.released), "vrstb": (vdd, at.released), "ven": (vdd, at.enable)}
    latch = {"vlat": (vdd, at.latch), "vlatb": (vdd, at.latch)}  # references have no sign to latch
    control = sum(line_energy(waveforms, line, *edge, loads) for line, edge in reset.items())
    control += sum(line_energy(waveforms, line, *edge, len(times)) for line, edge in latch.items())
    reference = tile.reference_energy(setting, waveforms)
    return rows(waveforms, "cell_time_s", times, found, (control, reference), vdd, at.released)


TESTBENCH = Testbench(
    circuit="tile_energy",
    name="value",
    summary="energy of a value tile's converter, control lines and references",
    parameters=ALL_PARAMETERS,
    axes=AXES,
    columns=COLUMNS,
    version=1,
    deck=deck,
    measure=measure,
    numerics=converter.NUMERICS,
)

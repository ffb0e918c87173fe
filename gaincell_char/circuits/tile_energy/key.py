"""A key tile's conversion, supply by supply: ReLU converter, control lines, zero-charge reference."""

from __future__ import annotations

import dataclasses

from gaincell_char.circuits import converter
from gaincell_char.circuits.charge_to_pulse import tile, transfer
from gaincell_char.circuits.charge_to_pulse.tile import ALL_PARAMETERS
from gaincell_char.circuits.settings import axis_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.circuits.tile_energy.lines import COLUMNS, line_energy, rows
from gaincell_char.spice.types import Deck, Waveforms

AXES = (Axis("read_s", "s", (-14e-9, -7e-9, 0.0, 4e-9), True, transfer.AXES[0].meaning),)
_LINES = ("vrst", "vrstb", "venb")


def deck(setting: Setting) -> Deck:
    """The deck of the transfer, with the currents of all supplies."""
    built = transfer.deck(dataclasses.replace(setting, axes={"read_s": axis_values(setting, AXES)["read_s"]}))
    return dataclasses.replace(built, vectors=(*built.vectors, "i(vz)", *(f"i({line})" for line in _LINES)))


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a column: `charge_C` and `energy_J` of its converter as in the transfer, `control_J`, its
    share of reset and enable, `reference_J` of the tile's reference in the same time, `rest_W` of a
    converter in reset.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the window or a pulse does not open or close.
    """
    reads = axis_values(setting, AXES)["read_s"]
    own, _ = tile.values(setting)
    at, vdd, loads = tile.phases(own), setting.vdd_V, len(reads) + 1
    found = tile.readings(setting, waveforms, len(reads))
    _, closed = tile.opening(setting, waveforms)
    edges = {"vrst": (own["reset_V"], at.released), "vrstb": (vdd, at.released), "venb": (vdd, at.enable)}
    control = sum(line_energy(waveforms, line, *edges[line], loads) for line in _LINES)
    reference = converter.energy(waveforms, "vz", vdd, 0.0, closed + 0.5e-9)
    return rows(waveforms, "read_s", reads, found, (control, reference), vdd, at.released)


TESTBENCH = Testbench(
    circuit="tile_energy",
    name="key",
    summary="energy of a key tile's converter, control lines and reference",
    parameters=ALL_PARAMETERS,
    axes=AXES,
    columns=COLUMNS,
    version=1,
    deck=deck,
    measure=measure,
    numerics=converter.NUMERICS,
)

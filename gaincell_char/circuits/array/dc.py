"""Direct current of a tile's bit lines with the drop along their wires: a column is a deck's part of its own."""

from __future__ import annotations

import numpy as np

from gaincell_char.circuits.array.patterns import NAMES, pattern
from gaincell_char.circuits.array.tile import NETLIST, PARAMETERS, column
from gaincell_char.circuits.deck import assemble, finite, number
from gaincell_char.circuits.gain_cell.cell import NETLIST as CELL_NETLIST
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.spice.types import Deck, Waveforms

COLUMNS = 64
AXES = (
    Axis("pattern", "1", (0.0,), False, f"what is stored and applied: {', '.join(NAMES)}"),
    Axis("column", "1", tuple(float(index) for index in range(COLUMNS)), True, "bit line of the tile of 64"),
)
NUMERICS = {"gmin": 1e-18, "reltol": 1e-9, "abstol": 1e-18, "vntol": 1e-12}


def deck(setting: Setting) -> Deck:
    """The columns asked for, stores driven: a stored voltage is that of the cell's capacitor, so it stands on the
    cell's own VSS. Word lines carry no direct current: every column has its own source for those that are on."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    rows = int(values["rows"])
    applied = pattern(axes["pattern"][0], rows, COLUMNS)
    lines: list[str] = []
    vectors = []
    for index in map(int, axes["column"]):
        on, off = (f"hi{index}", "0"), ("0", f"hi{index}")
        lines.append(f"vhi{index} hi{index} 0 {number(setting.vdd_V)}")
        lines += column(index, [on if width > 0 else off for width in applied.widths], values, setting.vdd_V)
        for row in range(rows):
            stored = applied.levels[row, index] * setting.vdd_V
            lines.append(f"vq{row}_{index} q{row}_{index} s{row}_{index} {number(stored)}")
        vectors += [f"i(vb{index})", *(f"v({line}{row}_{index})" for row in range(rows) for line in "bds")]
    return assemble(
        f"tile of gain cells, direct current, {applied.name}",
        setting,
        (CELL_NETLIST, NETLIST),
        numeric_values(setting, NUMERICS),
        [*lines, ".op"],
        vectors,
    )


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a column: `current_A` out of the clamp into the bit line; the largest shift along it, against the clamp,
    of either sign; the largest drop of VDD and rise of VSS along it.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where a reading is no number.
    """
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    found = []
    for index in map(int, axes["column"]):
        lines = {
            line: np.array([waveforms.vectors[f"v({line}{row}_{index})"][0] for row in range(int(values["rows"]))])
            for line in "bds"
        }
        current = -float(waveforms.vectors[f"i(vb{index})"][0])
        found.append(
            {
                "pattern": axes["pattern"][0],
                "column": float(index),
                "current_A": finite(current, f"current of column {index}"),
                "bl_shift_V": float(np.abs(lines["b"] - values["bl_V"]).max()),
                "vdd_drop_V": float((setting.vdd_V - lines["d"]).max()),
                "vss_rise_V": float(lines["s"].max()),
            }
        )
    return found


TESTBENCH = Testbench(
    circuit="array",
    name="dc",
    summary="direct current of a tile's bit lines, with the drop along bit lines and rails",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"current_A": "A", "bl_shift_V": "V", "vdd_drop_V": "V", "vss_rise_V": "V"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

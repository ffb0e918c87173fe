"""How late the current of a cell comes to the clamp of its bit line."""

from __future__ import annotations

from gaincell_char.circuits.array.tile import NETLIST, PARAMETERS, column
from gaincell_char.circuits.deck import assemble, integral, number, pulse, reading
from gaincell_char.circuits.gain_cell.cell import NETLIST as CELL_NETLIST
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

AXES = (Axis("row", "1", (0.0, 15.0, 31.0, 47.0, 63.0), True, "the only cell that is on; 0 is at the clamp"),)
NUMERICS = {"gmin": 1e-15, "reltol": 1e-5, "abstol": 1e-13, "vntol": 1e-7, "chgtol": 1e-18, "step_s": 1e-11}
_BEFORE_S = 0.25e-9
_START_S = 0.5e-9
_READ_S = 2.5e-9
_WIDTH_S = 3e-9


def deck(setting: Setting) -> Deck:
    """A column for each row asked for, in which that row alone is on; every cell stores VDD."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    rows = int(values["rows"])
    if not all(row in range(rows) for row in axes["row"]):
        raise InputError(f"axis row: {axes['row']}; the column has the rows 0 to {rows - 1}")
    lines = []
    for index in map(int, axes["row"]):
        lines += [
            f"vp{index} p{index} 0 {pulse(0.0, setting.vdd_V, _START_S, _WIDTH_S, values['edge_s'])}",
            f"vn{index} n{index} 0 {pulse(setting.vdd_V, 0.0, _START_S, _WIDTH_S, values['edge_s'])}",
            f"vo{index} o{index} 0 {number(setting.vdd_V)}",
        ]
        on, off = (f"p{index}", f"n{index}"), ("0", f"o{index}")
        lines += column(index, [on if row == index else off for row in range(rows)], values, setting.vdd_V)
        lines += [f".ic v(q{row}_{index})={number(setting.vdd_V)}" for row in range(rows)]
    step = number(numerics["step_s"])
    return assemble(
        "bit line of a tile",
        setting,
        (CELL_NETLIST, NETLIST),
        numerics,
        [*lines, f".tran {step} {number(_READ_S + 1e-10)} 0 {step}"],
        [f"i(vb{index})" for index in map(int, axes["row"])],
    )


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a cell: `current_A` once it is steady, and `onset_s`, the time for which it would have had to flow to
    bring the charge that was there by then. The first moment of the line's response: the difference between two rows is
    the delay of the line between them, whatever the shape of the edge.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the transient is too short or a reading is no number.
    """
    axes = axis_values(setting, AXES)
    found = []
    for index in map(int, axes["row"]):
        current = -waveforms.vectors[f"i(vb{index})"]
        charge = integral(waveforms.scale, current, _BEFORE_S, _READ_S, f"charge of row {index}")
        steady = -reading(waveforms, f"i(vb{index})", _READ_S)
        found.append({"row": float(index), "current_A": steady, "onset_s": charge / steady})
    return found


TESTBENCH = Testbench(
    circuit="array",
    name="bit_line",
    summary="delay of a cell's current along its bit line",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"current_A": "A", "onset_s": "s"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

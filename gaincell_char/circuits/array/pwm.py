"""Charge of a tile's bit lines, every row with a pulse of its own width: a transient of a column's cells and wires."""

from __future__ import annotations

from gaincell_char.circuits.array.patterns import NAMES, Pattern, pattern
from gaincell_char.circuits.array.tile import NETLIST, PARAMETERS, column
from gaincell_char.circuits.deck import assemble, integral, number, pulse, reading
from gaincell_char.circuits.gain_cell.cell import NETLIST as CELL_NETLIST
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.spice.types import Deck, Waveforms

COLUMNS = 64
T_MAX_S = 15e-9
AXES = (
    Axis("pattern", "1", (0.0,), False, f"what is stored and applied: {', '.join(NAMES)}"),
    Axis("column", "1", (0.0, 21.0, 42.0, 63.0), True, "bit line of the tile of 64"),
)
NUMERICS = {"gmin": 1e-15, "reltol": 1e-4, "abstol": 1e-12, "vntol": 1e-6, "chgtol": 1e-18, "step_s": 1e-10}
_BEFORE_S = 0.25e-9
_START_S = 0.5e-9
_ALL_ON_S = 0.7e-9  # after the start: every pulse of a step or more is on, and edges have passed
_SETTLE_S = 1.5e-9


def deck(setting: Setting) -> Deck:
    """The columns asked for, each by itself. Stores float: `.ic` holds them in the operating point, rails unloaded, and
    their capacitance does from then on. All pulses start together; rows of one width share a column's source."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    rows = int(values["rows"])
    applied = pattern(axes["pattern"][0], rows, COLUMNS)
    lines, vectors = [], []
    for index in map(int, axes["column"]):
        names = [f"{round(width * 1e6)}_{index}" for width in applied.widths]
        lines += _words(applied, index, setting.vdd_V, values["edge_s"])
        lines += column(index, [(f"p{name}", f"n{name}") for name in names], values, setting.vdd_V)
        lines += [f".ic v(q{row}_{index})={number(applied.levels[row, index] * setting.vdd_V)}" for row in range(rows)]
        vectors += [f"i(vb{index})", *(f"v(b{row}_{index})" for row in range(rows))]
    step = number(numerics["step_s"])
    return assemble(
        f"tile of gain cells, charge of pulses, {applied.name}",
        setting,
        (CELL_NETLIST, NETLIST),
        numerics,
        [*lines, f".tran {step} {number(_settled(values['edge_s']))} 0 {step}"],
        vectors,
    )


def _words(applied: Pattern, index: int, vdd_V: float, edge_s: float) -> list[str]:
    """A column's sources for the word lines of each width."""
    lines = []
    for width in sorted({float(width) for width in applied.widths}):
        name = f"{round(width * 1e6)}_{index}"
        on, off = number(0.0), number(vdd_V)
        if width > 0:
            on = pulse(0.0, vdd_V, _START_S, width * T_MAX_S, edge_s)
            off = pulse(vdd_V, 0.0, _START_S, width * T_MAX_S, edge_s)
        lines += [f"vp{name} p{name} 0 {on}", f"vn{name} n{name} 0 {off}"]
    return lines


def _settled(edge_s: float) -> float:
    return _START_S + T_MAX_S + edge_s + _SETTLE_S


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a column: `charge_C` out of the clamp into the bit line, from before the pulses until all have settled;
    `bl_shift_V` the largest shift along the line while all pulses are on.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the transient is too short or a reading is no number.
    """
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    settled = _settled(values["edge_s"])
    found = []
    for index in map(int, axes["column"]):
        current = -waveforms.vectors[f"i(vb{index})"]
        shifts = [
            abs(reading(waveforms, f"v(b{row}_{index})", _START_S + _ALL_ON_S) - values["bl_V"])
            for row in range(int(values["rows"]))
        ]
        found.append(
            {
                "pattern": axes["pattern"][0],
                "column": float(index),
                "charge_C": integral(waveforms.scale, current, _BEFORE_S, settled, f"charge of column {index}"),
                "bl_shift_V": max(shifts),
            }
        )
    return found


TESTBENCH = Testbench(
    circuit="array",
    name="pwm",
    summary="charge of a tile's bit lines for pulses of many widths, with the drop along bit lines and rails",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"charge_C": "C", "bl_shift_V": "V"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

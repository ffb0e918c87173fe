"""How late a cell of a tile is along its word line, what the line does to the width of a pulse, and to its charge."""

from __future__ import annotations

import numpy as np

from gaincell_char.circuits.array.tile import NETLIST, PARAMETERS, column
from gaincell_char.circuits.deck import Array, assemble, integral, number, pulse
from gaincell_char.circuits.gain_cell.cell import NETLIST as CELL_NETLIST
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

COLUMNS = 64
AXES = (
    Axis("column", "1", (0.0, 15.0, 31.0, 47.0, 63.0), True, "cell of a word line of 64, driven at column 0"),
    Axis("pulse_s", "s", (1e-9,), False, "pulse at the driven end, wide at half height"),
)
NUMERICS = {"gmin": 1e-15, "reltol": 1e-5, "abstol": 1e-13, "vntol": 1e-7, "chgtol": 1e-18, "step_s": 1e-11}
_BEFORE_S = 0.25e-9
_START_S = 0.5e-9
_SETTLE_S = 1e-9


def deck(setting: Setting) -> Deck:
    """One row of a tile, wired as it is built: a full cell on each of 64 bit lines, each line held next to it."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    (width,), edge = axes["pulse_s"], values["edge_s"]
    lines = [
        f"vp in 0 {pulse(0.0, setting.vdd_V, _START_S, width, edge)}",
        f"vn inb 0 {pulse(setting.vdd_V, 0.0, _START_S, width, edge)}",
    ]
    for index in range(COLUMNS):
        words = ("in", "inb") if index == 0 else (f"g0_{index - 1}", f"h0_{index - 1}")
        lines += column(index, [words], values, setting.vdd_V)
        lines.append(f".ic v(q0_{index})={number(setting.vdd_V)}")
    step = number(numerics["step_s"])
    return assemble(
        "word line of a tile",
        setting,
        (CELL_NETLIST, NETLIST),
        numerics,
        [*lines, f".tran {step} {number(_settled(width, edge))} 0 {step}"],
        [f"{vector}{index})" for index in map(int, axes["column"]) for vector in ("v(g0_", "v(h0_", "i(vb")],
    )


def _settled(width_s: float, edge_s: float) -> float:
    return _START_S + width_s + edge_s + _SETTLE_S


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a cell: `delay_s` from half height at the driven end to half height at the cell's N select device, the
    same for the P select device; the width that each sees, and the charge of the pulse.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where a word line does not cross half the supply twice.
    """
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    (width,), half = axes["pulse_s"], setting.vdd_V / 2
    begins = _START_S + values["edge_s"] / 2
    rows = []
    for index in map(int, axes["column"]):
        rise, fall = _crossings(waveforms.scale, waveforms.vectors[f"v(g0_{index})"] - half, f"WLR at {index}")
        fall_bar, rise_bar = _crossings(waveforms.scale, half - waveforms.vectors[f"v(h0_{index})"], f"WLRB at {index}")
        current = -waveforms.vectors[f"i(vb{index})"]
        settled = _settled(width, values["edge_s"])
        rows.append(
            {
                "column": float(index),
                "pulse_s": width,
                "delay_s": rise - begins,
                "delay_bar_s": fall_bar - begins,
                "width_s": fall - rise,
                "width_bar_s": rise_bar - fall_bar,
                "charge_C": integral(waveforms.scale, current, _BEFORE_S, settled, f"charge at {index}"),
            }
        )
    return rows


def _crossings(time: Array, signal: Array, what: str) -> tuple[float, float]:
    """When `signal` becomes positive, and negative again; linear between time points."""
    up = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    down = np.flatnonzero((signal[:-1] >= 0) & (signal[1:] < 0))
    if len(up) != 1 or len(down) != 1:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED, f"{what}: {len(up)} rises and {len(down)} falls where one pulse was sent"
        )
    rise = np.interp(0.0, signal[up[0] : up[0] + 2], time[up[0] : up[0] + 2])
    fall = np.interp(0.0, -signal[down[0] : down[0] + 2], time[down[0] : down[0] + 2])
    return float(rise), float(fall)


TESTBENCH = Testbench(
    circuit="array",
    name="word_line",
    summary="delay, pulse width and charge along a word line",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"delay_s": "s", "delay_bar_s": "s", "width_s": "s", "width_bar_s": "s", "charge_C": "C"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

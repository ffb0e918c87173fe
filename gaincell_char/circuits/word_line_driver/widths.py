"""The 16 pulse widths at the far end of the word lines, and the energy of each."""

from __future__ import annotations

from gaincell_char.circuits.deck import assemble, integral, number
from gaincell_char.circuits.pulse_counter.counter import flanks, piecewise
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.circuits.word_line_driver.driver import (
    NETLISTS,
    NUMERICS,
    PARAMETERS,
    STEP_S,
    cell_sources,
    far_end,
    line,
    line_pulse,
)
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

AXES = (Axis("level", "1", tuple(map(float, range(16))), True, "input level 0..15, the pulse in steps of T_max/15"),)
_FIRST_EDGE_S = 1e-9
_LAST_TIME = 15


def deck(setting: Setting) -> Deck:
    """A driver with its word lines for each level, on common clock and time lines.

    Raises
    ------
    InputError
        A level that four bits do not have.
    """
    values = parameter_values(setting, PARAMETERS)
    levels = axis_values(setting, AXES)["level"]
    numerics = numeric_values(setting, NUMERICS)
    vdd, edge, step = setting.vdd_V, values["edge_s"], numerics["step_s"]
    if (bad := next((level for level in levels if level not in range(16)), None)) is not None:
        raise InputError(f"axis level: {bad:g} is none of the 16 levels 0, 1, ... 15")
    lines = [
        *cell_sources(vdd, values),
        f"vrst rst 0 {piecewise(flanks([(0.0, vdd), (0.3e-9, 0.0)], edge))}",
        f"vclk clk 0 {piecewise(flanks(_clock(vdd), edge))}",
        *(f"vt{bit} t{bit} 0 {piecewise(flanks(_time_line(bit, vdd), edge))}" for bit in range(4)),
        f"vq1 high 0 {number(vdd)}",
    ]
    vectors = []
    for row, level in enumerate(levels):
        time = " ".join(f"t{bit}" for bit in (3, 2, 1, 0))
        code = " ".join("high" if int(level) >> bit & 1 else "0" for bit in (3, 2, 1, 0))
        pins = f"clk rst {time} {code} wlr_{row} wlrb_{row} s{row} 0"
        lines += [
            f"vs{row} s{row} 0 {number(vdd)}",
            f"x{row} {pins} word_line_driver wbuf={number(values['wbuf'])}",
            *line(str(row), values),
        ]
        vectors += [f"i(vs{row})", *far_end(str(row))]
    lines.append(f".tran {number(step)} {number(_end())} 0 {number(step)}")
    return assemble("word-line driver, widths", setting, NETLISTS, numerics, lines, vectors)


def _clock(vdd_V: float) -> list[tuple[float, float]]:
    """Rising edges at the start of each of 16 steps."""
    levels = [(0.0, 0.0)]
    for tick in range(_LAST_TIME + 1):
        at = _FIRST_EDGE_S + tick * STEP_S
        levels += [(at, vdd_V), (at + STEP_S / 2, 0.0)]
    return levels


def _time_line(bit: int, vdd_V: float) -> list[tuple[float, float]]:
    """A bit of the time. It moves half a step before the edge that samples it: 15 until then, 0 for the first edge."""
    levels, last = [(0.0, vdd_V)], 1
    for tick in range(_LAST_TIME + 1):
        now = tick >> bit & 1
        if now != last:
            levels.append((_FIRST_EDGE_S + (tick - 0.5) * STEP_S, now * vdd_V))
            last = now
    return levels


def _end() -> float:
    return _FIRST_EDGE_S + (_LAST_TIME + 0.8) * STEP_S


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a level: `width_s` of wlr and `width_b_s` of wlrb at the last cells at half supply, both 0 for level 0;
    `error_s` and `error_b_s`, that minus level x T_max/15; `energy_J` from the driver's supply over the 16 steps.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where a level above 0 gives no pulse, or level 0 one, or one gives several.
    """
    rows = []
    for row, level in enumerate(axis_values(setting, AXES)["level"]):
        width, width_b = (_width(waveforms, vector, level, setting.vdd_V) for vector in far_end(str(row)))
        supplied = -integral(
            waveforms.scale, waveforms.vectors[f"i(vs{row})"], 0.0, _end(), f"energy of level {level:g}"
        )
        rows.append(
            {
                "level": level,
                "width_s": width,
                "width_b_s": width_b,
                "error_s": width - level * STEP_S,
                "error_b_s": width_b - level * STEP_S,
                "energy_J": setting.vdd_V * supplied,
            }
        )
    return rows


def _width(waveforms: Waveforms, vector: str, level: float, vdd_V: float) -> float:
    times = line_pulse(waveforms, vector, vdd_V)
    if (times is None) != (level == 0):
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED, f"{vector}: level {level:g} gave {'no' if times is None else 'a'} pulse"
        )
    return 0.0 if times is None else times[1] - times[0]


TESTBENCH = Testbench(
    circuit="word_line_driver",
    name="widths",
    summary="widths of the 16 input levels at the last cells of a row, and their energy",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"width_s": "s", "width_b_s": "s", "error_s": "s", "error_b_s": "s", "energy_J": "J"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

"""A converter's pulse through the word-line buffer onto a row of the next array: stretch, edges, energy."""

from __future__ import annotations

from gaincell_char.circuits.deck import assemble, integral, number, pulse
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.circuits.word_line_driver.driver import (
    NETLISTS,
    NUMERICS,
    PARAMETERS,
    cell_sources,
    far_end,
    line,
    line_pulse,
)
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

AXES = (Axis("width_s", "s", (0.1e-9, 0.2e-9, 0.5e-9, 1e-9, 2e-9, 5e-9), True, "pulse that comes in, at half height"),)
_NUMERICS = NUMERICS | {"reltol": 1e-4, "step_s": 2e-11}
_START_S = 0.3e-9
_SETTLE_S = 0.5e-9


def deck(setting: Setting) -> Deck:
    """A buffer with its word lines for each width."""
    values = parameter_values(setting, PARAMETERS)
    widths = axis_values(setting, AXES)["width_s"]
    numerics = numeric_values(setting, _NUMERICS)
    vdd, step = setting.vdd_V, numerics["step_s"]
    lines, vectors = cell_sources(vdd, values), []
    for row, width in enumerate(widths):
        lines += [
            f"vin{row} in{row} 0 {pulse(0.0, vdd, _START_S, width, values['edge_s'])}",
            f"vs{row} s{row} 0 {number(vdd)}",
            f"x{row} in{row} wlr_{row} wlrb_{row} s{row} 0 word_line_buffer wbuf={number(values['wbuf'])}",
            *line(str(row), values),
        ]
        vectors += [f"i(vs{row})", f"v(wlr_{row})", *far_end(str(row))]
    lines.append(f".tran {number(step)} {number(_end(widths))} 0 {number(step)}")
    return assemble("word-line buffer", setting, NETLISTS, numerics, lines, vectors)


def _end(widths_s: tuple[float, ...]) -> float:
    return _START_S + max(widths_s) + _SETTLE_S


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a width, of the far end of the line: `stretch_s` of wlr and `stretch_b_s` of wlrb, width there minus
    width in; `delay_s` of wlr's rise; `wire_delay_s`, the part of it from the driver's end of the line; `skew_s`,
    wlrb's start after wlr's; `rise_s` and `fall_s` of wlr from 10 to 90 %; `energy_J` from the buffer's supply.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the pulse does not arrive, or not to 90 %.
    """
    vdd, edge = setting.vdd_V, parameter_values(setting, PARAMETERS)["edge_s"]
    widths = axis_values(setting, AXES)["width_s"]
    rows = []
    for row, width in enumerate(widths):
        far, far_b = far_end(str(row))
        start, end = _pulse(waveforms, far, vdd, 0.5)
        start_b, end_b = _pulse(waveforms, far_b, vdd, 0.5)
        near, _ = _pulse(waveforms, f"v(wlr_{row})", vdd, 0.5)
        low, high = _pulse(waveforms, far, vdd, 0.1), _pulse(waveforms, far, vdd, 0.9)
        supplied = -integral(waveforms.scale, waveforms.vectors[f"i(vs{row})"], 0.0, _end(widths), "energy")
        rows.append(
            {
                "width_s": width,
                "stretch_s": end - start - width,
                "stretch_b_s": end_b - start_b - width,
                "delay_s": start - (_START_S + edge / 2),
                "wire_delay_s": start - near,
                "skew_s": start_b - start,
                "rise_s": high[0] - low[0],
                "fall_s": low[1] - high[1],
                "energy_J": vdd * supplied,
            }
        )
    return rows


def _pulse(waveforms: Waveforms, vector: str, vdd_V: float, share: float) -> tuple[float, float]:
    times = line_pulse(waveforms, vector, vdd_V, share)
    if times is None:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED, f"{vector}: the pulse does not reach {share:.0%} of the supply"
        )
    return times


TESTBENCH = Testbench(
    circuit="word_line_driver",
    name="buffer",
    summary="stretch, delay, edges and energy of a pulse through the word-line buffer",
    parameters=PARAMETERS,
    axes=AXES,
    columns={
        "stretch_s": "s",
        "stretch_b_s": "s",
        "delay_s": "s",
        "wire_delay_s": "s",
        "skew_s": "s",
        "rise_s": "s",
        "fall_s": "s",
        "energy_J": "J",
    },
    version=1,
    deck=deck,
    measure=measure,
    numerics=_NUMERICS,
)

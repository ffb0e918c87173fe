"""Writes of the 8 levels: what reaches the write bit line and the cell, how fast, and the energy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gaincell_char.circuits.deck import assemble, integral, number, pulse, reading
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.circuits.write_driver.driver import (
    LEVELS,
    NETLISTS,
    NUMERICS,
    PARAMETERS,
    far_end,
    level_V,
    references,
    write_bit_line,
)
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

AXES = (
    Axis("level", "1", tuple(map(float, range(LEVELS))), True, "level to be written, 0..7"),
    Axis("previous_level", "1", (0.0,), False, "what the cell held, 0..7"),
    Axis("pulse_s", "s", (5e-9,), False, "write pulse on WWL and WWLB, wide at half height"),
)
_ENABLE_S = 0.5e-9
_GUARD_S = 0.3e-9  # from the write gate's closing to the driver's release
_SETTLE_S = 2e-9
_SETTLED_V = 1e-3


def deck(setting: Setting) -> Deck:
    """A driver for each level, each with a whole write bit line. All three bits turn over as the driver is enabled.

    Raises
    ------
    InputError
        A level that three bits do not have.
    """
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    (width,), (previous,), step = axes["pulse_s"], axes["previous_level"], numerics["step_s"]
    _check((*axes["level"], previous))
    vdd, edge = setting.vdd_V, values["edge_s"]
    opens, enabled = _ENABLE_S + values["lead_s"], values["lead_s"] + width + edge + _GUARD_S
    lines = [
        f"vdd vdd 0 {number(vdd)}",
        f"vbl bl 0 {number(vdd / 2)}",
        f"vwwlh wwlh 0 {number(values['wwl_hold_V'])}",
        f"vwwlbh wwlbh 0 {number(values['wwlb_hold_V'])}",
        f"vwwl wwl 0 {pulse(values['wwl_hold_V'], values['wwl_write_V'], opens, width, edge)}",
        f"vwwlb wwlb 0 {pulse(values['wwlb_hold_V'], values['wwlb_write_V'], opens, width, edge)}",
        f"ven en 0 {pulse(0.0, vdd, _ENABLE_S, enabled, edge)}",
        f"vd d 0 {pulse(0.0, vdd, _ENABLE_S, enabled, edge)}",
        f"vdb db 0 {pulse(vdd, 0.0, _ENABLE_S, enabled, edge)}",
    ]
    vectors = []
    for row, code in enumerate(axes["level"]):
        data = " ".join("d" if int(code) >> bit & 1 else "db" for bit in (2, 1, 0))
        taps = " ".join(f"r{tap}_{row}" for tap in range(LEVELS))
        lines += [
            f"vs{row} s{row} 0 {number(vdd)}",
            f"vh{row} h{row} 0 {number(values['vddh_V'])}",
            *references(str(row), values),
            f"x{row} {data} en {taps} hold_{row} wbl_{row} h{row} s{row} 0 write_driver wg={number(values['wg'])}",
            *write_bit_line(str(row), level_V(previous, values), values),
        ]
        vectors += [f"v({far_end(str(row))})", f"v(s_{row})", *(f"i({name})" for name in _supplies(row, vdd, values))]
    lines.append(f".tran {number(step)} {number(_end(width, values))} 0 {number(step)}")
    return assemble("write driver, levels", setting, NETLISTS, numerics, lines, vectors)


def _check(levels: tuple[float, ...]) -> None:
    if (bad := next((level for level in levels if level not in range(LEVELS)), None)) is not None:
        raise InputError(f"level {bad:g} is none of the {LEVELS} levels 0, 1, ... {LEVELS - 1}")


def _supplies(row: int, vdd_V: float, values: Mapping[str, float]) -> dict[str, float]:
    """Every source that one driver takes energy from, and its voltage."""
    references_V = {f"vr{code}_{row}": level_V(code, values) for code in range(LEVELS)}
    return references_V | {f"vhold_{row}": values["hold_V"], f"vh{row}": values["vddh_V"], f"vs{row}": vdd_V}


def _closes(width_s: float, values: Mapping[str, float]) -> float:
    """When the write pulse begins to fall."""
    return _ENABLE_S + values["lead_s"] + width_s


def _end(width_s: float, values: Mapping[str, float]) -> float:
    return _closes(width_s, values) + 3 * values["edge_s"] + _GUARD_S + _SETTLE_S


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a level. `driven_V`: write bit line at the cell as the write gate begins to close. `settle_s`: from the
    enable until the line is within 1 mV of the level for good, cell still shut. `v_store_V`, `error_V`: in the cell
    when the driver is back at hold, and that minus the level. `energy_J`: from supplies, references and hold voltage,
    all together.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the line has not settled when the write gate opens.
    """
    axes, values = axis_values(setting, AXES), parameter_values(setting, PARAMETERS)
    (width,), (previous,) = axes["pulse_s"], axes["previous_level"]
    rows = []
    for row, code in enumerate(axes["level"]):
        line = f"v({far_end(str(row))})"
        driven = reading(waveforms, line, _closes(width, values))
        stored = reading(waveforms, f"v(s_{row})", _end(width, values))
        rows.append(
            {
                "level": code,
                "previous_level": previous,
                "pulse_s": width,
                "driven_V": driven,
                "settle_s": _settling(waveforms, line, level_V(code, values), values),
                "v_store_V": stored,
                "error_V": stored - level_V(code, values),
                "energy_J": _energy(waveforms, row, setting.vdd_V, _end(width, values), values),
            }
        )
    return rows


def _settling(waveforms: Waveforms, line: str, asked_V: float, values: Mapping[str, float]) -> float:
    enabled, opens = _ENABLE_S + values["edge_s"] / 2, _ENABLE_S + values["lead_s"]
    before = (waveforms.scale >= enabled) & (waveforms.scale <= opens)
    outside = np.flatnonzero(np.abs(waveforms.vectors[line][before] - asked_V) > _SETTLED_V)
    if outside.size and outside[-1] == before.sum() - 1:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"{line} is not within {_SETTLED_V:g} V of {asked_V:.4g} V when the write gate opens, "
            f"{values['lead_s']:g} s after the enable",
        )
    return float(waveforms.scale[before][outside[-1] + 1] - enabled) if outside.size else 0.0


def _energy(waveforms: Waveforms, row: int, vdd_V: float, end_s: float, values: Mapping[str, float]) -> float:
    energy = 0.0
    for name, voltage in _supplies(row, vdd_V, values).items():
        charge = -integral(waveforms.scale, waveforms.vectors[f"i({name})"], 0.0, end_s, f"charge of {name}")
        energy += voltage * charge
    return energy


TESTBENCH = Testbench(
    circuit="write_driver",
    name="write",
    summary="the 8 levels on the write bit line and in the cell, settling time and energy",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"driven_V": "V", "settle_s": "s", "v_store_V": "V", "error_V": "V", "energy_J": "J"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

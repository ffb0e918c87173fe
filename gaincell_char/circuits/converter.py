"""What the testbenches of both charge-to-pulse converters share: bit lines with cells, the tile's timer, pulse widths.

A column is a bit line as a tile has it: groups of cells that are read, the other rows in hold, the wire's capacitance.
Its twin has the same cells on a bit line that an ideal source holds: the charge that the twin draws is the charge that
the converter is judged by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from gaincell_char.circuits.deck import Array, finite, integral, number, pulse
from gaincell_char.circuits.gain_cell.cell import instance
from gaincell_char.errors import InputError
from gaincell_char.spice.types import FailureKind, SimulationFailure, Waveforms

ROWS = 64
WIRE_F = 19.2e-15
"""Bit-line wire of 64 rows, 0.3 fF a row."""
EDGE_S = 30e-12
PULSE_LOAD_F = 5e-15
NUMERICS = {
    "gmin": 1e-15,
    "reltol": 1e-3,
    "trtol": 1.0,
    "abstol": 1e-12,
    "vntol": 1e-6,
    "chgtol": 1e-18,
    "step_s": 1e-10,
}
"""`trtol` 1 makes steps fine where something switches: within 1 ps of steps of 2.5 ps with reltol 1e-5, in a sixth of
the time (docs/charge_to_pulse.md)."""
_SUPPLY_NODES = "wbl wwl wwlb"


@dataclass(frozen=True)
class Group:
    """Cells of one bit line that store the same level and are read by the same pulse."""

    cells: int
    level_V: float
    start_s: float
    width_s: float


def column(index: int, groups: Iterable[Group], cell: Mapping[str, float], vdd_V: float) -> list[str]:
    """Bit line `b{index}` with `groups` and the rest of its rows in hold, and its twin on the held line `h{index}`.

    `cell` holds the gain cell's parameters. The deck has the nodes vdd, wbl, wwl, wwlb.

    Raises
    ------
    InputError
        More cells than rows.
    """
    lines = [f"cw{index} b{index} 0 {number(WIRE_F)}", f"vh{index} h{index} 0 {number(vdd_V / 2)}"]
    idle = ROWS
    for order, group in enumerate(groups):
        idle -= group.cells
        tag = f"{index}_{order}"
        word_line = (group.start_s, group.width_s, EDGE_S)
        lines += [
            f"vw{tag} w{tag} 0 {pulse(0.0, vdd_V, *word_line)}",
            f"vwb{tag} wb{tag} 0 {pulse(vdd_V, 0.0, *word_line)}",
        ]
        for kind, line in (("a", f"b{index}"), ("h", f"h{index}")):
            store = f"s{kind}{tag}"
            nodes = f"{_SUPPLY_NODES} {store} w{tag} wb{tag} {line} vdd 0"
            lines += [f"{instance(f'x{kind}{tag}', nodes, cell)} m={group.cells}", f".ic v({store})={group.level_V}"]
    if idle < 0:
        raise InputError(f"{ROWS - idle} cells on a bit line of {ROWS} rows; give at most {ROWS}")
    if idle:
        lines.append(f"{instance(f'xi{index}', f'{_SUPPLY_NODES} wbl 0 vdd b{index} vdd 0', cell)} m={idle}")
    return lines


def timer(window: str, name: str, t_max_s: float) -> list[str]:
    """The tile's time base, ideal: node `name` rises by 1 while the node `window` has been high for `t_max_s`."""
    return [
        f"b{name} 0 {name} i=0.5e-6*(1+tanh(50*(v({window})/v(vdd)-0.5)))",
        f"c{name} {name} 0 {number(1e-6 * t_max_s)}",
        f"r{name} {name} 0 1e15",
    ]


def gate(name: str, timer_name: str, open_s: float, close_s: float, vdd_V: float) -> list[str]:
    """Node `name` is high from `open_s` until its timer has run out, at the latest until `close_s`."""
    return [
        f"v{name}open {name}open 0 {pulse(0.0, vdd_V, open_s, close_s - open_s, EDGE_S)}",
        f"b{name} {name} 0 v=v({name}open)*0.5*(1-tanh(1000*(v({timer_name})-1)))",
    ]


def crossings(time: Array, values: Array, threshold: float, rising: bool) -> Array:
    """Times at which `values` go through `threshold` in one direction, between two time points linearly; (n,)."""
    above = values > threshold
    at = np.flatnonzero(above[1:] & ~above[:-1] if rising else ~above[1:] & above[:-1])
    crossed: Array = time[at] + (threshold - values[at]) * (time[at + 1] - time[at]) / (values[at + 1] - values[at])
    return crossed


def width(waveforms: Waveforms, vector: str, vdd_V: float, start_s: float) -> float:
    """Time after `start_s` that `vector` is above half the supply; 0.0 where it never is.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED`: it is high at the start or at the end, so a pulse was cut off.
    """
    inside = waveforms.scale >= start_s
    time, values = waveforms.scale[inside], waveforms.vectors[vector][inside]
    high = values > vdd_V / 2
    if high[0] or high[-1]:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"{vector} is high at the {'start' if high[0] else 'end'} of {start_s:g} to {time[-1]:g} s: no whole pulse",
        )
    rises, falls = (crossings(time, values, vdd_V / 2, rising) for rising in (True, False))
    return finite(float(falls.sum() - rises.sum()), f"width of {vector}")


def window(waveforms: Waveforms, vector: str, vdd_V: float, why: str) -> tuple[float, float]:
    """When a pulse window opens and closes.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED`: it does not open and close exactly once; `why` says what that means.
    """
    rises, falls = (crossings(waveforms.scale, waveforms.vectors[vector], vdd_V / 2, up) for up in (True, False))
    if len(rises) != 1 or len(falls) != 1:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED, f"{vector} opens {len(rises)} times and closes {len(falls)} times: {why}"
        )
    return float(rises[0]), float(falls[0])


def check_measurable(pulses_s: Iterable[float], window_s: float, lsb_s: float) -> None:
    """Pulses whose differences are to be measured must be neither zero nor clamped, at least a tenth of `lsb_s` off.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED`: one is; lists them all.
    """
    pulses = list(pulses_s)
    if not all(0.1 * lsb_s < each < window_s - 0.1 * lsb_s for each in pulses):
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"a pulse is zero or clamped by its window of {window_s:.4g} s, so pulses cannot be compared; pulses: "
            + ", ".join(f"{each:.4g}" for each in pulses),
        )


def held_charge(waveforms: Waveforms, index: int, start_s: float, stop_s: float) -> float:
    """Charge that the cells of a column's twin draw from their bit line."""
    return integral(waveforms.scale, -waveforms.vectors[f"i(vh{index})"], start_s, stop_s, f"charge of column {index}")


def energy(waveforms: Waveforms, source: str, vdd_V: float, start_s: float, stop_s: float) -> float:
    """Energy that the supply `source` gives."""
    drawn = -waveforms.vectors[f"i({source})"]
    return vdd_V * integral(waveforms.scale, drawn, start_s, stop_s, f"energy of {source}")


def farthest(waveforms: Waveforms, vector: str, before_s: float, start_s: float, stop_s: float) -> float:
    """The value of `vector` in [start_s, stop_s] that is farthest from its value at `before_s`."""
    time, values = waveforms.scale, waveforms.vectors[vector]
    rest = float(np.interp(before_s, time, values))
    inside = values[(time >= start_s) & (time <= stop_s)]
    return float(inside[np.argmax(np.abs(inside - rest))])

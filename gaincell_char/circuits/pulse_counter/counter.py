"""What the testbenches of the pulse counter share: parameters, the clock's step, sources, instances, edges and bits."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gaincell_char.circuits.deck import Array, number
from gaincell_char.circuits.testbench import Parameter
from gaincell_char.spice.types import FailureKind, SimulationFailure, Waveforms

NETLIST = "pulse_counter.lib"
NETLISTS = ("gates.lib", NETLIST)
PERIODS_PER_STEP = 8
"""The count clock divides by 8."""
T_MAX_S = 15e-9
CLOCK_PERIOD_S = T_MAX_S / 15.5 / PERIODS_PER_STEP
"""Period of the fast clock at the design: a step is T_max/15.5 (the paper's 32 levels over -1 to 1)."""
LARGEST_COUNT = 16
STAGES = 5
RESET_S = 0.3e-9  # the counter's reset falls
WINDOW_S = 0.6e-9  # the window rises, half height
NUMERICS = {"reltol": 1e-3, "abstol": 1e-12, "vntol": 1e-6, "chgtol": 1e-14, "bypass": 1.0, "step_s": 2e-11}
PARAMETERS = (
    Parameter("pulse_counter.lgd", 116e-9, "m", 30e-9, 500e-9, "gate length of the inverters that delay the pulse"),
    Parameter("pulse_counter.columns", 64.0, "1", 1.0, 256.0, "columns that one count clock drives"),
    Parameter("pulse_counter.clock_wire_F", 25e-15, "F", 0.0, 1e-12, "wire that the count clock drives"),
    Parameter("pulse_counter.window_steps", 16.0, "1", 1.0, 16.4, "length of the window, in counter steps"),
    Parameter("pulse_counter.pulse_lag_s", 30e-12, "s", 0.0, 1e-9, "from the window to the pulse, in the converter"),
    Parameter("pulse_counter.edge_s", 30e-12, "s", 1e-12, 1e-9, "rise and fall time of window and pulses"),
)


def piecewise(points: Iterable[tuple[float, float]]) -> str:
    """A source through (time, voltage) points, ascending in time."""
    return f"pwl({' '.join(f'{number(time)} {number(voltage)}' for time, voltage in points)})"


def flanks(levels: Sequence[tuple[float, float]], edge_s: float) -> list[tuple[float, float]]:
    """Points of a piecewise source through [(0, v0), (t1, v1), ...]: v0 from 0 on, then each next level with an edge
    that is at half height at its time."""
    points = [levels[0]]
    for (_, before), (time, after) in itertools.pairwise(levels):
        points += [(time - edge_s / 2, before), (time + edge_s / 2, after)]
    return points


def fast_clock(vdd_V: float, period_s: float, wait: float) -> str:
    """A sine between the rails whose rising crossings come `wait` periods after the window, and every period."""
    first = (WINDOW_S + wait * period_s) % period_s
    return f"sin({number(vdd_V / 2)} {number(vdd_V / 2)} {number(1 / period_s)} {number(first)} 0)"


def controls(vdd_V: float, window_s: float, values: Mapping[str, float]) -> list[str]:
    """Supply, reset, sign (positive) and a window of `window_s`."""
    edge = values["edge_s"]
    window = flanks([(0.0, 0.0), (WINDOW_S, vdd_V), (WINDOW_S + window_s, 0.0)], edge)
    return [
        f"vdd vdd 0 {number(vdd_V)}",
        f"vsgn sgn 0 {number(vdd_V)}",
        f"vrst rst 0 {piecewise(flanks([(0.0, vdd_V), (RESET_S, 0.0)], edge))}",
        f"vwin win 0 {piecewise(window)}",
    ]


def idle_columns(name: str, clock: str, count: float, values: Mapping[str, float]) -> list[str]:
    """What loads the count clock beside the columns of a deck: its wire, and the clock inputs of `count` more columns,
    as those of one of `count` times the width. Only these: a multiplier on a whole column would not reach the gates
    inside it."""
    lines = [f"c{name} {clock} 0 {number(values['clock_wire_F'])}"]
    if count > 0:
        inner, copies = f"c_{name}", f"m={number(count)}"
        lines += [
            f"xp{name} {clock} {inner} vdd 0 vdd 0 transmission_gate wg=100e-9 {copies}",
            f"xn{name} 0 {inner} 0 vdd vdd 0 transmission_gate wg=100e-9 {copies}",
            f"xb{name} {inner} {inner}b vdd 0 inverter {copies}",
            f"xo{name} {inner}b {inner}o vdd 0 inverter {copies}",
        ]
    return lines


def column(name: str, pulse_node: str, clock: str, supply: str, values: Mapping[str, float]) -> str:
    """One counter (positive sign) with bits `b0_name` to `b4_name`."""
    bits = " ".join(f"b{stage}_{name}" for stage in range(STAGES))
    return f"x{name} {pulse_node} 0 sgn {clock} 0 rst {bits} {supply} 0 pulse_counter lgd={number(values['lgd'])}"


def rising(waveforms: Waveforms, vector: str, threshold_V: float) -> Array:
    """Times at which a vector rises through the threshold."""
    time, values = waveforms.scale, waveforms.vectors[vector]
    at = np.flatnonzero((values[:-1] < threshold_V) & (values[1:] >= threshold_V))
    share = (threshold_V - values[at]) / (values[at + 1] - values[at])
    return np.asarray(time[at] + share * (time[at + 1] - time[at]), dtype=float)


def count_of(waveforms: Waveforms, name: str, vdd_V: float) -> int:
    """The number on the bits of a column at the end.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where a bit is not within a tenth of the supply of either rail.
    """
    count = 0
    for stage in range(STAGES):
        share = float(waveforms.vectors[f"v(b{stage}_{name})"][-1]) / vdd_V
        if not (abs(share) < 0.1 or abs(share - 1) < 0.1):
            raise SimulationFailure(
                FailureKind.MEASURE_FAILED,
                f"bit {stage} of column {name} is at {share:.2f} of the supply, not at a rail",
            )
        count += (share > 0.5) << stage
    return count

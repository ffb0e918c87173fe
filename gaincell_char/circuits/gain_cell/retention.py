"""Retention in hold: V_store(t) of every level from one transient over many decades of time."""

from __future__ import annotations

import math

import numpy as np

from gaincell_char.circuits.deck import assemble, number, reading
from gaincell_char.circuits.gain_cell.cell import LEVELS_V, NETLIST, PARAMETERS, instance, sources
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Mismatch, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

_AGES_S = (0.0, *(float(f"{10 ** (step / 4):.6g}") for step in range(-28, 5)))  # 0, 100 ns to 10 s, four a decade

AXES = (
    Axis("v_level_V", "V", LEVELS_V, True, "storage node at age 0"),
    Axis("age_s", "s", _AGES_S, True, "time in hold"),
    Axis("wwl_V", "V", (-0.5,), False, "write word line (N) in hold"),
    Axis("wwlb_V", "V", (1.4,), False, "complementary write word line (P) in hold"),
    Axis("wbl_V", "V", (0.45,), False, "write bit line in hold"),
)
NUMERICS = {"gmin": 1e-20, "reltol": 1e-5, "abstol": 1e-18, "vntol": 1e-7, "chgtol": 1e-19, "steps_per_decade": 16.0}


def deck(setting: Setting) -> Deck:
    """A floating cell for each level, read word lines off. The source `vage` does nothing but put a time point on every
    age and on a logarithmic grid between them: a step that suits a second would step over the first microsecond.
    Without `minbreak` ngspice drops time points that are closer than 5e-5 of the largest step."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    (wwl,), (wwlb,), (wbl,) = axes["wwl_V"], axes["wwlb_V"], axes["wbl_V"]
    times = _time_points(axes["age_s"], numerics["steps_per_decade"])
    lines = [
        *sources(vdd=setting.vdd_V, bl=values["bl_V"], wlr=0.0, wlrb=setting.vdd_V, wbl=wbl, wwl=wwl, wwlb=wwlb),
        f".options minbreak={number(times[0] * 1e-5)}",
        f"vage age 0 pwl(0 0 {' '.join(f'{number(time)} 0' for time in times)})",
    ]
    for row, level in enumerate(axes["v_level_V"]):
        lines.append(instance(f"x{row}", f"wbl wwl wwlb s{row} wlr wlrb bl vdd 0", values))
        lines.append(f".ic v(s{row})={number(level)}")
    lines.append(f".tran {number(times[0])} {number(times[-1])} 0 {number(times[-1] / 10)}")
    vectors = [f"v(s{row})" for row in range(len(axes["v_level_V"]))]
    return assemble("gain cell, retention", setting, NETLIST, numerics, lines, vectors)


def _time_points(ages_s: tuple[float, ...], per_decade: float) -> list[float]:
    """The ages after 0, and `per_decade` points a decade between the first and the last of them."""
    ages = sorted(ages_s)
    positive = [age for age in ages if age > 0]
    if ages[0] < 0 or not positive:
        raise InputError(f"axis age_s: {ages[0]:g} .. {ages[-1]:g} s; ages start at 0 or later and end after it")
    first, decades = positive[0], math.log10(positive[-1] / positive[0])
    count = math.ceil(decades * per_decade)
    grid = [first * 10 ** (decades * index / count) for index in range(1, count)]
    apart = [time for time in grid if all(abs(time / age - 1) > 1e-3 for age in positive)]
    return sorted([*positive, *apart])


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a level and age.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where an age is no time point of the transient or a reading is no number.
    """
    axes = axis_values(setting, AXES)
    for age in axes["age_s"]:
        _require_time_point(waveforms, age)
    hold = {name: axes[name][0] for name in ("wwl_V", "wwlb_V", "wbl_V")}
    return [
        {
            "v_level_V": level,
            "age_s": age,
            **hold,
            "v_store_V": reading(waveforms, f"v(s{row})", age),
        }
        for row, level in enumerate(axes["v_level_V"])
        for age in axes["age_s"]
    ]


def _require_time_point(waveforms: Waveforms, age_s: float) -> None:
    """Between two time points an octave apart a straight line would invent a voltage."""
    nearest = float(np.min(np.abs(waveforms.scale - age_s)))
    if nearest > 1e-6 * age_s:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED, f"age {age_s:g} s: the nearest time point is {nearest:g} s away"
        )


TESTBENCH = Testbench(
    circuit="gain_cell",
    name="retention",
    summary="stored voltage over time in hold, for every level and several hold voltages",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"v_store_V": "V"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=Mismatch(r"x\d+", same=True),
)

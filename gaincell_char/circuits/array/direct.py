"""Direct currents of both read branches of a cell that is on, over its stored voltage and the shifts of its wires."""

from __future__ import annotations

import numpy as np

from gaincell_char.circuits.array.axes import CURRENT_AXES, CURRENT_COLUMNS
from gaincell_char.circuits.array.tile import PARAMETERS
from gaincell_char.circuits.deck import assemble, finite, number
from gaincell_char.circuits.gain_cell.cell import NETLIST, hold, instance, sources
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values, uniform_step
from gaincell_char.circuits.testbench import Setting, Testbench
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

NUMERICS = {"gmin": 1e-18, "reltol": 1e-8, "abstol": 1e-18, "vntol": 1e-11}


def deck(setting: Setting) -> Deck:
    """The cell with all nodes driven; the store stands on the cell's own VSS, as its capacitor does."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, CURRENT_AXES)
    (rise,), (drop,) = axes["vss_rise_V"], axes["vdd_drop_V"]
    stores, lines = axes["v_store_V"], tuple(values["bl_V"] + shift for shift in axes["bl_shift_V"])
    uniform_step("bl_shift_V", axes["bl_shift_V"])
    return assemble(
        "cell of a tile, direct currents",
        setting,
        NETLIST,
        numeric_values(setting, NUMERICS),
        [
            *sources(vdd=setting.vdd_V - drop, vss=rise, level=0.0, bl=values["bl_V"], wlr=setting.vdd_V, wlrb=0.0),
            *hold(values),
            "est st vss level 0 1",
            instance("x1", "wbl wwl wwlb st wlr wlrb bl vdd vss", values),
            f".dc {_sweep('vlevel', 'v_store_V', stores)} {_sweep('vbl', 'bl_shift_V', lines)}",
        ],
        ["i(vvdd)", "i(vbl)"],
    )


def _sweep(source: str, axis: str, points: tuple[float, ...]) -> str:
    return f"{source} {number(points[0])} {number(points[-1])} {number(uniform_step(axis, points))}"


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a point: `source_A` from VDD into the bit line, `sink_A` from the bit line into VSS, which is what the
    bit line gives and the source besides: some 0.1 pA that VSS draws from the write side is not the bit line's.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the sweep has other points than were asked for.
    """
    axes = axis_values(setting, CURRENT_AXES)
    stores, shifts = axes["v_store_V"], axes["bl_shift_V"]
    swept = np.tile(np.asarray(stores), len(shifts))
    if waveforms.scale.shape != swept.shape or not np.allclose(waveforms.scale, swept, rtol=0, atol=1e-7):
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"the sweep has {waveforms.scale.size} points where {len(stores)} x {len(shifts)} were asked for",
        )
    source = -waveforms.vectors["i(vvdd)"].reshape(len(shifts), len(stores))
    sink = source - waveforms.vectors["i(vbl)"].reshape(len(shifts), len(stores))
    return [
        {
            "v_store_V": store,
            "bl_shift_V": shift,
            "vss_rise_V": axes["vss_rise_V"][0],
            "vdd_drop_V": axes["vdd_drop_V"][0],
            "sink_A": finite(float(sink[row, column]), "sink"),
            "source_A": finite(float(source[row, column]), "source"),
        }
        for row, shift in enumerate(shifts)
        for column, store in enumerate(stores)
    ]


TESTBENCH = Testbench(
    circuit="array",
    name="direct",
    summary="direct currents of a cell's two read branches over stored voltage and the shifts of its wires",
    parameters=PARAMETERS,
    axes=CURRENT_AXES,
    columns=CURRENT_COLUMNS,
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

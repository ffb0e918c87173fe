"""Currents of both read branches in a read pulse: the store floats, so that the pulse and the wires kick it."""

from __future__ import annotations

from gaincell_char.circuits.array.axes import CURRENT_AXES, CURRENT_COLUMNS
from gaincell_char.circuits.array.tile import PARAMETERS
from gaincell_char.circuits.deck import assemble, number, pulse, reading
from gaincell_char.circuits.gain_cell.cell import NETLIST, hold, instance
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Setting, Testbench
from gaincell_char.spice.types import Deck, Waveforms

NUMERICS = {"gmin": 1e-15, "reltol": 1e-5, "abstol": 1e-14, "vntol": 1e-7, "chgtol": 1e-18, "step_s": 5e-11}
_START_S = 0.5e-9
_READ_S = 3.5e-9  # 3 ns into the pulse: the current is steady
_WIDTH_S = 5e-9


def deck(setting: Setting) -> Deck:
    """A cell for each stored voltage and each shift of its bit line. `.ic` holds the stores in the operating point,
    where no wire is loaded; the wires move to their shifts as the pulse comes."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, CURRENT_AXES)
    numerics = numeric_values(setting, NUMERICS)
    (rise,), (drop,) = axes["vss_rise_V"], axes["vdd_drop_V"]
    edge, hold_V = values["edge_s"], values["bl_V"]

    def moves(from_V: float, by_V: float) -> str:
        points = (0.0, from_V, _START_S, from_V, _START_S + edge, from_V + by_V)
        return f"pwl({' '.join(map(number, points))})"

    lines = [
        *hold(values),
        f"vwlr wlr 0 {pulse(0.0, setting.vdd_V, _START_S, _WIDTH_S, edge)}",
        f"vwlrb wlrb 0 {pulse(setting.vdd_V, 0.0, _START_S, _WIDTH_S, edge)}",
    ]
    vectors = []
    for name, line, store in _cells(axes):
        lines += [
            f"vb{name} b{name} 0 {moves(hold_V, axes['bl_shift_V'][line])}",
            f"vd{name} d{name} 0 {moves(setting.vdd_V, -drop)}",
            f"vs{name} s{name} 0 {moves(0.0, rise)}",
            instance(f"x{name}", f"wbl wwl wwlb q{name} wlr wlrb b{name} d{name} s{name}", values),
            f".ic v(q{name})={number(store)}",
        ]
        vectors += [f"i(vd{name})", f"i(vb{name})"]
    step = number(numerics["step_s"])
    return assemble(
        "cell of a tile, currents in a read pulse",
        setting,
        NETLIST,
        numerics,
        [*lines, f".tran {step} {number(_READ_S + 1e-10)} 0 {step}"],
        vectors,
    )


def _cells(axes: dict[str, tuple[float, ...]]) -> list[tuple[str, int, float]]:
    """Name, bit line and stored voltage of each cell."""
    return [
        (f"{line}_{row}", line, store)
        for line in range(len(axes["bl_shift_V"]))
        for row, store in enumerate(axes["v_store_V"])
    ]


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a cell, on the flat top of the pulse: `source_A` from VDD into the bit line, `sink_A` from the bit line
    into VSS, which is what the bit line gives and the source besides.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the transient is too short or a reading is no number.
    """
    axes = axis_values(setting, CURRENT_AXES)
    rows = []
    for name, line, store in _cells(axes):
        source = -reading(waveforms, f"i(vd{name})", _READ_S)
        rows.append(
            {
                "v_store_V": store,
                "bl_shift_V": axes["bl_shift_V"][line],
                "vss_rise_V": axes["vss_rise_V"][0],
                "vdd_drop_V": axes["vdd_drop_V"][0],
                "sink_A": source - reading(waveforms, f"i(vb{name})", _READ_S),
                "source_A": source,
            }
        )
    return rows


TESTBENCH = Testbench(
    circuit="array",
    name="read",
    summary="currents of a cell's two read branches in a read pulse over stored voltage and the shifts of its wires",
    parameters=PARAMETERS,
    axes=CURRENT_AXES,
    columns=CURRENT_COLUMNS,
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

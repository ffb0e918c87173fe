"""Charge of one read pulse, Q(V_store, T), and what it does to the storage node: a transient of one cell a level."""

from __future__ import annotations

from gaincell_char.circuits.deck import assemble, integral, number, pulse, reading
from gaincell_char.circuits.gain_cell.cell import NETLIST, PARAMETERS, SIZES, evenly, hold, instance, sources
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Mismatch, Setting, Testbench
from gaincell_char.spice.types import Deck, Waveforms

AXES = (
    Axis("v_store_V", "V", evenly(0.0, 0.9, 15), True, "storage node before the pulse; every second is a stored level"),
    Axis("pulse_s", "s", (1e-9, 2e-9, 3e-9, 5e-9, 7e-9, 9e-9, 12e-9, 15e-9), False, "read pulse, wide at half height"),
)
NUMERICS = {"gmin": 1e-15, "reltol": 1e-4, "abstol": 1e-12, "vntol": 1e-6, "chgtol": 1e-18, "step_s": 1e-10}
_BEFORE_S = 0.25e-9
_START_S = 0.5e-9
_SETTLE_S = 1.5e-9


def deck(setting: Setting) -> Deck:
    """A cell for each stored voltage. The storage nodes float: `.ic` holds them in the operating point, then only their
    capacitance does."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    (width,), edge = axes["pulse_s"], values["edge_s"]
    lines = [
        *sources(vdd=setting.vdd_V),
        *hold(values),
        f"vwlr wlr 0 {pulse(0.0, setting.vdd_V, _START_S, width, edge)}",
        f"vwlrb wlrb 0 {pulse(setting.vdd_V, 0.0, _START_S, width, edge)}",
    ]
    vectors = []
    for row, store in enumerate(axes["v_store_V"]):
        lines.append(f"vb{row} b{row} 0 {number(values['bl_V'])}")
        lines.append(instance(f"x{row}", f"wbl wwl wwlb s{row} wlr wlrb b{row} vdd 0", values))
        lines.append(f".ic v(s{row})={number(store)}")
        vectors += [f"i(vb{row})", f"v(s{row})"]
    lines.append(f".tran {number(numerics['step_s'])} {number(_settled(width, edge))} 0 {number(numerics['step_s'])}")
    return assemble("gain cell, charge of a read pulse", setting, NETLIST, numerics, lines, vectors)


def _settled(width_s: float, edge_s: float) -> float:
    return _START_S + width_s + edge_s + _SETTLE_S


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a cell: `charge_C` out of the bit line into the cell from before the pulse until it settled, `kick_V` the
    shift of the storage node at the end of the pulse's flat top, `disturb_V` the shift that is left after it.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the transient is too short or a reading is no number.
    """
    axes = axis_values(setting, AXES)
    (width,) = axes["pulse_s"]
    top, settled = _START_S + width, _settled(width, parameter_values(setting, PARAMETERS)["edge_s"])
    rows = []
    for row, store in enumerate(axes["v_store_V"]):
        before = reading(waveforms, f"v(s{row})", _BEFORE_S)
        current = -waveforms.vectors[f"i(vb{row})"]
        rows.append(
            {
                "v_store_V": store,
                "pulse_s": width,
                "charge_C": integral(waveforms.scale, current, _BEFORE_S, settled, f"charge at {store:g} V"),
                "kick_V": reading(waveforms, f"v(s{row})", top) - before,
                "disturb_V": reading(waveforms, f"v(s{row})", settled) - before,
            }
        )
    return rows


TESTBENCH = Testbench(
    circuit="gain_cell",
    name="pulse",
    summary="charge of one read pulse over stored voltage and pulse width, kick and disturb of the storage node",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"charge_C": "C", "kick_V": "V", "disturb_V": "V"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=Mismatch(r"x\d+", same=True),
    side_by_side=SIZES,
)

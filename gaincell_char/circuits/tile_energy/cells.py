"""Energy that a read cell takes from its rail. What it takes from the bit line is in the converter's energy."""

from __future__ import annotations

from gaincell_char.circuits import converter
from gaincell_char.circuits.deck import assemble, number, pulse
from gaincell_char.circuits.gain_cell.cell import LEVELS_V, NETLIST, PARAMETERS, hold, instance, sources
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.spice.types import Deck, Waveforms

AXES = (
    Axis("v_store_V", "V", LEVELS_V, True, "storage node before the read"),
    Axis("pulse_s", "s", (1e-9, 5e-9, 15e-9), False, "read pulse, wide at half height"),
)
NUMERICS = {"gmin": 1e-15, "reltol": 1e-4, "abstol": 1e-12, "vntol": 1e-6, "chgtol": 1e-18, "step_s": 1e-10}
_START_S, _SETTLE_S = 0.5e-9, 1e-9


def deck(setting: Setting) -> Deck:
    """A floating cell for each stored voltage, on a held bit line, with a supply of its own."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    (width,), edge, vdd = axes["pulse_s"], values["edge_s"], setting.vdd_V
    lines = [
        *sources(bl=values["bl_V"]),
        *hold(values),
        f"vwlr wlr 0 {pulse(0.0, vdd, _START_S, width, edge)}",
        f"vwlrb wlrb 0 {pulse(vdd, 0.0, _START_S, width, edge)}",
    ]
    for row, store in enumerate(axes["v_store_V"]):
        lines += [
            f"va{row} a{row} 0 {number(vdd)}",
            instance(f"x{row}", f"wbl wwl wwlb s{row} wlr wlrb bl a{row} 0", values),
            f".ic v(s{row})={number(store)}",
        ]
    step = number(numerics["step_s"])
    lines.append(f".tran {step} {number(_START_S + width + edge + _SETTLE_S)} 0 {step}")
    vectors = [f"i(va{row})" for row in range(len(axes["v_store_V"]))]
    return assemble("gain cell, energy of a read", setting, NETLIST, numerics, lines, vectors)


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a cell: `rail_J` that its supply gives, from before the pulse until all is at rest."""
    axes = axis_values(setting, AXES)
    (width,) = axes["pulse_s"]
    end = _START_S + width + parameter_values(setting, PARAMETERS)["edge_s"] + _SETTLE_S
    return [
        {
            "v_store_V": store,
            "pulse_s": width,
            "rail_J": converter.energy(waveforms, f"va{row}", setting.vdd_V, 0.0, end),
        }
        for row, store in enumerate(axes["v_store_V"])
    ]


TESTBENCH = Testbench(
    circuit="tile_energy",
    name="cells",
    summary="energy that a read cell takes from its rail, over stored voltage and pulse width",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"rail_J": "J"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

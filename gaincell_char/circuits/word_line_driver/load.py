"""What one cell's select devices load the read word lines with, over the stored voltage."""

from __future__ import annotations

from gaincell_char.circuits.deck import assemble, integral, number, pulse
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.circuits.word_line_driver.driver import NETLISTS, PARAMETERS, cell_sources
from gaincell_char.spice.types import Deck, Waveforms

AXES = (Axis("v_store_V", "V", (0.0, 0.45, 0.9), True, "storage node"),)
_NUMERICS = {"reltol": 1e-4, "abstol": 1e-14, "vntol": 1e-6, "chgtol": 1e-18, "step_s": 1e-10}
_BEFORE_S, _RAMP_S, _WIDTH_S = 0.5e-9, 2e-9, 6e-9


def deck(setting: Setting) -> Deck:
    """A cell for each stored voltage, with slow ramps on its word lines: what flows is capacitance times slope."""
    values = parameter_values(setting, PARAMETERS)
    stores = axis_values(setting, AXES)["v_store_V"]
    numerics = numeric_values(setting, _NUMERICS)
    vdd, step = setting.vdd_V, numerics["step_s"]
    lines, vectors = cell_sources(vdd, values), []
    for row, store in enumerate(stores):
        lines += [
            f"vst{row} st{row} 0 {number(store)}",
            f"vr{row} wlr{row} 0 {pulse(0.0, vdd, _BEFORE_S, _WIDTH_S, _RAMP_S)}",
            f"vb{row} wlrb{row} 0 {pulse(vdd, 0.0, _BEFORE_S, _WIDTH_S, _RAMP_S)}",
            f"xcell{row} wbl wwl wwlb st{row} wlr{row} wlrb{row} bl vdd 0 gain_cell",
        ]
        vectors += [f"i(vr{row})", f"i(vb{row})"]
    lines.append(f".tran {number(step)} {number(_BEFORE_S + _WIDTH_S)} 0 {number(step)}")
    return assemble("word-line load of a cell", setting, NETLISTS, numerics, lines, vectors)


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a stored voltage: `wlr_F` and `wlrb_F`, the charge that turns the cell on over the supply."""
    vdd, until = setting.vdd_V, _BEFORE_S + _RAMP_S + 0.5e-9
    return [
        {
            "v_store_V": store,
            "wlr_F": -integral(waveforms.scale, waveforms.vectors[f"i(vr{row})"], 0.0, until, "charge of wlr") / vdd,
            "wlrb_F": integral(waveforms.scale, waveforms.vectors[f"i(vb{row})"], 0.0, until, "charge of wlrb") / vdd,
        }
        for row, store in enumerate(axis_values(setting, AXES)["v_store_V"])
    ]


TESTBENCH = Testbench(
    circuit="word_line_driver",
    name="load",
    summary="capacitance of a cell on the read word lines",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"wlr_F": "F", "wlrb_F": "F"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=_NUMERICS,
)

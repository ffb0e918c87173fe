"""Reset: what is left of the previous conversion on the integrating capacitor, over the length of the reset pulse."""

from __future__ import annotations

from gaincell_char.circuits.converter import EDGE_S, WIRE_F
from gaincell_char.circuits.converter import NUMERICS as _NUMERICS
from gaincell_char.circuits.deck import assemble, number, pulse, reading
from gaincell_char.circuits.front_end.stage import NETLISTS, PARAMETERS, sizes
from gaincell_char.circuits.gain_cell.cell import sources
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Mismatch, Setting, Testbench
from gaincell_char.spice.types import Deck, Waveforms

_BEFORE_V = 0.4
_CELLS_F = 8e-15
_START_S = 1e-9
AXES = (
    Axis("reset_s", "s", (1e-9, 2e-9, 4e-9, 6e-9, 8e-9, 12e-9, 16e-9, 24e-9), True, "time since rst rose"),
    Axis(
        "before_V", "V", (-_BEFORE_V, _BEFORE_V), True,
        "integrator output minus bit line before the reset; about what a conversion of no (a full) charge leaves",
    ),
)  # fmt: skip
NUMERICS = {**_NUMERICS, "reltol": 1e-4}


def deck(setting: Setting) -> Deck:
    """A front end for each voltage before the reset, started there; the reset lasts as long as the longest time."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    vdd, length = setting.vdd_V, max(axes["reset_s"]) + 1e-9
    lines = [
        *sources(vdd=vdd),
        f"vrst rst 0 {pulse(0.0, values['reset_V'], _START_S, length, EDGE_S)}",
        f"vrstb rstb 0 {pulse(vdd, 0.0, _START_S, length, EDGE_S)}",
    ]
    vectors = []
    for row, before in enumerate(axes["before_V"]):
        names = ("cint_F", "wamp", "lamp", "ratio", "wsw")
        lines += [
            f"x{row} b{row} o{row} rst rstb vdd 0 front_end {sizes(values, names)}",
            f"cb{row} b{row} 0 {number(WIRE_F + _CELLS_F)}",
            f".ic v(b{row})={number(vdd / 2)} v(o{row})={number(vdd / 2 + before)}",
        ]
        vectors += [f"v(b{row})", f"v(o{row})"]
    end = _START_S + max(axes["reset_s"]) + 0.5e-9
    lines.append(f".tran {number(numerics['step_s'])} {number(end)} 0 {number(numerics['step_s'])}")
    return assemble("bit-line front end, reset", setting, NETLISTS, numerics, lines, vectors)


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a time and a voltage before: `residual_V` between output and bit line, which the next conversion starts
    from, and `residual_C` on the capacitor.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the transient is too short or a reading is no number.
    """
    axes = axis_values(setting, AXES)
    cint = parameter_values(setting, PARAMETERS)["cint_F"]
    rows = []
    for row, before in enumerate(axes["before_V"]):
        for reset in axes["reset_s"]:
            out, line = (reading(waveforms, f"v({node}{row})", _START_S + reset) for node in "ob")
            rows.append(
                {"reset_s": reset, "before_V": before, "residual_V": out - line, "residual_C": (out - line) * cint}
            )
    return rows


TESTBENCH = Testbench(
    circuit="front_end",
    name="reset",
    summary="what a reset leaves of the previous conversion, over its length",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"residual_V": "V", "residual_C": "C"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=Mismatch(r"x\d+", same=True),
)

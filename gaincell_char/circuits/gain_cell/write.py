"""Write through the transmission gate, from every level over another one: the voltage left when the gate has closed."""

from __future__ import annotations

from gaincell_char.circuits.deck import assemble, number, pulse, reading
from gaincell_char.circuits.gain_cell.cell import LEVELS_V, NETLIST, PARAMETERS, SIZES, instance, sources
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Mismatch, Setting, Testbench
from gaincell_char.spice.types import Deck, Waveforms

AXES = (
    Axis("v_level_V", "V", LEVELS_V, True, "level to be written, on the write bit line"),
    Axis("v_previous_V", "V", (LEVELS_V[0], LEVELS_V[3], LEVELS_V[7]), True, "storage node before the write"),
    Axis("pulse_s", "s", (0.5e-9, 1e-9, 2e-9, 5e-9, 10e-9), False, "write pulse on WWL and WWLB, wide at half height"),
)
NUMERICS = {"gmin": 1e-15, "reltol": 1e-4, "abstol": 1e-12, "vntol": 1e-6, "chgtol": 1e-18, "step_s": 1e-10}
_LINE_S = 0.2e-9  # the write bit line goes to the level
_OPEN_S = 0.5e-9  # the gate opens
_GUARD_S = 0.3e-9  # from the gate's closing to the write bit line's return
_SETTLE_S = 0.5e-9


def deck(setting: Setting) -> Deck:
    """A cell for each level and previous level; all share the word lines, and those of one level its write bit line."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    (width,), edge = axes["pulse_s"], values["edge_s"]
    lines = [
        *sources(vdd=setting.vdd_V, bl=values["bl_V"], wlr=0.0, wlrb=setting.vdd_V),
        f"vwwl wwl 0 {pulse(values['wwl_hold_V'], values['wwl_write_V'], _OPEN_S, width, edge)}",
        f"vwwlb wwlb 0 {pulse(values['wwlb_hold_V'], values['wwlb_write_V'], _OPEN_S, width, edge)}",
    ]
    vectors = []
    on_line = _OPEN_S - _LINE_S + width + edge + _GUARD_S
    for row, level in enumerate(axes["v_level_V"]):
        lines.append(f"vw{row} w{row} 0 {pulse(values['wbl_hold_V'], level, _LINE_S, on_line, edge)}")
        for column, previous in enumerate(axes["v_previous_V"]):
            cell = f"{row}_{column}"
            lines.append(instance(f"x{cell}", f"w{row} wwl wwlb s{cell} wlr wlrb bl vdd 0", values))
            lines.append(f".ic v(s{cell})={number(previous)}")
            vectors.append(f"v(s{cell})")
    lines.append(f".tran {number(numerics['step_s'])} {number(_end(width, edge))} 0 {number(numerics['step_s'])}")
    return assemble("gain cell, write", setting, NETLIST, numerics, lines, vectors)


def _end(width_s: float, edge_s: float) -> float:
    return _OPEN_S + width_s + 2 * edge_s + _GUARD_S + _SETTLE_S


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a cell: `v_store_V` after the gate closed and the write bit line went back to its hold voltage, so with
    charge injection and coupling; `error_V` is that minus the level.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the transient is too short or a reading is no number.
    """
    axes = axis_values(setting, AXES)
    (width,) = axes["pulse_s"]
    end = _end(width, parameter_values(setting, PARAMETERS)["edge_s"])
    rows = []
    for row, level in enumerate(axes["v_level_V"]):
        for column, previous in enumerate(axes["v_previous_V"]):
            stored = reading(waveforms, f"v(s{row}_{column})", end)
            rows.append(
                {
                    "v_level_V": level,
                    "v_previous_V": previous,
                    "pulse_s": width,
                    "v_store_V": stored,
                    "error_V": stored - level,
                }
            )
    return rows


TESTBENCH = Testbench(
    circuit="gain_cell",
    name="write",
    summary="stored voltage after a write, over level, previous level and pulse width",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"v_store_V": "V", "error_V": "V"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=Mismatch(r"x\d+_\d+", same=True),
    side_by_side=SIZES,
)

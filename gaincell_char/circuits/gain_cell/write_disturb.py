"""What writes of other cells do to a cell that shares their write bit line, its own write word line in hold."""

from __future__ import annotations

from gaincell_char.circuits.deck import assemble, number, reading
from gaincell_char.circuits.gain_cell.cell import LEVELS_V, NETLIST, PARAMETERS, instance, sources
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

AXES = (
    Axis("v_level_V", "V", LEVELS_V, True, "storage node of the neighbor"),
    Axis("v_write_V", "V", (0.0, 0.9), True, "level that is written to the others, on the write bit line"),
    Axis("writes", "1", (1.0, 21.0, 42.0, 63.0), True, "writes so far; 63 fill the other rows of a tile"),
    Axis("on_line_s", "s", (10e-9,), False, "how long each write holds the write bit line at its level"),
    Axis("period_s", "s", (20e-9,), False, "from write to write"),
)
NUMERICS = {"gmin": 1e-18, "reltol": 1e-6, "abstol": 1e-14, "vntol": 1e-7, "chgtol": 1e-17, "step_s": 1e-9}
_START_S = 1e-9
_GUARD_S = 0.5e-9


def deck(setting: Setting) -> Deck:
    """For each level a neighbor on each write bit line, and a twin whose write bit line rests; all float in hold."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    (width,), (period,), edge = axes["on_line_s"], axes["period_s"], values["edge_s"]
    _check(axes["writes"], width, period, edge)
    held = values["wbl_hold_V"]
    lines = sources(
        vdd=setting.vdd_V,
        bl=values["bl_V"],
        wlr=0.0,
        wlrb=setting.vdd_V,
        wbl=held,
        wwl=values["wwl_hold_V"],
        wwlb=values["wwlb_hold_V"],
    )
    times = " ".join(map(number, (_START_S, edge, edge, width - edge, period)))
    for column, level in enumerate(axes["v_write_V"]):
        lines.append(f"vw{column} w{column} 0 pulse({number(held)} {number(level)} {times})")
    vectors = []
    for row, level in enumerate(axes["v_level_V"]):
        cells = {_twin(row): "wbl"} | {_neighbor(row, column): f"w{column}" for column in range(len(axes["v_write_V"]))}
        for store, bit_line in cells.items():
            lines.append(instance(f"x{store}", f"{bit_line} wwl wwlb {store} wlr wlrb bl vdd 0", values))
            lines.append(f".ic v({store})={number(level)}")
            vectors.append(f"v({store})")
    step, last = numerics["step_s"], _after(max(axes["writes"]), period)
    lines.append(f".tran {number(step)} {number(last + _GUARD_S / 2)} 0 {number(step)}")
    return assemble("gain cell, write disturb", setting, NETLIST, numerics, lines, vectors)


def _check(writes: tuple[float, ...], width_s: float, period_s: float, edge_s: float) -> None:
    if (bad := next((count for count in writes if count < 1 or count != int(count)), None)) is not None:
        raise InputError(f"axis writes: {bad:g} is not a number of writes, 1 or more")
    if width_s <= edge_s or period_s < width_s + 2 * edge_s + _GUARD_S:
        raise InputError(f"axis period_s: {period_s:g} s has no room for {width_s:g} s on the line; make it longer")


def _twin(row: int) -> str:
    return f"t{row}"


def _neighbor(row: int, column: int) -> str:
    return f"n{row}_{column}"


def _after(writes: float, period_s: float) -> float:
    """A moment before the write that would follow so many."""
    return _START_S + writes * period_s - _GUARD_S


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a level, written level and number of writes: `shift_V`, the neighbor's change minus its twin's, read
    when the write bit line is back in hold; `during_V`, the same while the line is at the last write's level.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the transient is too short or a reading is no number.
    """
    axes = axis_values(setting, AXES)
    (width,), (period,) = axes["on_line_s"], axes["period_s"]
    rows = []
    for row, level in enumerate(axes["v_level_V"]):
        for column, written in enumerate(axes["v_write_V"]):
            for writes in axes["writes"]:
                after = _after(writes, period)
                during = _START_S + (writes - 1) * period + width - _GUARD_S
                rows.append(
                    {
                        "v_level_V": level,
                        "v_write_V": written,
                        "writes": writes,
                        "on_line_s": width,
                        "period_s": period,
                        "shift_V": _apart(waveforms, _neighbor(row, column), _twin(row), after),
                        "during_V": _apart(waveforms, _neighbor(row, column), _twin(row), during),
                    }
                )
    return rows


def _apart(waveforms: Waveforms, cell: str, twin: str, time_s: float) -> float:
    """How much farther `cell` has moved than its twin since before the first pulse."""
    moved, rested = (
        reading(waveforms, f"v({node})", time_s) - reading(waveforms, f"v({node})", _START_S / 2)
        for node in (cell, twin)
    )
    return moved - rested


TESTBENCH = Testbench(
    circuit="gain_cell",
    name="write_disturb",
    summary="shift of a cell by writes of others on its write bit line, leakage taken out by a twin",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"shift_V": "V", "during_V": "V"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

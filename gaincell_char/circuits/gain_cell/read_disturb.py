"""What many reads do to the stored voltage: a cell that is read beside a twin that is not, so leakage drops out."""

from __future__ import annotations

from gaincell_char.circuits.deck import assemble, number, reading
from gaincell_char.circuits.gain_cell.cell import LEVELS_V, NETLIST, PARAMETERS, hold, instance, sources
from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

AXES = (
    Axis("v_level_V", "V", LEVELS_V, False, "storage node before the reads"),
    Axis("reads", "1", (1.0, 50.0, 100.0, 200.0, 300.0), True, "reads so far"),
    Axis("pulse_s", "s", (15e-9,), False, "each read pulse, wide at half height"),
    Axis("period_s", "s", (20e-9,), False, "from read to read"),
)
NUMERICS = {
    "gmin": 1e-18,
    "reltol": 1e-6,
    "abstol": 3e-15,
    "vntol": 1e-9,
    "chgtol": 1e-17,
    "trtol": 7.0,
    "itl4": 100.0,
    "step_s": 1e-9,
}
"""What a read moves is nanovolts; at a reltol of 1e-5 the simulator's own errors are ten times that a read."""
_START_S = 1e-9
_GUARD_S = 0.5e-9  # from reading the voltages to the next pulse


def deck(setting: Setting) -> Deck:
    """A cell on the read word lines and one whose read word lines rest; both float on the same hold. One level a deck:
    in the current of a source that many cells share, rounding can exceed `abstol`, and nothing converges."""
    values = parameter_values(setting, PARAMETERS)
    axes = axis_values(setting, AXES)
    numerics = numeric_values(setting, NUMERICS)
    (level,), (width,), (period,), edge = axes["v_level_V"], axes["pulse_s"], axes["period_s"], values["edge_s"]
    _check(axes["reads"], width, period, edge)
    vdd, step = setting.vdd_V, numerics["step_s"]
    lines = [
        *sources(vdd=vdd, bl=values["bl_V"], low=0.0, high=vdd),
        *hold(values),
        f"vwlr wlr 0 {_train(0.0, vdd, width, period, edge)}",
        f"vwlrb wlrb 0 {_train(vdd, 0.0, width, period, edge)}",
    ]
    vectors = []
    for kind, read in (("r", "wlr wlrb"), ("t", "low high")):
        lines.append(instance(f"x{kind}", f"wbl wwl wwlb s{kind} {read} bl vdd 0", values))
        lines.append(f".ic v(s{kind})={number(level)}")
        vectors.append(f"v(s{kind})")
    last = _after(max(axes["reads"]), period)
    lines.append(f".tran {number(step)} {number(last + _GUARD_S / 2)} 0 {number(step)}")
    return assemble("gain cell, read disturb", setting, NETLIST, numerics, lines, vectors)


def _check(reads: tuple[float, ...], width_s: float, period_s: float, edge_s: float) -> None:
    if (bad := next((count for count in reads if count < 1 or count != int(count)), None)) is not None:
        raise InputError(f"axis reads: {bad:g} is not a number of reads, 1 or more")
    if period_s < width_s + 2 * edge_s + _GUARD_S:
        raise InputError(f"axis period_s: {period_s:g} s has no room for a pulse of {width_s:g} s; make it longer")


def _train(rest_V: float, on_V: float, width_s: float, period_s: float, edge_s: float) -> str:
    times = (_START_S, edge_s, edge_s, width_s - edge_s, period_s)
    return f"pulse({' '.join(map(number, (rest_V, on_V, *times)))})"


def _after(reads: float, period_s: float) -> float:
    """A moment before the pulse that would follow so many reads."""
    return _START_S + reads * period_s - _GUARD_S


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a level and number of reads: `shift_V`, what the reads moved the stored voltage by (the read cell's
    change minus its twin's), and `leak_V`, the twin's own change in that time. Read just before the next pulse.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the transient is too short or a reading is no number.
    """
    axes = axis_values(setting, AXES)
    (level,), (width,), (period,) = axes["v_level_V"], axes["pulse_s"], axes["period_s"]
    rows = []
    for reads in axes["reads"]:
        read, twin = (
            reading(waveforms, f"v(s{kind})", _after(reads, period)) - reading(waveforms, f"v(s{kind})", _START_S / 2)
            for kind in ("r", "t")
        )
        rows.append(
            {
                "v_level_V": level,
                "reads": reads,
                "pulse_s": width,
                "period_s": period,
                "shift_V": read - twin,
                "leak_V": twin,
            }
        )
    return rows


TESTBENCH = Testbench(
    circuit="gain_cell",
    name="read_disturb",
    summary="shift of the stored voltage by many reads, leakage taken out by a twin that is not read",
    parameters=PARAMETERS,
    axes=AXES,
    columns={"shift_V": "V", "leak_V": "V"},
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

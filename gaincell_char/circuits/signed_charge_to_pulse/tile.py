"""The deck of the signed converter: columns with cells, their converters, both zero-charge references, the phases.

All columns share reset, sign latch, enable and the two pulse windows, which a reference opens and a timer closes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from gaincell_char.circuits import converter
from gaincell_char.circuits.converter import EDGE_S, Group
from gaincell_char.circuits.deck import assemble, number, pulse, reading
from gaincell_char.circuits.gain_cell import cell
from gaincell_char.circuits.settings import numeric_values, parameter_values
from gaincell_char.circuits.testbench import Mismatch, Parameter, Setting
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

NETLIST = "signed_charge_to_pulse.lib"
NETLISTS = ("gain_cell.lib", "gates.lib", "front_end.lib", "zero_charge_reference.lib", NETLIST)
T_MAX_S = 15e-9
LSB_S = T_MAX_S / 15.5
"""One step of the pulse counter: the unit in which the converters are judged."""
SIGNS = "pn"


def _parameter(name: str, default: float, unit: str, low: float, high: float, meaning: str) -> Parameter:
    return Parameter(f"signed_charge_to_pulse.{name}", default, unit, low, high, meaning)


_SIZES = (
    _parameter("cint_F", 225e-15, "F", 50e-15, 5e-12, "integrating capacitor"),
    _parameter("wamp", 2.3e-6, "m", 100e-9, 20e-6, "width of the amplifier's N device"),
    _parameter("lamp", 100e-9, "m", 30e-9, 1e-6, "length of the amplifier's devices"),
    _parameter("ratio", 2.8, "1", 0.5, 20.0, "width of the amplifier's P device over that of its N device"),
    _parameter("units", 4.0, "1", 1.0, 64.0, "read branches of a cell in a replica current"),
    _parameter("wsource", 81.9e-9, "m", 40e-9, 1e-6, "width of the P read device in the source, unscaled"),
    _parameter("lsource", 0.55e-6, "m", 150e-9, 5e-6, "length of the P read device in the source, unscaled"),
    _parameter("source_scale", 4.6, "1", 1.0, 10.0, "factor on the sizes of the source, for its matching"),
    _parameter("source_kick_F", 15e-15, "F", 0.0, 200e-15, "capacitor from the source's enable to the bit line"),
    _parameter("wsink", 79.5e-9, "m", 40e-9, 1e-6, "width of the N read device in the sink, unscaled"),
    _parameter("lsink", 2.0e-6, "m", 150e-9, 20e-6, "length of the N read device in the sink, unscaled"),
    _parameter("sink_scale", 3.4, "1", 1.0, 10.0, "factor on the sizes of the sink, for its matching"),
    _parameter("sink_kick_F", 16e-15, "F", 0.0, 200e-15, "capacitor from the sink's enable to the bit line"),
)
_OPERATION = (
    _parameter("window_s", 16 * LSB_S, "s", 1e-9, 100e-9, "width of the pulse windows; 16 steps of the counter"),
    _parameter("read_s", 15e-9, "s", 0.1e-9, 100e-9, "longest read pulse that is waited for"),
    _parameter("latch_s", 1e-9, "s", 0.05e-9, 50e-9, "from the longest read pulse to the latching of the sign"),
    _parameter("reset_s", 8e-9, "s", 1e-9, 100e-9, "length of the reset"),
    _parameter("reset_V", 1.4, "V", 0.7, 1.6, "high level of rst: the tile's write supply"),
    _parameter("before_V", -0.4, "V", -0.45, 0.45, "integrator's voltage before the reset, of the columns"),
    _parameter("latest_s", 23e-9, "s", 10e-9, 200e-9, "latest closing of a window after the enable"),
)
PARAMETERS = _SIZES + _OPERATION
ALL_PARAMETERS = PARAMETERS + cell.PARAMETERS
MISMATCH = Mismatch(r"xc\d+|xref", same=True)
"""A sample is one converter at several charges. Both references are one instance, so that their devices have names,
and draws, of their own."""

READ_S = 1e-9
"""From the end of the reset to the first read pulse."""
_ENABLE_S = 0.3e-9  # from the latch of the sign to the enable
_LISTEN_S = 1e-9  # from the enable to where its feed-through has settled
_TAIL_S = 0.7e-9
_REFERENCE_BEFORE_V = {"p": -0.4, "n": 0.4}
"""Where a conversion without charge ends: the replica current has run for the whole window."""


@dataclass(frozen=True)
class Reading:
    """What one column's converter did. `pulse_s` is negative for a negative charge."""

    charge_C: float
    pulse_s: float
    sign: float
    energy_J: float
    bl_V: float


@dataclass(frozen=True)
class Phases:
    """Times of one conversion (s); the deck starts with the reset."""

    released: float
    read: float
    latch: float
    enable: float
    listen: float
    latest: float


def values(setting: Setting) -> tuple[dict[str, float], dict[str, float]]:
    """The converter's and the cell's parameters, each by its short name."""
    of_cell = {name: value for name, value in setting.parameters.items() if name.startswith("gain_cell.")}
    own = {name: value for name, value in setting.parameters.items() if name not in of_cell}
    return (
        parameter_values(dataclasses.replace(setting, parameters=own), PARAMETERS),
        parameter_values(dataclasses.replace(setting, parameters=of_cell), cell.PARAMETERS),
    )


def longest_read(setting: Setting) -> float:
    """The longest read pulse that is over when the sign is latched (s)."""
    return values(setting)[0]["read_s"]


def phases(setting: Setting) -> Phases:
    """When what happens, as the converter's parameters ask for."""
    own, _ = values(setting)
    released = own["reset_s"]
    latch = released + READ_S + own["read_s"] + own["latch_s"]
    enable = latch + _ENABLE_S
    return Phases(released, released + READ_S, latch, enable, enable + _LISTEN_S, enable + own["latest_s"])


def deck(title: str, setting: Setting, columns: Sequence[Sequence[Group]]) -> Deck:
    """One converter a column, `xc0`, `xc1`, ..., each with its own supply `va0`, ...; the references `xref` on `vz`."""
    own, cells = values(setting)
    numerics = numeric_values(setting, converter.NUMERICS)
    vdd, at = setting.vdd_V, phases(setting)
    end = at.latest + _TAIL_S
    sizes = " ".join(f"{name}={number(own[name])}" for name in (each.name.partition(".")[2] for each in _SIZES))
    lines = [
        *cell.sources(vdd=vdd, z=vdd),
        *cell.hold(cells),
        *_step("rst", own["reset_V"], 0.0, at.released, end),
        *_step("rstb", 0.0, vdd, at.released, end),
        *_step("lat", vdd, 0.0, at.latch, end),
        *_step("latb", 0.0, vdd, at.latch, end),
        *_step("en", 0.0, vdd, at.enable, end),
        ".subckt references blp bln rst rstb en gatep gaten winp winn vdd vss",
        *(f"x{sign} bl{sign} rst rstb en gate{sign} win{sign} vdd vss zero_crossing_{sign} {sizes}" for sign in SIGNS),
        ".ends references",
        "xref blp bln rst rstb en gatep gaten winp winn z 0 references",
    ]
    for sign in SIGNS:
        lines += converter.timer(f"win{sign}", f"timer{sign}", own["window_s"])
        lines += converter.gate(f"gate{sign}", f"timer{sign}", at.listen, at.latest, vdd)
        lines.append(f"xload{sign} bl{sign} z 0 idle_column")
        lines += _before(f"xref.x{sign}.", f"bl{sign}", _REFERENCE_BEFORE_V[sign], vdd)
    vectors = ["v(winp)", "v(winn)", "i(vz)"]
    for index, groups in enumerate(columns):
        lines += [
            *converter.column(index, groups, cells, vdd),
            f"va{index} a{index} 0 {number(vdd)}",
            f"xc{index} b{index} rst rstb lat latb en winp winn pp{index} pn{index} sgn{index} a{index} 0 "
            f"signed_charge_to_pulse {sizes}",
            *(f"cp{sign}{index} p{sign}{index} 0 {number(converter.PULSE_LOAD_F)}" for sign in SIGNS),
            *_before(f"xc{index}.", f"b{index}", own["before_V"], vdd),
        ]
        vectors += [
            f"v(pp{index})",
            f"v(pn{index})",
            f"v(sgn{index})",
            f"v(b{index})",
            f"i(va{index})",
            f"i(vh{index})",
        ]
    lines.append(f".tran {number(numerics['step_s'])} {number(end)} 0 {number(numerics['step_s'])}")
    return assemble(title, setting, NETLISTS, numerics, lines, vectors)


def _before(inside: str, line: str, before_V: float, vdd_V: float) -> list[str]:
    """Initial conditions as the last conversion left them, on the integrator and on the comparator's capacitor."""
    out = vdd_V / 2 + before_V
    return [f".ic v({line})={number(vdd_V / 2)} v({inside}out)={number(out)} v({inside}xcmp.z)={number(out)}"]


def _step(name: str, before_V: float, after_V: float, time_s: float, end_s: float) -> list[str]:
    return [f"v{name} {name} 0 {pulse(before_V, after_V, time_s, end_s, EDGE_S)}"]


def windows(setting: Setting, waveforms: Waveforms) -> dict[str, tuple[float, float]]:
    """When the window of each sign, `p` and `n`, opens and closes.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED`: a window does not open and close once after the enable, or is cut off.
    """
    own, at = values(setting)[0], phases(setting)
    found = {}
    for sign in SIGNS:
        expected = f"its zero-charge reference must cross once between {at.listen:.4g} and {at.latest:.4g} s"
        opened, closed = converter.window(waveforms, f"v(win{sign})", setting.vdd_V, expected)
        if closed - opened < own["window_s"] - EDGE_S:
            raise _failed(
                f"win{sign} opens at {opened:.4g} s and is cut off at {closed:.4g} s, before it lasted "
                f"window_s = {own['window_s']:g} s; give a later signed_charge_to_pulse.latest_s"
            )
        found[sign] = opened, closed
    return found


def readings(setting: Setting, waveforms: Waveforms, columns: int) -> list[Reading]:
    """One reading a column. Energy: of one conversion, from the beginning of the reset until the windows have closed.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED`: no window, a sign that is neither, pulses of both signs, or a pulse that does not end.
    """
    vdd, at = setting.vdd_V, phases(setting)
    closed = max(close for _, close in windows(setting, waveforms).values())
    found = []
    for index in range(columns):
        positive, negative = (converter.width(waveforms, f"v(p{sign}{index})", vdd, at.read) for sign in SIGNS)
        if positive and negative:
            raise _failed(f"column {index} has a positive pulse of {positive:g} s and a negative one of {negative:g} s")
        sign = reading(waveforms, f"v(sgn{index})", closed) / vdd
        if 0.1 < sign < 0.9:
            raise _failed(f"column {index}: the sign is at {sign:.2f} of the supply, neither positive nor negative")
        found.append(
            Reading(
                charge_C=converter.held_charge(waveforms, index, at.read - 0.1e-9, at.latch),
                pulse_s=positive - negative,
                sign=1.0 if sign > 0.5 else -1.0,
                energy_J=converter.energy(waveforms, f"va{index}", vdd, 0.0, closed + 0.5e-9),
                bl_V=converter.farthest(waveforms, f"v(b{index})", at.read - 0.1e-9, at.read, at.latch),
            )
        )
    return found


def reference_energy(setting: Setting, waveforms: Waveforms) -> float:
    """Energy of both references in one conversion (J); a tile has one of each for all its columns."""
    closed = max(close for _, close in windows(setting, waveforms).values())
    return converter.energy(waveforms, "vz", setting.vdd_V, 0.0, closed + 0.5e-9)


def _failed(message: str) -> SimulationFailure:
    return SimulationFailure(FailureKind.MEASURE_FAILED, message)

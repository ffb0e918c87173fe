"""The deck of the ReLU converter: columns with cells, their converters, one zero-charge reference, the phases.

All columns share reset, replica enable and the pulse window that the reference opens and the tile's timer closes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gaincell_char.circuits import converter
from gaincell_char.circuits.converter import Group
from gaincell_char.circuits.deck import Array, assemble, number, pulse
from gaincell_char.circuits.gain_cell import cell
from gaincell_char.circuits.settings import numeric_values, parameter_values
from gaincell_char.circuits.testbench import Mismatch, Parameter, Setting
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

NETLIST = "charge_to_pulse.lib"
NETLISTS = ("gain_cell.lib", "gates.lib", "front_end.lib", NETLIST, "zero_charge_reference.lib")
LSB_S = 15e-9 / 15.5
"""One counter step of the output: the unit in which the converters are judged."""
MISMATCH = Mismatch(r"xc\d+|xref", same=True)
"""A sample is one converter at several charges. The reference is wrapped in an instance of its own, so that its devices
have other names, thus other draws, than those of a column."""

_SIZES = (
    Parameter("charge_to_pulse.cint_F", 450e-15, "F", 50e-15, 5e-12, "integrating capacitor"),
    Parameter("charge_to_pulse.wamp", 2.0e-6, "m", 100e-9, 20e-6, "width of the amplifier's N device"),
    Parameter("charge_to_pulse.lamp", 100e-9, "m", 30e-9, 1e-6, "length of the amplifier's devices"),
    Parameter("charge_to_pulse.ratio", 2.8, "", 1.0, 20.0, "the amplifier's P width over its N width"),
    Parameter("charge_to_pulse.units", 8.0, "", 1.0, 64.0, "read branches of a cell in the replica current"),
    Parameter("charge_to_pulse.wref", 82.1e-9, "m", 40e-9, 1e-6, "width of the P read device in a replica, unscaled"),
    Parameter("charge_to_pulse.lref", 0.55e-6, "m", 150e-9, 5e-6, "length of the P read device in a replica, unscaled"),
    Parameter("charge_to_pulse.scale", 4.0, "", 1.0, 10.0, "factor on width and length of a replica (matching)"),
    Parameter("charge_to_pulse.ckick_F", 20e-15, "F", 0.0, 200e-15, "capacitor, replica enable to bit line"),
)
_OPERATION = (
    Parameter("charge_to_pulse.t_max_s", 15e-9, "s", 1e-9, 100e-9, "width of the pulse window"),
    Parameter("charge_to_pulse.reset_s", 8e-9, "s", 1e-9, 100e-9, "length of the reset"),
    Parameter("charge_to_pulse.reset_V", 1.4, "V", 0.7, 1.6, "high level of rst: the tile's write supply"),
    Parameter(
        "charge_to_pulse.before_V", -0.4, "V", -0.45, 0.45, "integrator's voltage before the reset, of the columns"
    ),
    Parameter("charge_to_pulse.latest_s", 21e-9, "s", 10e-9, 200e-9, "latest closing of the window after the enable"),
)
PARAMETERS = _SIZES + _OPERATION
ALL_PARAMETERS = PARAMETERS + cell.PARAMETERS

EDGE_S = converter.EDGE_S
_REFERENCE_BEFORE_V = -0.4
"""Where a conversion without charge ends: the replica current has run for the whole window."""
READ_S = 1e-9
"""From the end of the reset to the first read pulse."""
LONGEST_READ_S = 15e-9
ENABLE_S = READ_S + LONGEST_READ_S + 0.3e-9
"""From the end of the reset to the enable of the replica current, when all read pulses are over."""
LISTEN_S = ENABLE_S + 0.5e-9
"""The edge of the enable has settled and the reference may open the window."""


@dataclass(frozen=True)
class Phases:
    """Times of one conversion (s); the deck starts with the reset."""

    released: float
    read: float
    enable: float
    listen: float
    latest: float


def phases(own: Mapping[str, float]) -> Phases:
    """The phases, from the converter's parameters."""
    released = own["reset_s"]
    enable = released + ENABLE_S
    return Phases(released, released + READ_S, enable, released + LISTEN_S, enable + own["latest_s"])


@dataclass(frozen=True)
class Reading:
    """What one column's converter did."""

    charge_C: float
    pulse_s: float
    energy_J: float
    bl_V: float


def read_start(setting: Setting) -> float:
    """When the first read pulses start (s)."""
    return phases(values(setting)[0]).read


def values(setting: Setting) -> tuple[dict[str, float], dict[str, float]]:
    """The converter's and the cell's parameters, each by its short name."""
    own = {name: value for name, value in setting.parameters.items() if not name.startswith("gain_cell.")}
    cells = {name: value for name, value in setting.parameters.items() if name.startswith("gain_cell.")}
    return (
        parameter_values(_with(setting, own), PARAMETERS),
        parameter_values(_with(setting, cells), cell.PARAMETERS),
    )


def _with(setting: Setting, parameters: Mapping[str, float]) -> Setting:
    return Setting(parameters=parameters, vdd_V=setting.vdd_V)


def deck(
    title: str,
    setting: Setting,
    columns: Sequence[Sequence[Group]],
    more: Sequence[str] = (),
    defaults: Mapping[str, float] = converter.NUMERICS,
) -> Deck:
    """One converter a column, `xc0`, `xc1`, ..., each with its own supply `va0`, ...; the reference `xref` on `vz`.

    `more` are lines that the testbench adds, `defaults` its numerics.
    """
    own, cells = values(setting)
    numerics = numeric_values(setting, defaults)
    vdd, at = setting.vdd_V, phases(own)
    end = at.latest + 0.7e-9
    sizes = " ".join(f"{each.name.partition('.')[2]}={number(own[each.name.partition('.')[2]])}" for each in _SIZES)
    lines = [
        *cell.sources(vdd=vdd, z=vdd),
        *cell.hold(cells),
        f"vrst rst 0 {pulse(own['reset_V'], 0.0, at.released, end, EDGE_S)}",
        f"vrstb rstb 0 {pulse(0.0, vdd, at.released, end, EDGE_S)}",
        f"venb enb 0 {pulse(vdd, 0.0, at.enable, at.latest - at.enable, EDGE_S)}",
        *converter.timer("win", "timer", own["t_max_s"]),
        *converter.gate("gate", "timer", at.listen, at.latest, vdd),
        ".subckt reference bl rst rstb enb gate win vdd vss",
        f"xz bl rst rstb enb gate win vdd vss zero_crossing_k {sizes}",
        ".ends reference",
        "xref bz rst rstb enb gate win z 0 reference",
        "xload bz vdd 0 idle_column",
        *_before("xref.xz.", "bz", _REFERENCE_BEFORE_V, vdd),
    ]
    vectors = ["v(win)"]
    for index, groups in enumerate(columns):
        lines += [
            *converter.column(index, groups, cells, vdd),
            f"va{index} a{index} 0 {number(vdd)}",
            f"xc{index} b{index} rst rstb enb win p{index} a{index} 0 charge_to_pulse {sizes}",
            f"cp{index} p{index} 0 {number(converter.PULSE_LOAD_F)}",
            *_before(f"xc{index}.", f"b{index}", own["before_V"], vdd),
        ]
        vectors += [f"v(p{index})", f"v(b{index})", f"i(va{index})", f"i(vh{index})"]
    lines += more
    lines.append(f".tran {number(numerics['step_s'])} {number(end)} 0 {number(numerics['step_s'])}")
    return assemble(title, setting, NETLISTS, numerics, lines, vectors)


def _before(inside: str, line: str, before_V: float, vdd_V: float) -> list[str]:
    """Initial conditions as the last conversion left them, on the integrator and on the comparator's capacitor."""
    out = vdd_V / 2 + before_V
    return [f".ic v({line})={number(vdd_V / 2)} v({inside}out)={number(out)} v({inside}xcmp.z)={number(out)}"]


def opening(setting: Setting, waveforms: Waveforms) -> tuple[float, float]:
    """When the pulse window opens and closes; raises `MEASURE_FAILED` where it does not, or is cut off."""
    own, _ = values(setting)
    at = phases(own)
    opened, closed = converter.window(
        waveforms,
        "v(win)",
        setting.vdd_V,
        f"the zero-charge reference must cross between {at.listen:.4g} and {at.latest:.4g} s",
    )
    if closed - opened < own["t_max_s"] - EDGE_S / 2:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"the window opens at {opened:.4g} s and is cut off at {closed:.4g} s, before "
            f"t_max_s = {own['t_max_s']:g} s; give a later charge_to_pulse.latest_s",
        )
    return opened, closed


def readings(setting: Setting, waveforms: Waveforms, columns: int) -> list[Reading]:
    """One reading a column. Energy: of one conversion, from the beginning of the reset until the window has closed.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED`: no window, or a pulse that does not end.
    """
    own, _ = values(setting)
    vdd, at = setting.vdd_V, phases(own)
    _, closed = opening(setting, waveforms)
    return [
        Reading(
            charge_C=converter.held_charge(waveforms, index, at.read - 0.1e-9, at.enable),
            pulse_s=converter.width(waveforms, f"v(p{index})", vdd, at.enable),
            energy_J=converter.energy(waveforms, f"va{index}", vdd, 0.0, closed + 0.5e-9),
            bl_V=converter.farthest(waveforms, f"v(b{index})", at.read - 0.1e-9, at.read, at.enable),
        )
        for index in range(columns)
    ]


def best_line(charge: Array, width: Array, t_max_s: float) -> tuple[float, float, Array]:
    """Slope (s/C), offset (s) and residuals (s) of the least-squares line through the pulses that are neither zero nor
    clamped; residuals of the others are 0.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED`: fewer than three pulses are on the line.
    """
    on_line = (width > 0.1 * LSB_S) & (width < t_max_s - 0.1 * LSB_S)
    if on_line.sum() < 3:
        raise SimulationFailure(
            FailureKind.MEASURE_FAILED,
            f"{on_line.sum()} of {len(width)} pulses are neither zero nor clamped, a line needs 3; pulses: "
            + ", ".join(f"{each:.3g}" for each in width),
        )
    scale = float(np.abs(charge).max())
    slope, offset = np.polyfit(charge[on_line] / scale, width[on_line], 1)
    residual = np.where(on_line, width - slope * charge / scale - offset, 0.0)
    return float(slope) / scale, float(offset), residual

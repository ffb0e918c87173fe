"""Thermal noise in transient: copies of one conversion, each with noise currents of its own, drawn from a seed.

ngspice has no device noise in transient, so each noise current is a source: Gaussian samples every `noise_step_s`,
joined by straight lines, times sqrt(4 k T gamma g / (2 noise_step_s)): white up to about 0.3/noise_step_s. The
conductance g of each device is measured in the same deck, on copies that are biased 10 mV apart, so that it follows
sizes, corner and temperature.
"""

from __future__ import annotations

import numpy as np

from gaincell_char.circuits import converter
from gaincell_char.circuits.charge_to_pulse import tile
from gaincell_char.circuits.converter import Group
from gaincell_char.circuits.deck import number
from gaincell_char.circuits.settings import axis_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

SOURCES = ("amplifier", "comparator", "auto_zero", "replica")
_CELLS, _READ_S = 12, 5e-9
_STEP_V = 10e-3
_BOLTZMANN = 1.380649e-23
AXES = (
    Axis("copy", "1", tuple(float(copy) for copy in range(16)), True, "which copy of the conversion"),
    Axis("draw", "1", (0.0,), False, "seed of the noise of all copies"),
    Axis("source", "1", (0.0,), False, "0: all noise; 1: amplifier, 2: comparator, 3: auto-zero switch, 4: replica"),
)
NUMERICS = {**converter.NUMERICS, "trtol": 7.0, "step_s": 2e-11, "noise_step_s": 5e-11, "noise_gamma": 1.0}
COLUMNS = {"pulse_s": "s", "shift_s": "s"}


def deck(setting: Setting) -> Deck:
    """A column without noise, then one for each copy."""
    axes = axis_values(setting, AXES)
    (draw,), (source,) = axes["draw"], axes["source"]
    if source != round(source) or not 0 <= source <= len(SOURCES):
        raise InputError(f"axis source: {source:g}; expected 0 (all) to {len(SOURCES)}: {', '.join(SOURCES)}")
    chosen = SOURCES if source == 0 else (SOURCES[round(source) - 1],)
    group = Group(_CELLS, setting.vdd_V, tile.read_start(setting), _READ_S)
    numerics = {**NUMERICS, **setting.numerics}
    own, _ = tile.values(setting)
    lines = _conductances(own, setting.vdd_V)
    steps = round((tile.phases(own).latest + 1e-9) / numerics["noise_step_s"])
    for column, copy in enumerate(axes["copy"], 1):
        for name in chosen:
            draws = np.random.default_rng([round(draw), round(copy), SOURCES.index(name)])
            lines += _noise(column, name, draws.standard_normal(steps), setting, numerics)
    return tile.deck(
        "ReLU charge-to-pulse converter, noise", setting, [[group]] * (len(axes["copy"]) + 1), lines, NUMERICS
    )


def _conductances(own: dict[str, float], vdd_V: float) -> list[str]:
    """Nodes gamplifier, gcomparator, gauto_zero, greplica whose voltage is a conductance (S): the current difference of
    two copies that are 10 mV apart, over 10 mV. The conductance of a copy's input is its transconductance."""
    amplifier = " ".join(f"{name}={number(own[name])}" for name in ("wamp", "lamp", "ratio"))
    replica = (
        f"units={number(own['units'])} wp={number(own['wref'])} lrp={number(own['lref'])} scale={number(own['scale'])}"
    )
    lines = [
        f"xtrip trip trip vdd 0 amplifier {amplifier}",
        f"vstep step 0 {number(_STEP_V)}",
        "eabove above trip step 0 1",
        f"vboost boost 0 {number(own['reset_V'])}",
    ]
    for name, low, high in (
        ("amplifier", f"trip {{out}} vdd 0 amplifier {amplifier}", f"above {{out}} vdd 0 amplifier {amplifier}"),
        ("comparator", "trip {out} vdd 0 comparator_stage", "above {out} vdd 0 comparator_stage"),
        ("replica", f"0 {{out}} vdd 0 unit_source {replica}", f"0 {{out}} vdd step unit_source {replica}"),
    ):
        for tag, instance in (("low", low), ("high", high)):
            out = f"{name}{tag}"
            lines += [f"x{out} {instance.format(out=out)}", f"e{out} {out} trip{out} trip 0 1", f"v{out} trip{out} 0 0"]
        lines.append(f"bg{name} g{name} 0 v=abs(i(v{name}high)-i(v{name}low))/{number(_STEP_V)}")
    return [
        *lines,
        "eswitch switch 0 trip 0 1",
        "vswitch switch switched 0",
        "mswitch switched boost above 0 nfet_thick w=200e-9 l=150e-9",
        f"bgauto_zero gauto_zero 0 v=abs(i(vswitch))/{number(_STEP_V)}",
    ]


def _noise(column: int, name: str, samples: np.ndarray, setting: Setting, numerics: dict[str, float]) -> list[str]:
    """The noise current of one device of column `column`."""
    step = numerics["noise_step_s"]
    kelvin = setting.temperature_C + 273.15
    gamma = 1.0 if name == "auto_zero" else numerics["noise_gamma"]
    factor = 4 * _BOLTZMANN * kelvin * gamma / (2 * step)
    inside = f"xc{column}."
    nodes, on = {
        "amplifier": (f"0 {inside}out", ""),
        "comparator": (f"0 {inside}xcmp.a", ""),
        "auto_zero": (f"{inside}xcmp.z {inside}xcmp.a", f"*min(1,max(0,v({inside}xcmp.on)-v({inside}xcmp.z)-0.4)*10)"),
        "replica": (f"0 b{column}", "*(1-v(enb)/v(vdd))"),
    }[name]
    points = " ".join(f"{index * step:.6g} {sample:.4f}" for index, sample in enumerate(samples))
    tag = f"{name}{column}"
    return [
        f"vn{tag} n{tag} 0 pwl({points})",
        f"bn{tag} {nodes} i=v(n{tag})*sqrt({number(factor)}*max(v(g{name}),1e-9)){on}",
    ]


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a copy; `shift_s` is its pulse minus that of the column without noise. The reference has no noise: of a
    pulse, which ends with the column's edge and begins with the reference's, this is the column's half.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the window or a pulse does not open or close.
    """
    axes = axis_values(setting, AXES)
    quiet, *found = tile.readings(setting, waveforms, len(axes["copy"]) + 1)
    return [
        {
            "copy": copy,
            "draw": axes["draw"][0],
            "source": axes["source"][0],
            "pulse_s": each.pulse_s,
            "shift_s": each.pulse_s - quiet.pulse_s,
        }
        for copy, each in zip(axes["copy"], found, strict=True)
    ]


TESTBENCH = Testbench(
    circuit="charge_to_pulse",
    name="noise",
    summary="spread of the pulse width by thermal noise, all of it or of one source",
    parameters=tile.ALL_PARAMETERS,
    axes=AXES,
    columns=COLUMNS,
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
)

"""Figures of a verification: pulses of circuit and model, their difference, codes, and the waveforms of one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gaincell_char.circuits.head.phases import Phases
from gaincell_char.report.svg import BAD, CIRCUIT, GRID, LINEAR, MUTED, PUBLISHED, SOFTWARE, to_svg
from gaincell_char.spice.types import Waveforms
from gaincell_char.verification.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLORS = {"circuit": CIRCUIT, "paper": PUBLISHED, "null": BAD}


def scatter(compared: Sequence[Comparison]) -> str:
    """Signed pulse of the circuit over that of the model at `circuit` fidelity, in ns."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(4.6, 4.2))
    said = np.array([each.pulses_s["circuit"] for each in compared]) * 1e9
    measured = np.array([each.pulse_s for each in compared]) * 1e9
    axes.plot([-16, 16], [-16, 16], color=GRID, zorder=0)
    axes.plot(said, measured, ".", color=CIRCUIT)
    axes.set(xlabel="pulse of the model (ns)", ylabel="pulse of the circuit (ns)", title="One output of a head")
    return to_svg(figure)


def errors(compared: Sequence[Comparison]) -> str:
    """Circuit minus model in counter steps, over the circuit's pulse, at `circuit` and at `paper` fidelity."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 4.2))
    measured = np.array([each.pulse_s for each in compared]) * 1e9
    for name in ("paper", "circuit"):
        axes.plot(measured, [each.errors_LSB[name] for each in compared], ".", color=_COLORS[name], label=name)
    axes.axhspan(-0.25, 0.25, color=GRID, alpha=0.6, zorder=0)
    axes.set(xlabel="pulse of the circuit (ns)", ylabel="circuit - model (LSB)", title="Pulse error")
    axes.legend()
    return to_svg(figure)


def codes(counts: Mapping[int, int]) -> str:
    """How often the circuit gave each code."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 2.6))
    axes.bar(list(counts), list(counts.values()), color=CIRCUIT)
    axes.set(xlabel="code of the circuit", ylabel="cases", title="Codes drawn")
    axes.grid(visible=False, axis="x")
    return to_svg(figure)


def waveforms(found: Waveforms, phases: Phases, vdd_V: float, title: str) -> str:
    """Bit lines, windows and pulses of one case, the phases marked."""
    import matplotlib.pyplot as plt

    figure, rows = plt.subplots(3, 1, figsize=(9.5, 5.8), sharex=True, height_ratios=(2, 1.2, 1.2))
    time = found.scale * 1e9
    lines, tile, output = rows
    for vector, name, color in (("v(kbl0)", "bit line K", CIRCUIT), ("v(vbl)", "bit line V", PUBLISHED)):
        lines.plot(time, found.vectors[vector], color=color, label=name, linewidth=1)
    lines.set(ylabel="V", ylim=(vdd_V / 2 - 0.15, vdd_V / 2 + 0.15), title=title)
    for vector, name, color in (
        ("v(kwin)", "window K", MUTED),
        ("v(w0)", "ReLU pulse of token 0", CIRCUIT),
    ):
        tile.plot(time, found.vectors[vector], color=color, label=name, linewidth=1)
    for vector, name, color in (
        ("v(vwinp)", "window +", MUTED),
        ("v(pp)", "pulse +", LINEAR),
        ("v(pn)", "pulse -", BAD),
        ("v(sgn)", "sign", SOFTWARE),
    ):
        output.plot(time, found.vectors[vector], color=color, label=name, linewidth=1)
    output.set(xlabel="time (ns)")
    for axes in rows:
        axes.legend(loc="upper left", ncols=4, fontsize=8)
        _mark(axes, phases)
    _name_phases(lines, phases)
    return to_svg(figure)


def _mark(axes: Axes, phases: Phases) -> None:
    for index, (_, start, stop) in enumerate(phases.named()):
        if index % 2:
            axes.axvspan(start * 1e9, stop * 1e9, color=GRID, alpha=0.5, zorder=0)


def _name_phases(axes: Axes, phases: Phases) -> None:
    low, high = axes.get_ylim()
    for name, start, stop in phases.named():
        axes.text((start + stop) * 0.5e9, low + 0.03 * (high - low), name, ha="center", fontsize=8, color=MUTED)

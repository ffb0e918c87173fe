"""Figures of a verification: pulses of circuit and model, their difference, codes, and the waveforms of one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gaincell_char.circuits.converter import crossings
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.report.svg import BAD, CIRCUIT, GRID, LINEAR, MUTED, PUBLISHED, RETRIMMED, to_svg
from gaincell_char.spice.types import Waveforms
from gaincell_char.verification.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE = 4.3, 3.3
_COLORS = {"circuit": CIRCUIT, "paper": PUBLISHED}
_AFTER_NS = 2.5


def scatter(compared: Sequence[Comparison]) -> str:
    """Signed pulse of the circuit over that of the model at `circuit` fidelity, in ns."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=_SIZE)
    said = np.array([each.pulses_s["circuit"] for each in compared]) * 1e9
    measured = np.array([each.pulse_s for each in compared]) * 1e9
    axes.plot([-16, 16], [-16, 16], color=MUTED, linewidth=0.6, zorder=0)
    axes.plot(said, measured, ".", color=CIRCUIT)
    axes.set(xlabel="pulse of the model (ns)", ylabel="pulse of the circuit (ns)", title="One output of each head")
    return to_svg(figure)


def errors(compared: Sequence[Comparison], limit_LSB: float) -> str:
    """Circuit minus model in counter steps, over the circuit's pulse, at `circuit` and at `paper` fidelity."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=_SIZE)
    measured = np.array([each.pulse_s for each in compared]) * 1e9
    for name in ("paper", "circuit"):
        axes.plot(measured, [each.errors_LSB[name] for each in compared], ".", color=_COLORS[name], label=name)
    axes.axhspan(-limit_LSB, limit_LSB, color=GRID, alpha=0.6, zorder=0, label=f"limit, {limit_LSB:g} LSB")
    axes.set(xlabel="pulse of the circuit (ns)", ylabel="circuit - model (LSB)", title="Pulse error")
    axes.legend(fontsize=8, loc="best")
    return to_svg(figure)


def distribution(compared: Sequence[Comparison]) -> str:
    """How often each pulse error occurs, at `circuit` fidelity."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=_SIZE)
    found = np.array([each.errors_LSB["circuit"] for each in compared])
    axes.hist(found, bins=min(25, 5 + len(found) // 4), color=CIRCUIT)
    axes.axvline(0.0, color=MUTED, linewidth=0.6)
    axes.set(xlabel="circuit - model (LSB)", ylabel="cases", title="Pulse error at circuit fidelity")
    axes.grid(visible=False, axis="x")
    return to_svg(figure)


def codes(counts: Mapping[int, int]) -> str:
    """How often the circuit gave each code."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    figure, axes = plt.subplots(figsize=_SIZE)
    axes.bar(list(counts), list(counts.values()), color=CIRCUIT)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="code of the circuit", ylabel="cases", title="Codes")
    axes.set_axisbelow(True)
    axes.grid(visible=False, axis="x")
    return to_svg(figure)


def waveforms(found: Waveforms, phases: Phases, vdd_V: float, title: str) -> str:
    """Bit lines, windows and pulses of one case, the phases marked."""
    import matplotlib.pyplot as plt

    figure, rows = plt.subplots(3, 1, figsize=(8.8, 5.6), sharex=True, height_ratios=(2, 1.2, 1.2))
    sign = "p" if found.vectors["v(sgn)"][-1] > vdd_V / 2 else "n"
    drawn = (
        (("v(kbl0)", "bit line of the key column", CIRCUIT), ("v(vbl)", "bit line of the value column", PUBLISHED)),
        (("v(kwin)", "window", MUTED), ("v(w0)", "ReLU pulse, word line of token 0", CIRCUIT)),
        ((f"v(vwin{sign})", "window", MUTED), ("v(sgn)", "sign", RETRIMMED), ("v(pp)", "pulse +", LINEAR),
         ("v(pn)", "pulse -", BAD)),
    )  # fmt: skip
    for axes, signals in zip(rows, drawn, strict=True):
        for vector, name, color in signals:
            values = found.vectors[vector]
            axes.plot(found.scale * 1e9, values, color=color, label=name, linewidth=1.1)
            if name == "window":
                axes.fill_between(found.scale * 1e9, 0, values, color=GRID, alpha=0.8, zorder=0, linewidth=0)
    rows[0].set(ylabel="V", ylim=(vdd_V / 2 - 0.15, vdd_V / 2 + 0.17), title=title)
    rows[1].set(ylabel="V")
    closed = crossings(found.scale, found.vectors[f"v(vwin{sign})"], vdd_V / 2, rising=False)
    rows[2].set(ylabel="V", xlabel="time (ns)", xlim=(0.0, float(closed[-1]) * 1e9 + _AFTER_NS))
    for axes in rows:
        axes.grid(visible=False)
        axes.legend(loc="upper left", ncols=4, fontsize=8)
    for axes in rows[1:]:
        axes.set_ylim(-0.1 * vdd_V, 1.45 * vdd_V)
    _mark(rows, phases)
    return to_svg(figure)


def _mark(rows: Sequence[Axes], phases: Phases) -> None:
    """A line where each phase begins, and its name at the foot of the first picture."""
    low, high = rows[0].get_ylim()
    _, last = rows[0].get_xlim()
    for name, start_s, stop_s in phases.named():
        start, stop = start_s * 1e9, min(stop_s * 1e9, last)
        for axes in rows:
            axes.axvline(start, color=MUTED, linewidth=0.7, linestyle=":")
        rows[0].text((start + stop) / 2, low + 0.03 * (high - low), name, ha="center", fontsize=8, color=MUTED)

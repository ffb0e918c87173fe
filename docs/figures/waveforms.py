"""Waveforms with their phases marked, in the look of the report: what the scripts beside this one share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gaincell_char.circuits.head.deck import kinks
from gaincell_char.report.page import draw
from gaincell_char.report.svg import BAD, CIRCUIT, GRID, LINEAR, MUTED, PUBLISHED, RETRIMMED, standalone, to_svg
from gaincell_char.spice.batch import BatchEngine
from gaincell_char.spice.types import Deck, Waveforms

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERE = Path(__file__).parent
COLORS = (CIRCUIT, PUBLISHED, LINEAR, RETRIMMED, BAD, MUTED)


@dataclass(frozen=True)
class Trace:
    """A vector of the run. `color`: its place in COLORS; None: a reference or window, gray and dashed. `stop`: where
    it ends (s)."""

    vector: str
    label: str
    color: int | None
    stop: float = float("inf")


@dataclass(frozen=True)
class Phase:
    """A stretch of time (s) and its name; shown as a band. Phases follow each other."""

    name: str
    start: float
    stop: float


def simulate(deck: Deck, more: Sequence[str] = ()) -> Waveforms:
    """The waveforms of `deck`, and of the vectors `more` too."""
    return BatchEngine().run(replace(deck, vectors=(*deck.vectors, *more)), 600.0)


def figure(
    file: str, title: str, found: Waveforms, rows: Mapping[str, Sequence[Trace]], phases: Sequence[Phase]
) -> None:
    """Write `file`: a panel for each of `rows` (label of its axis -> traces) over time in ns, phases as bands."""

    def build() -> str:
        import matplotlib.pyplot as plt

        panels, axes = plt.subplots(len(rows), 1, figsize=(9.0, 0.8 + 1.45 * len(rows)), sharex=True, squeeze=False)
        for axis, (label, traces) in zip(axes[:, 0], rows.items(), strict=True):
            for trace in traces:
                _plot(axis, found, trace)
            axis.set_ylabel(label)
            axis.grid(visible=False, axis="x")
            axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
            for phase in phases[1::2]:
                axis.axvspan(1e9 * phase.start, 1e9 * phase.stop, color=GRID, alpha=0.45, linewidth=0, zorder=0)
        top = axes[0, 0]
        for phase in phases:
            top.text(0.5e9 * (phase.start + phase.stop), 1.02, phase.name, ha="center", va="bottom", fontsize=8,
                     color=MUTED, transform=top.get_xaxis_transform())  # fmt: skip
        axes[-1, 0].set(xlabel="time, ns", xlim=(1e9 * phases[0].start, 1e9 * phases[-1].stop))
        panels.suptitle(title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
        return to_svg(panels)

    (HERE / file).write_text(standalone(draw({file: build})[file]), "utf-8")


def _plot(axis: Axes, found: Waveforms, trace: Trace) -> None:
    until = found.scale <= trace.stop
    time, values = np.array(kinks(found.scale[until], np.asarray(found.vectors[trace.vector], float)[until])).T
    if trace.color is None:
        axis.plot(1e9 * time, values, "--", color=MUTED, linewidth=1.1, label=trace.label)
    else:
        axis.plot(1e9 * time, values, color=COLORS[trace.color], linewidth=1.3, label=trace.label)

"""Figures of docs/charge_to_pulse.md: waveforms of one conversion, bursts over the amplifier's width.

gaincell sweep run charge_to_pulse_burst_amplifier -o burst.parquet
python docs/figures/charge_to_pulse.py burst.parquet
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

from gaincell_char.circuits.charge_to_pulse import tile
from gaincell_char.circuits.converter import Group
from gaincell_char.circuits.testbench import Setting
from gaincell_char.spice.batch import BatchEngine

HERE = Path(__file__).parent
LSB_S = tile.LSB_S
COLUMNS = {
    "12 cells, 2 ns": Group(12, 0.9, 9e-9, 2e-9),
    "12 cells, 8 ns": Group(12, 0.9, 9e-9, 8e-9),
    "64 cells, 1.5 ns": Group(64, 0.9, 9e-9, 1.5e-9),
    "12 sources, 4 ns": Group(12, 0.0, 9e-9, 4e-9),
}


def waveforms() -> None:
    """Bit line, integrator output and pulse of four columns and of the reference, phases marked."""
    setting = Setting()
    deck = tile.deck("figure", setting, [[group] for group in COLUMNS.values()])
    extra = (*(f"v(xc{index}.out)" for index in range(len(COLUMNS))), "v(bz)", "v(xref.xz.out)")
    found = BatchEngine().run(replace(deck, vectors=deck.vectors + extra), 300.0)
    time, vectors = found.scale * 1e9, found.vectors
    figure, axes = plt.subplots(3, 1, figsize=(8, 7), sharex=True, constrained_layout=True)
    for index, name in enumerate(COLUMNS):
        for axis, vector in zip(axes, (f"v(b{index})", f"v(xc{index}.out)", f"v(p{index})"), strict=True):
            axis.plot(time, vectors[vector], label=name, linewidth=1.2)
    for axis, vector in zip(axes, ("v(bz)", "v(xref.xz.out)", "v(win)"), strict=True):
        axis.plot(time, vectors[vector], "k--", linewidth=1, label="reference" if axis is not axes[2] else "window")
    at = tile.phases(tile.values(setting)[0])
    opened, closed = tile.opening(setting, found)
    marks = {"reset": 0, "read": at.read, "enable": at.enable, "window": opened, "": closed}
    for axis, name in zip(axes, ("bit line (V)", "integrator output (V)", "pulse (V)"), strict=True):
        axis.set_ylabel(name)
        axis.grid(alpha=0.3)
        for when in marks.values():
            axis.axvline(when * 1e9, color="gray", linewidth=0.8, linestyle=":")
    for name, when in marks.items():
        axes[0].text(when * 1e9 + 0.2, axes[0].get_ylim()[1], name, va="bottom", fontsize=9)
    axes[0].legend(fontsize=8, loc="lower right")
    axes[2].legend(fontsize=8, loc="upper left")
    axes[2].set_xlabel("time (ns)")
    axes[2].set_xlim(0, 46)
    figure.savefig(HERE / "charge_to_pulse_waveforms.svg")


def bursts(path: Path) -> None:
    """Pulse shift over the energy of a conversion, for amplifiers of several widths."""
    frame = pd.read_parquet(path)
    frame = frame[(frame["charge_to_pulse.cint_F"] == 450e-15) & (frame["charge_to_pulse.ratio"] == 2.8)]
    figure, axis = plt.subplots(figsize=(7, 4), constrained_layout=True)
    for cells, rows in frame.groupby("cells_on"):
        rows = rows.sort_values("charge_to_pulse.wamp")
        axis.plot(rows["energy_J"] * 1e15, -rows["shift_s"] / LSB_S, "o-", label=f"{cells:g} cells at once")
        if cells == 64:
            for _, row in rows.iterrows():
                label = f"{row['charge_to_pulse.wamp'] * 1e6:g} um"
                axis.annotate(label, (row["energy_J"] * 1e15 + 4, -row["shift_s"] / LSB_S + 0.04), fontsize=8)
    axis.axhline(0.5, color="gray", linewidth=0.8)
    axis.set_xlabel("energy of a conversion (fJ)")
    axis.set_ylabel("pulse lost (LSB)")
    axis.set_ylim(0, 3.3)
    axis.set_xlim(350, 850)
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(HERE / "charge_to_pulse_burst.svg")


if __name__ == "__main__":
    waveforms()
    if len(sys.argv) > 1:
        bursts(Path(sys.argv[1]))

"""Figures of docs/charge_to_pulse.md: waveforms of one conversion, bursts over the amplifier's width.

gaincell sweep run charge_to_pulse_burst_amplifier -o burst.parquet
python docs/figures/charge_to_pulse.py burst.parquet
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
from waveforms import Phase, Trace, figure, simulate

from gaincell_char.circuits.charge_to_pulse import tile
from gaincell_char.circuits.converter import Group
from gaincell_char.circuits.testbench import Setting

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
    outputs = [f"v(xc{index}.out)" for index in range(len(COLUMNS))]
    found = simulate(deck, (*outputs, "v(bz)", "v(xref.xz.out)"))
    at = tile.phases(tile.values(setting)[0])
    opened, closed = tile.opening(setting, found)
    names = list(enumerate(COLUMNS))
    rows = {
        "bit line, V": [*(Trace(f"v(b{n})", name, n) for n, name in names), Trace("v(bz)", "reference", None)],
        "integrator out, V": [
            *(Trace(vector, name, n) for vector, (n, name) in zip(outputs, names, strict=True)),
            Trace("v(xref.xz.out)", "reference", None),
        ],
        "pulse, V": [*(Trace(f"v(p{n})", name, n) for n, name in names), Trace("v(win)", "window", None)],
    }
    phases = [
        Phase("reset", 0.0, at.released),
        Phase("cells are read", at.released, at.enable),
        Phase("replica on", at.enable, opened),
        Phase("window: pulses", opened, closed),
        Phase("", closed, closed + 2e-9),
    ]
    title = f"ReLU converter, one conversion; {setting.corner}, {setting.temperature_C:g} C, {setting.vdd_V:g} V"
    figure("charge_to_pulse_waveforms.svg", title, found, rows, phases)


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

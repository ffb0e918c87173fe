"""Figures of docs/charge_to_pulse.md: waveforms of one conversion, bursts over the amplifier's width.

gaincell sweep run charge_to_pulse_burst_amplifier -o burst.parquet
python docs/figures/charge_to_pulse.py burst.parquet
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pandas as pd
from waveforms import COLORS, Phase, Trace, figure, simulate

from gaincell_char.circuits.charge_to_pulse import tile
from gaincell_char.circuits.converter import Group
from gaincell_char.circuits.testbench import Setting
from gaincell_char.report.page import draw
from gaincell_char.report.svg import MUTED, standalone, to_svg

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
    (HERE / "charge_to_pulse_burst.svg").write_text(
        standalone(draw({"bursts": partial(_bursts, frame)})["bursts"]), "utf-8"
    )


def _bursts(frame: pd.DataFrame) -> str:
    import matplotlib.pyplot as plt

    panel, axis = plt.subplots(figsize=(7, 3.8))
    for color, (cells, rows) in zip(COLORS, frame.groupby("cells_on"), strict=False):
        rows = rows.sort_values("charge_to_pulse.wamp")
        lost = -rows["shift_s"] / LSB_S
        axis.plot(rows["energy_J"] * 1e15, lost, "o-", color=color, label=f"{cells:g} cells at once")
        for width, x, y in zip(rows["charge_to_pulse.wamp"], rows["energy_J"] * 1e15, lost, strict=True):
            if cells == 64:
                axis.annotate(f"{width * 1e6:g} um", (x, y), (4, 4), textcoords="offset points", fontsize=8)
    axis.axhline(0.5, color=MUTED, linewidth=0.9, linestyle=":")
    axis.text(0.01, 0.47, "target, 24 cells", color=MUTED, fontsize=8, va="top", transform=axis.get_yaxis_transform())
    axis.set(xlabel="energy of a conversion, fJ", ylabel="pulse lost, LSB", xlim=(370, 830), ylim=(0, 3.3))
    axis.set_title("Bursts over the width of the amplifier's N device; tt, 27 C, 0.9 V")
    axis.legend()
    return to_svg(panel)


if __name__ == "__main__":
    waveforms()
    if len(sys.argv) > 1:
        bursts(Path(sys.argv[1]))

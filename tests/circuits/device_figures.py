"""Figures of merit of the cmos28 devices, from ngspice. Run as a program it prints the table of docs/technology.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaincell_char.spice.batch import BatchEngine
from gaincell_char.spice.types import Deck
from gaincell_char.technology import CORNERS, technology

LENGTHS_M = {"nfet": 30e-9, "pfet": 30e-9, "nfet_thick": 150e-9, "pfet_thick": 150e-9}
WIDTH_M = 1e-6


@dataclass(frozen=True)
class Figures:
    """W 1 um, minimum length, 27 C. On and off currents at 0.9 V; thresholds at 100 nA W/L, drain at 0.05 and 0.9 V."""

    ion_uA: float
    ioff_pA: float
    floor_pA: float
    vt_lin_V: float
    vt_sat_V: float
    swing_mV: float
    gate_A_cm2: float

    @property
    def dibl_mV_V(self) -> float:
        return (self.vt_lin_V - self.vt_sat_V) / 0.85 * 1e3


def transfer(
    engine: BatchEngine, device: str, corner: str, drain_V: float, length_m: float | None = None, gates="-0.5 1.4 0.005"
):
    """Gate voltage, drain current and gate current, all counted as for an NMOS."""
    sign = 1 if device.startswith("nfet") else -1
    length = length_m or LENGTHS_M[device]
    start, stop, step = (sign * float(part) for part in gates.split())
    text = "\n".join(
        [
            f"* transfer curve of {device}",
            technology("cmos28").lib_line(corner),
            ".options gmin=1e-18 abstol=1e-18",
            "vg g 0 0",
            f"vd d 0 {sign * drain_V!r}",
            f"m1 d g 0 0 {device} w={WIDTH_M!r} l={length!r}",
            f".dc vg {start!r} {stop!r} {step!r}",
            ".end",
            "",
        ]
    )
    waves = engine.run(Deck(text, ("i(vd)", "i(vg)"), technology("cmos28").files))
    return sign * waves.scale, -sign * waves.vectors["i(vd)"], -sign * waves.vectors["i(vg)"]


def figures(engine: BatchEngine, device: str, corner: str) -> Figures:
    gate, linear, gate_current = transfer(engine, device, corner, 0.05)
    _, saturated, _ = transfer(engine, device, corner, 0.9)
    criterion = np.log(1e-7 * WIDTH_M / LENGTHS_M[device])
    up = gate > 0.05
    vt_lin, vt_sat = (float(np.interp(criterion, np.log(i[up]), gate[up])) for i in (linear, saturated))
    near = int(np.argmin(np.abs(gate - (vt_sat - 0.12))))
    decades = np.log10(saturated[near + 2] / saturated[near - 2])
    area_cm2 = WIDTH_M * LENGTHS_M[device] * 1e4
    return Figures(
        ion_uA=float(np.interp(0.9, gate, saturated)) * 1e6,
        ioff_pA=float(np.interp(0.0, gate, saturated)) * 1e12,
        floor_pA=float(np.interp(-0.5, gate, saturated)) * 1e12,
        vt_lin_V=vt_lin,
        vt_sat_V=vt_sat,
        swing_mV=float((gate[near + 2] - gate[near - 2]) / decades) * 1e3,
        gate_A_cm2=float(np.interp(0.9, gate, gate_current)) / area_cm2,
    )


def row(device: str, corner: str, found: Figures) -> str:
    return (
        f"| `{device}` | {corner} | {found.ion_uA:.0f} | {found.ioff_pA:.4g} | {found.floor_pA:.2g} | "
        f"{found.vt_lin_V:.3f} | {found.vt_sat_V:.3f} | {found.dibl_mV_V:.0f} | "
        f"{found.swing_mV:.1f} | {found.gate_A_cm2:.1e} |"
    )


if __name__ == "__main__":
    simulator = BatchEngine()
    for each in LENGTHS_M:
        for name in CORNERS:
            print(row(each, name, figures(simulator, each, name)))

"""The table of read devices in docs/technology.md: `python tests/technology/read_devices.py`, with the PDKs installed.

For each choice of devices in the place of `nfet_thick` and `pfet_thick` the P read device gets the length at which the
cell's currents at the rails are equal, bit line at VDD/2.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

from gaincell_char import technology as room
from gaincell_char.circuits.ported import ported
from gaincell_char.circuits.testbench import Setting, testbench
from gaincell_char.spice.engine import open_engine
from gaincell_char.spice.types import Deck
from gaincell_char.technology import Technology, technology
from gaincell_char.technology.open_pdk import OpenPdk

Array = npt.NDArray[np.float64]
_SKY = "sky130_fd_pr__{}fet_{}__model"
LONG_M = 2e-6
CHOICES = (
    ("cmos28", "nfet_thick", "pfet_thick"),
    ("freepdk45", "NMOS_VTH", "PMOS_VTH"),
    ("freepdk45", "NMOS_VTG", "PMOS_VTG"),
    ("freepdk45", "NMOS_THKOX", "PMOS_THKOX"),
    ("sky130", _SKY.format("n", "01v8"), _SKY.format("p", "01v8")),
    ("sky130", _SKY.format("n", "01v8_lvt"), _SKY.format("p", "01v8_lvt")),
    ("sky130", _SKY.format("n", "g5v0d10v5"), _SKY.format("p", "g5v0d10v5")),
)


def with_devices(name: str, n: str, p: str) -> Technology:
    """The technology with `n` and `p` in the place of the thick devices."""
    devices = technology(name)
    if not isinstance(devices, OpenPdk):
        return devices
    smallest = {key: value for key, value in devices.smallest.items() if key != "gain_cell.lrp"}
    return replace(devices, models={**devices.models, "nfet_thick": n, "pfet_thick": p}, smallest=smallest)


def run(deck: Deck) -> tuple[Array, Mapping[str, Array]]:
    with closing(open_engine("batch")) as engine:
        waves = engine.run(deck)
    return waves.scale, waves.vectors


def threshold_V(devices: Technology, model: str, width_m: float) -> float:
    """Gate voltage (magnitude) at 100 nA W/L, drain at the supply, W as in the cell and L = 2 um."""
    sign = 1 if model.lower().startswith(("n", "sky130_fd_pr__n")) else -1
    vdd = sign * devices.vdd_V
    lines = [
        "* threshold",
        devices.lib_line("tt"),
        f"vd d 0 {vdd!r}",
        "vg g 0 0",
        f"m1 d g 0 0 {model} w={width_m!r} l={LONG_M!r}",
        ".options gmin=1e-15 reltol=1e-6 abstol=1e-16",
        f".dc vg 0 {vdd!r} {vdd / 180!r}",
        ".end",
    ]
    gate, found = run(Deck("\n".join(lines), ("i(vd)",), devices.files_at("tt")))
    current = np.abs(found["i(vd)"])
    wanted = 100e-9 * width_m / LONG_M
    if current.max() < wanted:
        return float("nan")
    return float(np.interp(np.log(wanted), np.log(current), np.abs(gate)))


def cell(devices: Technology, sizes: Mapping[str, float]) -> tuple[Array, Array, Array]:
    """Stored voltage, current into the cell and into the storage node, bit line at VDD/2."""
    bench = ported(testbench("gain_cell.iv"), devices)
    values = {each.name: each.default for each in bench.parameters} | dict(sizes)
    store = tuple(float(value) for value in np.linspace(0.0, devices.vdd_V, 73))
    axes = {"v_store_V": store, "v_bl_V": (devices.vdd_V / 2,)}
    deck = bench.deck(Setting(devices.name, "tt", 27.0, devices.vdd_V, values, axes))
    scale, found = run(replace(deck, vectors=("i(vbl)", "i(vst)")))
    return scale, -found["i(vbl)"], -found["i(vst)"]


def balanced(devices: Technology) -> tuple[float, Array, Array, Array]:
    """The length of the P read device at which the currents at the rails are equal, and the cell that has it."""
    length = 0.8e-6
    for _ in range(6):
        store, current, gate = cell(devices, {"gain_cell.lrn": LONG_M, "gain_cell.lrp": length})
        if abs(current[0] / current[-1] + 1) < 0.005:
            break
        length *= -float(current[0] / current[-1])
    return length, store, current, gate


def row(name: str, n: str, p: str) -> str:
    devices = with_devices(name, n, p)
    with patch.dict(room._KNOWN, {name: lambda: devices}):
        width = 80e-9 if name == "cmos28" else devices.design["gain_cell.wn"]
        thresholds = [threshold_V(devices, model, width) for model in (n, p)]
        head = f"| {name} | `{n}` | {thresholds[0]:.3f}, {thresholds[1]:.3f} | {sum(thresholds) / devices.vdd_V:.2f} |"
        if not sum(thresholds) < 2 * devices.vdd_V:
            return f"{head} does not conduct |"
        length, v, current, gate = balanced(devices)
        line = np.polyval(np.polyfit(v, current, 1), v)
        slopes = np.gradient(current, v)
        return (
            f"{head} {length * 1e6:.2f} | {current[-1] * 1e6:.3g} | {np.interp(0.0, current, v) / devices.vdd_V:.3f} | "
            f"{np.abs(current - line).max() / (line[-1] - line[0]):.1%} | {slopes.min() / slopes.max():.2f} | "
            f"{np.abs(gate).max():.1e} |"
        )


if __name__ == "__main__":
    print("| technology | N device | Vt N, P | sum / VDD | P length (um) | I at the rails (uA) | zero / VDD | bow | "
          "smallest / largest slope | storage node (A) |")  # fmt: skip
    for choice in CHOICES:
        print(row(*choice), flush=True)

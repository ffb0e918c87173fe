"""The ReLU converter."""

from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import INVERTER, NAND2

from sheets.blocks import COMPARATOR, FRONT_END, UNIT_SOURCE


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "charge_to_pulse",
        "ReLU charge-to-pulse converter",
        ((converter(),),),
        "front_end, comparator and unit_source: front_end.svg. win: from the zero-charge reference of the tile.",
    )


def converter() -> Sheet:
    s = Sheet("charge_to_pulse", "pulse = charge / replica current, while win is high")
    s.add(
        "xref",
        UNIT_SOURCE,
        130,
        60,
        text=(150, 20, "right"),
        show={"units": "×", "wp": "W", "lrp": "L", "scale": "scale", "ckick_F": "kick"},
    )
    s.port("enb", (60, 90), "left")
    s.wire((60, 90), "xref.enb")
    s.add("xint", FRONT_END, 310, 160, show={"cint_F": "C_int", "wamp": "W", "ratio": "P/N"})
    s.wire("xref.bl", (270, 90), (270, 180), "xint.bl")
    s.port("bl", (60, 180), "left")
    s.wire((60, 180), (270, 180))
    s.port("rst", (60, 220), "left")
    s.port("rstb", (60, 260), "left")
    s.wire((60, 260), (280, 260), (280, 220), "xint.rstb")
    s.wire((60, 220), (260, 220), (260, 200), "xint.rst")
    s.add("xcmp", COMPARATOR, 480, 160)
    s.wire("xint.out", "xcmp.out")
    s.label("rst", "xcmp.rst", "left")
    s.label("out", (450, 180), "up")
    s.add("xnand", NAND2, 650, 190)
    s.wire("xcmp.cmp", "xnand.a")
    s.label("cmp", (626, 180), "up")
    s.port("win", (60, 320), "left")
    s.wire((60, 320), (630, 320), (630, 200), "xnand.b")
    s.add("xinv", INVERTER, 740, 190)
    s.wire("xnand.y", "xinv.a")
    s.label("pulseb", (730, 190), "up")
    s.wire("xinv.y", (830, 190))
    s.port("pulse", (830, 190), "right")
    return s

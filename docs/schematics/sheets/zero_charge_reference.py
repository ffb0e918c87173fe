"""The reference column of the ReLU converter."""

from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import CAPACITOR, INVERTER, NAND2, SOURCE, block

from sheets.blocks import ARM, COMPARATOR, FRONT_END, IDLE_COLUMN, UNIT_SOURCE


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "zero_charge_reference",
        "Zero-charge reference",
        ((zero_charge("zero_charge_k", "zero_crossing_k", "enb"), idle_column()), (zero_crossing_k(),), (arm(),)),
        "The column is given no charge; win opens when its comparator has fallen, and closes with gate.",
    )


def zero_charge(name: str, crossing: str, enable: str) -> Sheet:
    """A reference column: cells in hold on a bit line, and what detects its crossing."""
    s = Sheet(name)
    cross = block(
        crossing, 150, 180, left={"bl": 20, "rst": 70, "rstb": 100, enable: 130, "gate": 160}, right={"win": 70}
    )
    s.add("xload", IDLE_COLUMN, 70, 10)
    s.add("xcross", cross, 250, 20, show={"cint_F": "C_int", "wamp": "W", "ratio": "P/N"})
    s.wire("xload.bl", "xcross.bl")
    s.label("bl", (220, 40), "up")
    for pin in ("rst", "rstb", enable, "gate"):
        s.wire((100, s.parts["xcross"].pin(pin)[1]), f"xcross.{pin}")
        s.port(pin, (100, s.parts["xcross"].pin(pin)[1]), "left")
    s.wire("xcross.win", (450, None))
    s.port("win", (450, 90), "right")
    return s


def idle_column() -> Sheet:
    s = Sheet("idle_column", "64 cells in hold")
    cell = block(
        "gain_cell",
        110,
        140,
        left={"st": 20, "wbl": 50, "wwl": 80, "wwlb": 110},
        right={"bl": 70},
        top={"wlrb": 60},
        bottom={"wlr": 60},
    )
    s.add("xcell", cell, 290, 60, text=(26, 141, "down"), show={"m": "×"})
    s.wire("xcell.st", (60, None), (None, 210))
    s.wire("xcell.wbl", (60, None))
    s.label("mid", (170, 80), "up")
    s.wire("xcell.wwl", (130, None), (None, 210))
    s.label("wwl", (170, 140), "up")
    s.wire("xcell.wwlb", (200, None), (None, 210))
    s.label("wwlb", (240, 170), "up")
    for name, x in (("vmid", 60), ("vwwl", 130), ("vwwlb", 200)):
        s.add(name, SOURCE, x, 240)
        s.rail("vss", f"{name}.n")
    s.rail("vdd", "xcell.wlrb")
    s.rail("vss", "xcell.wlr")
    s.wire("xcell.bl", (500, None))
    s.port("bl", (500, 130), "right")
    s.add("cwire", CAPACITOR, 440, 170)
    s.wire((440, 130), "cwire.p")
    s.rail("vss", "cwire.n")
    return s


def zero_crossing_k() -> Sheet:
    s = Sheet("zero_crossing_k", "charge_to_pulse with an arm in place of its output gates")
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
    s.add("xarm", ARM, 680, 160)
    s.wire("xcmp.cmp", "xarm.x")
    s.label("cmp", (640, 180), "up")
    s.port("gate", (60, 320), "left")
    s.wire((60, 320), (650, 320), (650, 200), "xarm.en")
    s.wire((650, 220), "xarm.gate")
    s.wire("xarm.y", (810, 180))
    s.port("win", (810, 180), "right")
    return s


def arm() -> Sheet:
    s = Sheet("arm", "y rises when x falls after it was high while en is high, and falls with gate")
    s.add("xset", NAND2, 130, 120)
    s.add("xq", NAND2, 260, 130)
    s.add("xqb", NAND2, 260, 230)
    s.add("xnot", INVERTER, 260, 300)
    s.add("xfell", NAND2, 420, 140)
    s.add("xfell2", INVERTER, 520, 140)
    s.add("xgate", NAND2, 620, 150)
    s.add("xout", INVERTER, 720, 150)
    s.wire((50, 110), "xset.a")
    s.port("en", (50, 110), "left")
    s.wire((50, 130), "xset.b")
    s.port("x", (50, 130), "left")
    s.wire("xset.y", "xq.a")
    s.label("setb", (216, 120), "up")
    s.wire((110, 110), (110, 240), "xqb.b")
    s.wire((80, 130), (80, 300), "xnot.a")
    s.wire("xq.y", "xfell.a")
    s.label("q", (385, 130), "up")
    s.wire((350, 130), (350, 170), (240, 170), (240, 220), "xqb.a")
    s.wire("xqb.y", (360, 230), (360, 190), (230, 190), (230, 140), "xq.b")
    s.label("qb", (345, 230), "up")
    s.wire("xnot.y", (400, 300), (400, 150), "xfell.b")
    s.label("xb", (350, 300), "up")
    s.wire("xfell.y", "xfell2.a")
    s.label("fellb", (504, 140), "up")
    s.wire("xfell2.y", "xgate.a")
    s.label("fell", (600, 140), "up")
    s.wire((50, 350), (600, 350), (600, 160), "xgate.b")
    s.port("gate", (50, 350), "left")
    s.wire("xgate.y", "xout.a")
    s.label("yb", (705, 150), "up")
    s.wire("xout.y", (820, 150))
    s.port("y", (820, 150), "right")
    return s

"""The bit-line integrator, the comparator, and the units that take the charge out again."""

from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import (
    AMPLIFIER,
    CAPACITOR,
    INVERTER,
    NFET,
    NFET_THICK,
    PFET,
    PFET_THICK,
    RESISTOR,
    STAGE,
)

from sheets.gates import complementary


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "front_end",
        "Front end and comparator",
        ((front_end(), amplifier(), comparator_stage()), (comparator(),), (unit_source(), unit_sink())),
        "rst is 1.4 V high, rstb 0.9 V. Values are the defaults; a converter sets its own.",
    )


def front_end() -> Sheet:
    s = Sheet("front_end", "bit-line integrator")
    s.add("mswp", PFET, 190, 70, "R90", text=(18, 8, "right"))
    s.add("mswn", NFET_THICK, 190, 180, "R270", text=(18, -8, "right"))
    s.add("cint", CAPACITOR, 190, 240, "R270", text=(0, 14, "down"))
    s.add("xamp", AMPLIFIER, 150, 320, show={"wamp": "W", "ratio": "P/N"})
    s.port("bl", (50, 320), "left")
    s.wire((50, 320), "xamp.in")
    s.wire("xamp.out", (330, 320))
    s.port("out", (330, 320), "right")
    s.wire((110, 320), (110, 110), "mswp.d")
    s.wire((110, 140), "mswn.d")
    s.wire((110, 240), "cint.p")
    s.wire((270, 320), (270, 110), "mswp.s")
    s.wire((270, 140), "mswn.s")
    s.wire((270, 240), "cint.n")
    s.wire((50, 70), "mswp.g")
    s.port("rstb", (50, 70), "left")
    s.wire((50, 180), "mswn.g")
    s.port("rst", (50, 180), "left")
    return s


def amplifier() -> Sheet:
    s = Sheet("amplifier")
    complementary(s, "in", "out")
    return s


def comparator_stage() -> Sheet:
    s = Sheet("comparator_stage")
    s.add("x1", INVERTER, 80, 120)
    s.wire((50, 120), "x1.a")
    s.port("z", (50, 120), "left")
    s.wire("x1.y", (170, 120))
    s.port("a", (170, 120), "right")
    return s


def comparator() -> Sheet:
    s = Sheet("comparator", "auto-zeroed: msw opens an RC delay after the reset switch")
    s.add("rdelay", RESISTOR, 130, 60, "R270", text=(0, -10, "up"))
    s.port("rst", (60, 60), "left")
    s.wire((60, 60), "rdelay.p")
    s.add("cdelay", CAPACITOR, 190, 90)
    s.wire("rdelay.n", (290, 60))
    s.wire((190, 60), "cdelay.p")
    s.wire("cdelay.n", (190, 120))
    s.rail("vss", (190, 120))
    s.label("on", (240, 60), "up")
    s.add("msw", NFET_THICK, 290, 80, "MX90", text=(20, 6, "right"))
    s.wire((290, 60), "msw.g")
    s.add("cz", CAPACITOR, 150, 180, "R270")
    s.port("out", (60, 180), "left")
    s.wire((60, 180), "cz.p")
    s.add("x1", STAGE, 260, 180)
    s.wire("cz.n", "x1.z")
    s.label("z", (200, 180), "up")
    s.wire((230, 180), (230, 120), "msw.d")
    s.wire((350, 180), (350, 120), "msw.s")
    s.add("x2", INVERTER, 380, 180)
    s.add("x3", INVERTER, 480, 180)
    s.add("x4", INVERTER, 580, 180)
    s.wire("x1.a", "x2.a")
    s.label("a", (360, 180), "down")
    s.wire("x2.y", "x3.a")
    s.label("b", (460, 180), "up")
    s.wire("x3.y", "x4.a")
    s.label("c", (560, 180), "up")
    s.wire("x4.y", (680, 180))
    s.port("cmp", (680, 180), "right")
    return s


def unit_source() -> Sheet:
    s = Sheet("unit_source", "replica of the cell's P branch")
    s.add("mrp", PFET_THICK, 160, 90)
    s.add("msp", PFET, 160, 170)
    s.add("ckick", CAPACITOR, 150, 230, "R270")
    s.wire("mrp.s", (200, 50))
    s.rail("vdd", (200, 50))
    s.wire((130, 90), "mrp.g")
    s.wire((130, 90), (130, 100))
    s.rail("vss", (130, 100))
    s.wire("mrp.d", "msp.s")
    s.label("p1", (200, 130), "right")
    s.wire((60, 170), "msp.g")
    s.port("enb", (60, 170), "left")
    s.wire((100, 170), (100, 230), "ckick.p")
    s.wire("msp.d", (200, 230), "ckick.n")
    s.wire((200, 230), (280, 230))
    s.port("bl", (280, 230), "right")
    return s


def unit_sink() -> Sheet:
    s = Sheet("unit_sink", "replica of the cell's N branch")
    s.add("mrn", NFET_THICK, 160, 210)
    s.add("msn", NFET, 160, 130)
    s.add("ckick", CAPACITOR, 150, 70, "R270", text=(0, -14, "up"))
    s.wire("mrn.s", (200, 250))
    s.rail("vss", (200, 250))
    s.wire("mrn.g", (130, None), (None, 190))
    s.rail("vdd", (130, 190))
    s.wire("msn.s", "mrn.d")
    s.label("n1", (200, 170), "right")
    s.wire((60, 130), "msn.g")
    s.port("en", (60, 130), "left")
    s.wire((100, 130), (100, 70), "ckick.p")
    s.wire("msn.d", (200, 70), "ckick.n")
    s.wire((200, 70), (280, 70))
    s.port("bl", (280, 70), "right")
    return s

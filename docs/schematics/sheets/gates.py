"""The logic that the converters share."""

from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import INVERTER, NFET, PFET, TRANSMISSION_GATE


def page(known: Mapping[str, Circuit]) -> Page:
    return Page("gates", "Gates", ((inverter(), nand2(), nor2()), (transmission_gate(), latch())))


def complementary(s: Sheet, gate: str, out: str) -> None:
    """P over N, gates together on the left, drains on the right."""
    s.add("mp", PFET, 100, 80)
    s.add("mn", NFET, 100, 160)
    s.wire("mp.g", (80, None), (None, 160), "mn.g")
    s.wire((40, 120), (80, 120))
    s.port(gate, (40, 120), "left")
    s.wire("mp.d", "mn.d")
    s.wire((140, 120), (190, 120))
    s.port(out, (190, 120), "right")
    s.wire("mp.s", (140, 40))
    s.rail("vdd", (140, 40))
    s.wire("mn.s", (140, 200))
    s.rail("vss", (140, 200))


def inverter() -> Sheet:
    s = Sheet("inverter")
    complementary(s, "a", "y")
    return s


def nand2() -> Sheet:
    s = Sheet("nand2")
    s.add("mpa", PFET, 100, 80)
    s.add("mpb", PFET, 210, 80)
    s.add("mna", NFET, 100, 160)
    s.add("mnb", NFET, 100, 240)
    s.wire("mpa.s", (140, 40))
    s.wire("mpb.s", (250, 40))
    s.rail("vdd", (140, 40), (250, 40))
    s.wire("mpa.d", "mna.d")
    s.wire("mpb.d", (250, 120), (140, 120))
    s.wire((250, 120), (300, 120))
    s.port("y", (300, 120), "right")
    s.wire("mna.s", "mnb.d")
    s.label("n", (140, 200), "right")
    s.wire("mnb.s", (140, 280))
    s.rail("vss", (140, 280))
    s.wire("mpa.g", (80, None), (None, 160), "mna.g")
    s.wire((40, 160), (80, 160))
    s.port("a", (40, 160), "left")
    s.wire((40, 240), "mnb.g")
    s.port("b", (40, 240), "left")
    s.label("b", "mpb.g", "left")
    return s


def nor2() -> Sheet:
    s = Sheet("nor2")
    s.add("mpa", PFET, 100, 80)
    s.add("mpb", PFET, 100, 160)
    s.add("mnb", NFET, 100, 240)
    s.add("mna", NFET, 210, 240)
    s.wire("mpa.s", (140, 40))
    s.rail("vdd", (140, 40))
    s.wire("mpa.d", "mpb.s")
    s.label("p", (140, 120), "right")
    s.wire("mpb.d", "mnb.d")
    s.wire("mna.d", (250, 200), (140, 200))
    s.wire((250, 200), (300, 200))
    s.port("y", (300, 200), "right")
    s.wire("mnb.s", (140, 280))
    s.wire("mna.s", (250, 280))
    s.rail("vss", (140, 280), (250, 280))
    s.wire((40, 80), "mpa.g")
    s.port("a", (40, 80), "left")
    s.wire("mpb.g", (80, None), (None, 240), "mnb.g")
    s.wire((40, 160), (80, 160))
    s.port("b", (40, 160), "left")
    s.label("a", "mna.g", "left")
    return s


def transmission_gate() -> Sheet:
    s = Sheet("transmission_gate", "conducts while on is high")
    pass_gate(s, PFET, NFET)
    return s


def pass_gate(s: Sheet, p: object, n: object) -> None:
    """The two devices side by side between a and b."""
    s.add("mp", p, 190, 70, "R90", text=(18, 8, "right"))  # type: ignore[arg-type]
    s.add("mn", n, 190, 210, "R270", text=(18, -8, "right"))  # type: ignore[arg-type]
    s.wire("mp.d", (140, None), (None, 140), (None, 170), "mn.d")
    s.wire("mp.s", (240, None), (None, 140), (None, 170), "mn.s")
    s.wire((80, 140), (140, 140))
    s.port("a", (80, 140), "left")
    s.wire((240, 140), (300, 140))
    s.port("b", (300, 140), "right")
    s.wire((80, 70), "mp.g")
    s.port("onb", (80, 70), "left")
    s.wire((80, 210), "mn.g")
    s.port("on", (80, 210), "left")


def latch() -> Sheet:
    s = Sheet("latch", "transparent while on is high")
    s.add("xin", TRANSMISSION_GATE, 80, 120)
    s.add("xqb", INVERTER, 200, 120)
    s.add("xq", INVERTER, 320, 120)
    s.add("xhold", TRANSMISSION_GATE, 260, 220, "MY")
    s.wire((40, 120), "xin.a")
    s.port("d", (40, 120), "left")
    s.wire("xin.b", "xqb.a")
    s.wire("xqb.y", "xq.a")
    s.wire("xq.y", (440, 120))
    s.port("q", (440, 120), "right")
    s.wire((280, 120), (280, 60), (440, 60))
    s.port("qb", (440, 60), "right")
    s.label("s", (170, 120), "up")
    s.wire((180, 120), (180, 220), "xhold.b")
    s.wire((400, 120), (400, 220), "xhold.a")
    s.port("on", "xin.on", "down")
    s.port("onb", "xin.onb", "up")
    s.label("onb", "xhold.on", "down")
    s.label("on", "xhold.onb", "up")
    return s

"""The gain cell."""

from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import CAPACITOR, NFET, NFET_THICK, PFET, PFET_THICK


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "gain_cell",
        "Gain cell",
        ((cell(),),),
        "wwl, wwlb: write word lines, -0.5 and 1.4 V in hold. "
        "wlr high and wlrb low: read; the current into bl is that of mrn less that of mrp.",
    )


def cell() -> Sheet:
    s = Sheet("gain_cell", "write gate, store, push-pull read branch")
    s.add("mwp", PFET_THICK, 190, 170, "R90", text=(18, 8, "right"))
    s.add("mwn", NFET_THICK, 190, 310, "R270", text=(18, -8, "right"))
    s.wire("mwp.d", (140, None), (None, 240), (None, 270), "mwn.d")
    s.wire("mwp.s", (240, None), (None, 240), (None, 270), "mwn.s")
    s.wire((70, 240), (140, 240))
    s.port("wbl", (70, 240), "left")
    s.port("wwlb", (70, 170), "left")
    s.wire((70, 170), "mwp.g")
    s.port("wwl", (70, 310), "left")
    s.wire((70, 310), "mwn.g")

    s.wire((240, 240), (340, 240))
    s.add("cst", CAPACITOR, 290, 280)
    s.wire((290, 240), "cst.p")
    s.wire("cst.n", (290, 310))
    s.rail("vss", (290, 310))
    s.port("st", (340, 60), "up")
    s.add("mrp", PFET_THICK, 380, 100)
    s.add("mrn", NFET_THICK, 380, 380)
    s.wire((340, 60), (340, 100), (340, 380), "mrn.g")
    s.wire((340, 100), "mrp.g")
    s.add("msp", PFET, 460, 180, "MY")
    s.add("msn", NFET, 460, 300, "MY")
    s.wire("mrp.d", "msp.s")
    s.label("p1", (420, 140), "left")
    s.wire("msp.d", (420, 240), "msn.d")
    s.wire("msn.s", "mrn.d")
    s.label("n1", (420, 340), "left")
    s.wire((420, 240), (540, 240))
    s.port("bl", (540, 240), "right")
    s.wire("msp.g", (540, 180))
    s.port("wlrb", (540, 180), "right")
    s.wire("msn.g", (540, 300))
    s.port("wlr", (540, 300), "right")
    s.wire("mrp.s", (420, 60))
    s.rail("vdd", (420, 60))
    s.wire("mrn.s", (420, 420))
    s.rail("vss", (420, 420))
    return s

"""The signed converter."""

from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import INVERTER, NAND2

from sheets.blocks import COMPARATOR, FRONT_END, LATCH, SIGNED_REPLICA, UNIT_SINK, UNIT_SOURCE


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "signed_charge_to_pulse",
        "Signed charge-to-pulse converter",
        ((converter(),), (signed_replica(),)),
        "front_end, comparator, unit_source, unit_sink: front_end.svg; latch: gates.svg; what opens winp and winn: "
        "signed_zero_charge.svg.",
    )


def converter() -> Sheet:
    s = Sheet("signed_charge_to_pulse", "sign latched, then charge / replica current of the other sign")
    s.add("xint", FRONT_END, 460, 80, show={"cint_F": "C_int", "wamp": "W", "ratio": "P/N"})
    s.port("bl", (60, 100), "left")
    s.wire((60, 100), "xint.bl")
    s.port("rst", (60, 140), "left")
    s.wire((60, 140), (420, 140), (420, 120), "xint.rst")
    s.port("rstb", (60, 180), "left")
    s.wire((60, 180), (440, 180), (440, 140), "xint.rstb")
    s.add("xcmp", COMPARATOR, 630, 80)
    s.wire("xint.out", "xcmp.out")
    s.label("out", (600, 100), "up")
    s.label("rst", "xcmp.rst", "left")
    s.add("xsign", LATCH, 860, 70)
    s.wire("xcmp.cmp", "xsign.d")
    s.label("cmp", (770, 100), "up")
    s.port("lat", "xsign.on", "up")
    s.port("latb", "xsign.onb", "up")
    s.wire("xsign.q", (1010, 90))
    s.port("sgn", (1010, 90), "right")
    s.label("sgnb", "xsign.qb", "right")

    s.add("xsrcb", NAND2, 120, 300)
    s.add("xsrc", INVERTER, 240, 240)
    s.add("xsnkb", NAND2, 120, 380)
    s.add("xsnk", INVERTER, 220, 380)
    s.add("xreplica", SIGNED_REPLICA, 340, 270)
    s.port("en", (60, 290), "left")
    s.wire((60, 290), "xsrcb.a")
    s.wire((90, 290), (90, 370), "xsnkb.a")
    s.label("sgn", "xsrcb.b", "left")
    s.label("sgnb", "xsnkb.b", "left")
    s.wire("xsrcb.y", "xreplica.srcb")
    s.label("srcb", (300, 300), "up")
    s.wire((210, 300), (210, 240), "xsrc.a")
    s.wire("xsrc.y", (310, 240))
    s.label("src", (310, 240), "right")
    s.wire("xsnkb.y", "xsnk.a")
    s.label("snkb", (205, 380), "up")
    s.wire("xsnk.y", "xreplica.snk")
    s.label("snk", (310, 380), "up")
    s.wire("xreplica.bl", (400, 100))

    outputs(s)
    return s


def outputs(s: Sheet) -> None:
    """The windows, opened for the sign that is converted, and the pulses."""
    s.add("xopenpb", NAND2, 600, 280)
    s.add("xopenp", INVERTER, 700, 280)
    s.add("xppb", NAND2, 820, 270)
    s.add("xpp", INVERTER, 920, 270)
    s.add("xopennb", NAND2, 600, 410)
    s.add("xopenn", INVERTER, 700, 410)
    s.add("xpnb", NAND2, 820, 400)
    s.add("xpn", INVERTER, 920, 400)
    s.add("xcmpb", INVERTER, 790, 300, "R90", text=(20, 34, "right"))
    s.label("src", "xopenpb.a", "left")
    s.label("snk", "xopennb.a", "left")
    s.port("winp", "xopenpb.b", "left")
    s.port("winn", "xopennb.b", "left")
    for side in "pn":
        s.wire(f"xopen{side}b.y", f"xopen{side}.a")
        s.wire(f"xopen{side}.y", f"xp{side}b.b")
        s.wire(f"xp{side}b.y", f"xp{side}.a")
        y = s.parts[f"xp{side}"].at[1]
        s.wire(f"xp{side}.y", (1010, y))
        s.port(f"p{side}", (1010, y), "right")
        s.label(f"open{side}b", (684, y + 10), "up")
        s.label(f"p{side}b", (904, y), "up")
    s.label("openp", (770, 280), "down")
    s.label("openn", (790, 410), "down")
    s.wire((790, 100), (790, 260), "xppb.a")
    s.wire((790, 260), "xcmpb.a")
    s.wire("xcmpb.y", (790, 390), "xpnb.a")
    s.label("cmpb", (790, 376), "right")


def signed_replica() -> Sheet:
    s = Sheet("signed_replica", "source for positive, sink for negative charge")
    s.add(
        "xsource",
        UNIT_SOURCE,
        130,
        60,
        text=(160, 0, "right"),
        show={"units": "×", "wp": "W", "lrp": "L", "scale": "scale", "ckick_F": "kick"},
    )
    s.add(
        "xsink",
        UNIT_SINK,
        130,
        160,
        text=(160, 70, "right"),
        show={"units": "×", "wn": "W", "lrn": "L", "scale": "scale", "ckick_F": "kick"},
    )
    s.port("srcb", (60, 90), "left")
    s.wire((60, 90), "xsource.enb")
    s.port("snk", (60, 190), "left")
    s.wire((60, 190), "xsink.en")
    s.wire("xsource.bl", (280, 90), (280, 190), "xsink.bl")
    s.wire((280, 140), (330, 140))
    s.port("bl", (330, 140), "right")
    return s

"""The reference columns of the signed converter."""

from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import INVERTER, NAND2

from sheets.blocks import ARM, COMPARATOR, FRONT_END, SIGNED_REPLICA
from sheets.zero_charge_reference import zero_charge


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "signed_zero_charge",
        "Zero-charge references of the signed converter",
        (
            (
                zero_charge("zero_charge_p", "zero_crossing_p", "en"),
                zero_charge("zero_charge_n", "zero_crossing_n", "en"),
            ),
            (zero_crossing("p"),),
            (zero_crossing("n"),),
        ),
        "idle_column and arm: zero_charge_reference.svg. One of each sign for all columns of a tile.",
    )


def zero_crossing(sign: str) -> Sheet:
    positive = sign == "p"
    s = Sheet(f"zero_crossing_{sign}", "source" if positive else "sink")
    s.add("xreplica", SIGNED_REPLICA, 310, 150)
    s.add("xint", FRONT_END, 480, 60, show={"cint_F": "C_int", "wamp": "W", "ratio": "P/N"})
    s.port("bl", (60, 80), "left")
    s.wire((60, 80), "xint.bl")
    s.wire("xreplica.bl", (370, 80))
    s.add("xcmp", COMPARATOR, 650, 60)
    s.wire("xint.out", "xcmp.out")
    s.label("out", (620, 80), "up")
    s.port("rst", (60, 110), "left")
    s.wire((60, 110), (440, 110), (440, 100), "xint.rst")
    s.port("rstb", (60, 130), "left")
    s.wire((60, 130), (450, 130), (450, 120), "xint.rstb")
    s.label("rst", "xcmp.rst", "left")
    enable(s, positive)
    s.add("xarm", ARM, 900, 60)
    if positive:
        s.wire("xcmp.cmp", "xarm.x")
        s.label("cmp", (830, 80), "up")
    else:
        s.add("xcmpb", INVERTER, 800, 80)
        s.wire("xcmp.cmp", "xcmpb.a")
        s.label("cmp", (785, 80), "up")
        s.wire("xcmpb.y", "xarm.x")
        s.label("cmpb", (875, 80), "up")
    s.port("gate", (60, 330), "left")
    s.wire((60, 330), (870, 330), (870, 100), "xarm.en")
    s.wire((870, 120), "xarm.gate")
    s.wire("xarm.y", (1020, 80))
    s.port("win", (1020, 80), "right")
    return s


def enable(s: Sheet, positive: bool) -> None:
    """The replica of one sign comes on with en, as a column's does; the other is off."""
    gate, net, y = ("xsrcb", "srcb", 180) if positive else ("xsnkb", "snkb", 260)
    s.add(gate, NAND2, 120, y)
    s.port("en", (60, y - 10), "left")
    s.wire((60, y - 10), f"{gate}.a")
    s.label("vdd", f"{gate}.b", "left")
    if positive:
        s.wire("xsrcb.y", "xreplica.srcb")
        s.label("srcb", (245, 180), "up")
        s.wire("xreplica.snk", (290, 260))
        s.rail("vss", (290, 260))
    else:
        s.add("xsnk", INVERTER, 220, 260)
        s.wire("xsnkb.y", "xsnk.a")
        s.label(net, (205, 260), "up")
        s.wire("xsnk.y", "xreplica.snk")
        s.label("snk", (290, 260), "up")
        s.wire("xreplica.srcb", (280, 180), (280, 170))
        s.rail("vdd", (280, 170))

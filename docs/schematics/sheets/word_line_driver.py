"""The drivers of the read word lines."""

from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import INVERTER, MAJORITY, NAND2, NFET, PFET

from sheets.blocks import FLIP_FLOP


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "word_line_driver",
        "Word-line driver",
        ((word_line_driver(),), (word_line_buffer(), majority_not())),
        "t3..t0: time, common to all rows; q3..q0: the row's input. MAJ: majority of three, inverted (majority_not). "
        "flip_flop: pulse_counter.svg.",
    )


def word_line_driver() -> Sheet:
    s = Sheet("word_line_driver", "carry chain t < q, sampled by clk: wlr is high for q periods")
    carry_chain(s)
    s.add("xff", FLIP_FLOP, 670, 310, text=(40, -1, "up"))
    s.wire("xlt3.y", "xff.d")
    s.label("l3", (630, 340), "up")
    s.add("xcb", INVERTER, 420, 450)
    s.add("xci", INVERTER, 550, 450)
    s.wire((50, 450), "xcb.a")
    s.port("clk", (50, 450), "left")
    s.wire("xcb.y", "xci.a")
    s.label("clkb", (505, 450), "up")
    s.wire("xci.y", (690, 450), "xff.on")
    s.label("clki", (650, 450), "up")
    s.wire((530, 450), (530, 500), (710, 500), "xff.onb")
    s.wire((50, 540), (730, 540), "xff.rst")
    s.port("rst", (50, 540), "left")
    for first, second, y, net, out in (("xr1", "xr2", 340, "on", "wlr"), ("xb1", "xb2", 410, "onb", "wlrb")):
        s.add(first, INVERTER, 820, y)
        s.add(second, INVERTER, 920, y)
        s.label(net, (800, y), "up")
        s.wire(f"{first}.y", f"{second}.a")
        s.label(first[1:], (900, y), "up")
        s.wire(f"{second}.y", (1000, y))
        s.port(out, (1000, y), "right")
    s.wire("xff.q", "xr1.a")
    s.wire("xff.qb", (780, 370), (780, 410), "xb1.a")
    return s


def carry_chain(s: Sheet) -> None:
    """Four stages, least significant first; every second signal is taken inverted."""
    s.add("xt0", INVERTER, 80, 90)
    s.add("xlt0", NAND2, 180, 80)
    s.wire((50, 70), "xlt0.a")
    s.port("q0", (50, 70), "left")
    s.wire((50, 90), "xt0.a")
    s.port("t0", (50, 90), "left")
    s.wire("xt0.y", "xlt0.b")
    s.label("t0b", (160, 90), "up")
    stages = (("xlt1", 290, "xlt0.y", "l0b"), ("xlt2", 410, "xlt1.y", "l1"), ("xlt3", 530, "xlt2.y", "l2b"))
    for row, (name, x, carry, net) in enumerate(stages):
        y = 160 + 90 * row
        s.add(name, MAJORITY, x, y, "MX", text=(32, 21, "down"))
        s.wire(carry, (x - 20, None), (None, y - 10), f"{name}.c")
        s.label(net, (x - 20, y - 45), "right")
    for stage, row, port, inverter, net in (("xlt2", 250, "t2", "xt2", "t2b"),):
        s.add(inverter, INVERTER, 80, row)
        s.wire((50, row), f"{inverter}.a")
        s.port(port, (50, row), "left")
        s.wire(f"{inverter}.y", f"{stage}.b")
        s.label(net, (200, row), "up")
    for port, stage, y in (("t1", "xlt1", 160), ("t3", "xlt3", 340)):
        s.wire((50, y), f"{stage}.b")
        s.port(port, (50, y), "left")
    s.wire((50, 290), (150, 290), (150, 260), "xlt2.a")
    s.port("q2", (50, 290), "left")
    for port, stage, y, inverter in (("q1", "xlt1", 200, "xq1"), ("q3", "xlt3", 380, "xq3")):
        s.add(inverter, INVERTER, 80, y)
        s.wire((50, y), f"{inverter}.a")
        s.port(port, (50, y), "left")
        s.wire(f"{inverter}.y", (150, y), (150, y - 30), f"{stage}.a")
        s.label(f"{port}b", (180, y - 30), "down")


def word_line_buffer() -> Sheet:
    s = Sheet("word_line_buffer", "a converter's pulse onto a row")
    s.port("in", (40, 80), "left")
    s.wire((40, 80), (90, 80))
    for names, y, out in ((("xr1", "xr2"), 80, "wlr"), (("xb1", "xb2", "xb3"), 170, "wlrb")):
        before = None
        for n, name in enumerate(names):
            s.add(name, INVERTER, 90 + 90 * n, y)
            if before:
                s.wire(f"{before}.y", f"{name}.a")
                s.label(before[1:], (80 + 90 * n, y), "up")
            before = name
        s.wire(f"{names[-1]}.y", (370, y))
        s.port(out, (370, y), "right")
    s.wire((70, 80), (70, 170), "xb1.a")
    return s


def majority_not() -> Sheet:
    s = Sheet("majority_not", "y low where two of a, b, c are high")
    for name, kind, x, y in (
        ("mp1", PFET, 100, 80),
        ("mp2", PFET, 220, 80),
        ("mp4", PFET, 360, 80),
        ("mp3", PFET, 160, 160),
        ("mp5", PFET, 360, 160),
        ("mn3", NFET, 160, 270),
        ("mn5", NFET, 360, 270),
        ("mn1", NFET, 100, 350),
        ("mn2", NFET, 220, 350),
        ("mn4", NFET, 360, 350),
    ):
        s.add(name, kind, x, y)
    s.rail("vdd", "mp1.s", "mp2.s", "mp4.s")
    s.rail("vss", "mn1.s", "mn2.s", "mn4.s")
    s.wire("mp1.d", (140, 120), (260, 120), "mp2.d")
    s.wire((200, 120), "mp3.s")
    s.label("u", (230, 120), "down")
    s.wire("mn1.d", (140, 310), (260, 310), "mn2.d")
    s.wire((200, 310), "mn3.s")
    s.label("d", (230, 310), "up")
    s.wire("mp4.d", "mp5.s")
    s.label("v", (400, 120), "right")
    s.wire("mn5.s", "mn4.d")
    s.label("e", (400, 310), "right")
    s.wire("mp3.d", "mn3.d")
    s.wire("mp5.d", "mn5.d")
    s.wire((200, 210), (400, 210), (460, 210))
    s.port("y", (460, 210), "right")
    s.port("a", "mp1.g", "left")
    s.port("b", "mp2.g", "left")
    s.port("c", "mp3.g", "left")
    for name, net in (("mp4", "a"), ("mp5", "b"), ("mn1", "a"), ("mn2", "b"), ("mn3", "c"), ("mn4", "a"), ("mn5", "b")):
        s.label(net, f"{name}.g", "left")
    return s

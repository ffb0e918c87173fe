"""The pulse counter, its clock, and the flip-flop that they are made of."""

from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import INVERTER, NAND2, NOR2, TRANSMISSION_GATE

from sheets.blocks import FLIP_FLOP, TOGGLE


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "pulse_counter",
        "Pulse counter",
        ((count_clock(),), (pulse_counter(),), (flip_flop(), toggle())),
        "count_clock stands once for each sign in a tile, pulse_counter once in a column. L 0.116: a delay.",
    )


def count_clock() -> Sheet:
    s = Sheet("count_clock", "win releases a ring of four flip-flops, which divides ck by 8")
    s.add("xd", NOR2, 60, 130)
    for n in range(5):
        x = 170 + 130 * n
        s.add(f"x{n}", FLIP_FLOP, x, 100, text=(40, -1, "up"))
        s.wire((150, 130) if n == 0 else f"x{n - 1}.q", f"x{n}.d")
        for pin, net in (("on", "on"), ("onb", "onb"), ("rst", "clr")):
            s.label(net, f"x{n}.{pin}", "down")
        s.label(f"n{n}", f"x{n}.qb", "right")
        if n < 4:
            s.label(f"q{n}", (x + (110 if n == 3 else 104), 130), "down" if n == 3 else "up")
    s.wire("xd.y", (150, 130))
    s.label("d0", (145, 130), "up")
    s.wire((660, 130), (660, 60), (40, 60), (40, 120), "xd.a")
    s.label("clr", "xd.b", "left")
    s.add("xo1", INVERTER, 800, 130)
    s.add("xo2", INVERTER, 890, 130)
    s.wire("x4.q", "xo1.a")
    s.label("q4", (785, 130), "up")
    s.wire("xo1.y", "xo2.a")
    s.label("o1", (875, 130), "up")
    s.wire("xo2.y", (970, 130))
    s.port("clk", (970, 130), "right")

    s.add("xg", NAND2, 170, 280)
    s.add("xon", INVERTER, 260, 280)
    s.add("xonb", INVERTER, 360, 280)
    s.add("xclr", INVERTER, 170, 340)
    s.wire((60, 270), "xg.a")
    s.port("ck", (60, 270), "left")
    s.wire((60, 290), "xg.b")
    s.port("win", (60, 290), "left")
    s.wire((130, 290), (130, 340), "xclr.a")
    s.label("clr", "xclr.y", "right")
    s.wire("xg.y", "xon.a")
    s.label("kn", (250, 280), "up")
    s.wire("xon.y", "xonb.a")
    s.label("on", (340, 280), "up")
    s.label("onb", "xonb.y", "right")
    return s


def pulse_counter() -> Sheet:
    s = Sheet("pulse_counter", "samples the pulse at rising edges of the count clock, counts at falling ones")
    s.add("xor", NOR2, 100, 80)
    s.wire((50, 70), "xor.a")
    s.port("pp", (50, 70), "left")
    s.wire((50, 90), "xor.b")
    s.port("pn", (50, 90), "left")
    before = "xor.y"
    for n in range(1, 6):
        s.add(f"xp{n}", INVERTER, 100 + 90 * n, 80)
        s.wire(before, f"xp{n}.a")
        s.label("pb" if n == 1 else f"p{n - 1}", (90 + 90 * n, 80), "up")
        before = f"xp{n}.y"
    s.add("xs", FLIP_FLOP, 660, 50, text=(40, -1, "up"))
    s.wire("xp5.y", "xs.d")
    s.label("p", (630, 80), "up")
    s.label("seen", "xs.q", "right")
    s.label("rst", "xs.rst", "down")

    s.add("xsn", INVERTER, 100, 250)
    s.wire((50, 250), "xsn.a")
    s.port("sgn", (50, 250), "left")
    s.label("sgnb", "xsn.y", "right")
    s.add("xcp", TRANSMISSION_GATE, 270, 200)
    s.add("xcn", TRANSMISSION_GATE, 270, 310)
    s.port("clkp", "xcp.a", "left")
    s.port("clkn", "xcn.a", "left")
    for gate, on, onb in (("xcp", "sgn", "sgnb"), ("xcn", "sgnb", "sgn")):
        s.label(on, f"{gate}.on", "down")
        s.label(onb, f"{gate}.onb", "up")
    s.wire("xcp.b", (370, 200), (370, 310), "xcn.b")
    s.add("xcb", INVERTER, 410, 250)
    s.add("xco", INVERTER, 510, 250)
    s.wire((370, 250), "xcb.a")
    s.label("c", (390, 250), "up")
    s.wire("xcb.y", "xco.a")
    s.label("cb", (480, 250), "up")
    s.wire((490, 250), (490, 310), (700, 310), "xs.onb")
    s.wire("xco.y", (680, 250), "xs.on")
    s.label("co", (620, 250), "up")
    s.add("xg", NOR2, 800, 210)
    s.wire((680, 200), "xg.a")
    s.wire("xs.qb", (780, 110), (780, 220), "xg.b")
    s.label("seenb", (780, 150), "left")

    for n in range(5):
        x = 110 + 150 * n
        s.add(f"x{n}", TOGGLE, x, 420, text=(68, 81, "down"))
        s.port(f"b{n}", f"x{n}.q", "up")
        s.wire(f"x{n}.rst", (None, 540))
        if n:
            s.wire(f"x{n - 1}.qb", f"x{n}.ck")
        s.label(f"b{n}b", (x + 120, 450), "up") if n < 4 else s.label("b4b", "x4.qb", "right")
    s.wire("xg.y", (890, 210), (890, 360), (70, 360), (70, 450), "x0.ck")
    s.label("g", (890, 250), "right")
    s.wire((50, 540), (750, 540))
    s.port("rst", (50, 540), "left")
    return s


def flip_flop() -> Sheet:
    s = Sheet("flip_flop", "takes d when on rises; rst clears q")
    s.add("xin", TRANSMISSION_GATE, 70, 120)
    s.wire((50, 120), "xin.a")
    s.port("d", (50, 120), "left")
    s.port("onb", "xin.on", "down")
    s.port("on", "xin.onb", "up")
    s.add("xm", INVERTER, 180, 120)
    s.wire("xin.b", "xm.a")
    s.label("m", (155, 120), "up")
    s.add("xs", TRANSMISSION_GATE, 300, 120)
    s.wire("xm.y", "xs.a")
    s.label("mb", (260, 120), "up")
    s.label("on", "xs.on", "down")
    s.label("onb", "xs.onb", "up")
    s.add("xq", NOR2, 440, 130)
    s.wire("xs.b", "xq.a")
    s.label("s", (400, 120), "up")
    s.label("rst", "xq.b", "left")
    s.wire("xq.y", (620, 130))
    s.port("q", (620, 130), "right")

    s.add("xmf", NOR2, 280, 240, "MY", text=(-32, 21, "down"))
    s.wire((280, 120), "xmf.a")
    s.port("rst", "xmf.b", "right")
    s.add("xmh", TRANSMISSION_GATE, 210, 240, "MY")
    s.wire("xmh.b", (150, 120))
    s.label("on", "xmh.on", "down")
    s.label("onb", "xmh.onb", "up")
    s.add("xqb", INVERTER, 560, 240, "MY")
    s.wire((580, 130), (580, 240), "xqb.a")
    s.add("xsh", TRANSMISSION_GATE, 470, 240, "MY")
    s.wire("xqb.y", "xsh.a")
    s.wire("xsh.b", (380, 240), (380, 120))
    s.label("onb", "xsh.on", "down")
    s.label("on", "xsh.onb", "up")
    s.wire((490, 240), (490, 300), (620, 300))
    s.port("qb", (620, 300), "right")
    return s


def toggle() -> Sheet:
    s = Sheet("toggle", "q turns over at every rise of ck")
    s.add("xn", INVERTER, 80, 200)
    s.add("xi", INVERTER, 190, 200)
    s.add("xf", FLIP_FLOP, 270, 70, text=(40, -1, "up"))
    s.wire((50, 200), "xn.a")
    s.port("ck", (50, 200), "left")
    s.wire("xn.y", "xi.a")
    s.label("ckb", (155, 200), "up")
    s.wire("xi.y", (290, 200), "xf.on")
    s.label("cki", (270, 200), "up")
    s.wire((180, 200), (180, 250), (310, 250), "xf.onb")
    s.wire((50, 290), (330, 290), "xf.rst")
    s.port("rst", (50, 290), "left")
    s.wire("xf.q", (430, 100))
    s.port("q", (430, 100), "right")
    s.wire("xf.qb", (430, 130))
    s.port("qb", (430, 130), "right")
    s.wire((390, 130), (390, 40), (230, 40), (230, 100), "xf.d")
    return s

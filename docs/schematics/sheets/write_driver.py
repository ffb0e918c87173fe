"""The driver of a write bit line."""

from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import INVERTER, NFET_THICK, PFET_THICK, PFET_THICK_TIED, THICK_GATE

from sheets.blocks import LEVEL_SHIFTER
from sheets.gates import pass_gate


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "write_driver",
        "Write driver",
        ((write_driver(),), (level_shifter(), thick_gate())),
        "vddh: 1.4 V, supply of the level shifters (not drawn there). r0..r7: the 8 levels. A gate conducts while "
        "the net at its lower pin is high.",
    )


def write_driver() -> Sheet:
    s = Sheet("write_driver", "a tree of thick-oxide gates: eight by d0, four by d1, two by d2, one of the pair by en")
    column(s, 110, 80, [(f"x{n}", f"r{n}", f"u{n // 2}") for n in range(8)], "a")
    column(s, 270, 120, [(f"xu{n}", f"u{n}", f"v{n // 2}") for n in range(4)], "b")
    column(s, 430, 200, [(f"xv{n}", f"v{n}", "w") for n in range(2)], "c")
    s.add("xw", THICK_GATE, 590, 360)
    s.add("xh", THICK_GATE, 590, 440)
    s.label("w", (540, 360), "up")
    s.label("eb", "xw.onb", "up")
    s.wire("xw.on", "xh.onb")
    s.label("e", "xw.on", "left")
    s.label("eb", "xh.on", "down")
    s.port("hold", "xh.a", "left")
    s.wire("xw.b", (680, 360), (680, 440), "xh.b")
    s.wire((680, 400), (720, 400))
    s.port("wbl", (720, 400), "right")
    for n, (name, data, out) in enumerate(
        (("xs0", "d0", "a"), ("xs1", "d1", "b"), ("xs2", "d2", "c"), ("xse", "en", "e"))
    ):
        s.add(name, LEVEL_SHIFTER, 110 + 180 * n, 730)
        s.port(data, f"{name}.d", "left")
        s.label(out, f"{name}.y", "right")
        s.label(f"{out}b", f"{name}.yb", "right")
    return s


def column(s: Sheet, x: int, top: int, gates: list[tuple[str, str, str]], bit: str) -> None:
    """Gates below each other; every two share an output. Where one ends and the next begins, both want the same net."""
    pitch = 80 * 8 // len(gates)
    for n, (name, source, out) in enumerate(gates):
        y = top + pitch * n
        s.add(name, THICK_GATE, x, y)
        on, onb = (bit, f"{bit}b") if n % 2 else (f"{bit}b", bit)
        if pitch == 80:
            s.label(on, f"{name}.on", "left" if n < 7 else "down")
            if n:
                s.wire(f"{gates[n - 1][0]}.on", f"{name}.onb")
            else:
                s.label(onb, f"{name}.onb", "up")
        else:
            s.label(on, f"{name}.on", "down")
            s.label(onb, f"{name}.onb", "up")
        if source.startswith("r"):
            s.wire((x - 40, y), f"{name}.a")
            s.port(source, (x - 40, y), "left")
        if n % 2:
            middle = y - pitch // 2
            s.wire(f"{gates[n - 1][0]}.b", (x + 80, None), (None, y), f"{name}.b")
            s.wire((x + 80, middle), (x + 160, middle))
            if out != "w":
                s.label(out, (x + 110, middle), "up")


def level_shifter() -> Sheet:
    s = Sheet("level_shifter")
    s.add("mp1", PFET_THICK_TIED, 200, 90, "MY")
    s.add("mp2", PFET_THICK_TIED, 280, 90)
    for name in ("mp1", "mp2"):
        x = s.parts[name].pin("s")[0]
        s.wire(f"{name}.s", (x, 50))
        s.rail("vddh", (x, 50))
    s.add("mn1", NFET_THICK, 120, 240)
    s.add("mn2", NFET_THICK, 360, 240, "MY")
    s.wire("mp1.d", "mn1.d")
    s.wire("mp2.d", "mn2.d")
    s.rail("vss", "mn1.s", "mn2.s")
    s.wire("mp1.g", (220, 90), (220, 150), (320, 150))
    s.wire("mp2.g", (260, 90), (260, 180), (160, 180))
    s.wire((160, 180), (50, 180))
    s.port("yb", (50, 180), "left")
    s.wire((320, 150), (430, 150))
    s.port("y", (430, 150), "right")
    s.wire((50, 240), "mn1.g")
    s.port("d", (50, 240), "left")
    s.add("xi", INVERTER, 210, 320)
    s.wire((90, 240), (90, 320), "xi.a")
    s.wire("xi.y", (390, 320), (390, 240), "mn2.g")
    s.label("db", (330, 320), "up")
    return s


def thick_gate() -> Sheet:
    s = Sheet("thick_gate", "conducts while on is high")
    pass_gate(s, PFET_THICK, NFET_THICK)
    return s

"""A cell with its pieces of wire, and a tile of them."""

from collections.abc import Mapping

from drawing.netlist import NETLISTS, Circuit, deck
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import CAPACITOR, RESISTOR, block


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "array",
        "Tile of gain cells",
        ((array_cell(),), (tile(),)),
        "Wires: one segment a cell pitch. Row 0, next to the clamps, is at the "
        "bottom. wbl, wwl, wwlb (not drawn) are common there.",
        {"array": deck("array", (NETLISTS / "examples" / "array.cir").read_text("utf-8"), known)},
    )


def array_cell() -> Sheet:
    s = Sheet("array_cell")
    cell = block(
        "gain_cell",
        110,
        170,
        left={"st": 30, "wbl": 60, "wwl": 90, "wwlb": 120},
        right={"vdd": 30, "bl": 70, "vss": 110},
        bottom={"wlr": 40, "wlrb": 80},
        implied={},
    )
    s.add("xcell", cell, 210, 130, text=(55, -1, "up"))
    for pin in ("st", "wbl", "wwl", "wwlb"):
        y = s.parts["xcell"].pin(pin)[1]
        s.wire((140, y), f"xcell.{pin}")
        s.port(pin, (140, y), "left")
    for n, net in enumerate(("vdd", "bl", "vss")):
        x, y = 420 + 110 * n, s.parts["xcell"].pin(net)[1]
        s.wire(f"xcell.{net}", (x, y))
        s.add(f"r{net}", RESISTOR, x, 290, "R180", text=(12, 0, "right"))
        s.wire((x, 600), f"r{net}.p")
        s.wire(f"r{net}.n", (x, 60))
        s.port(f"{net}_in", (x, 600), "down")
        s.port(f"{net}_out", (x, 60), "up")
        s.add(f"c{net}", CAPACITOR, x + 40, 120)
        s.wire((x, 100), f"c{net}.p")
        s.rail("0", f"c{net}.n")
    for n, net in enumerate(("wlr", "wlrb")):
        x, y = s.parts["xcell"].pin(net)[0], 380 + 100 * n
        s.wire(f"xcell.{net}", (x, y))
        s.add(f"r{net}", RESISTOR, 130, y, "R270", text=(0, -10, "up"))
        s.wire((60, y), f"r{net}.p")
        s.wire(f"r{net}.n", (760, y))
        s.port(f"{net}_in", (60, y), "left")
        s.port(f"{net}_out", (760, y), "right")
        s.add(f"c{net}", CAPACITOR, 190, y + 30)
        s.wire((190, y), f"c{net}.p")
        s.rail("0", f"c{net}.n")
    return s


def tile() -> Sheet:
    s = Sheet("array", "the tile of examples/array.cir")
    cell = block(
        "array_cell",
        160,
        90,
        left={"wlr_in": 20, "wlrb_in": 60},
        right={"wlr_out": 20, "wlrb_out": 60, "st": 40},
        top={"vdd_out": 40, "bl_out": 80, "vss_out": 120},
        bottom={"vdd_in": 40, "bl_in": 80, "vss_in": 120},
        implied={"wbl": "wbl", "wwl": "wwl", "wwlb": "wwlb"},
    )
    for row in range(4):
        for column in range(2):
            s.add(f"x{row}{column}", cell, 90 + 260 * column, 530 - 150 * row, text=(18, -1, "up"))
    for row in range(4):
        for column in range(2):
            name = f"x{row}{column}"
            s.label(f"q{row}_{column}", f"{name}.st", "right")
            for wire, letter in (("vdd", "d"), ("bl", "b"), ("vss", "s")):
                if row < 3:
                    s.wire(f"{name}.{wire}_out", f"x{row + 1}{column}.{wire}_in")
                else:
                    s.label(f"{letter}3_{column}", f"{name}.{wire}_out", "up")
            for wire, letter in (("wlr", "g"), ("wlrb", "h")):
                if column == 0:
                    s.wire(f"{name}.{wire}_out", f"x{row}1.{wire}_in")
                else:
                    s.label(f"{letter}{row}_1", f"{name}.{wire}_out", "right")
        s.label("on", f"x{row}0.wlr_in", "left")
        s.label("0", f"x{row}0.wlrb_in", "left")
    for column in range(2):
        s.label("vdd", f"x0{column}.vdd_in", "down")
        s.label(f"bin_{column}", f"x0{column}.bl_in", "down")
        s.label("0", f"x0{column}.vss_in", "down")
    return s

"""The chain from a query to a code: one column of each tile, with the references and clocks that the tiles share."""

from collections.abc import Mapping
from dataclasses import replace

from drawing.netlist import Circuit, Device, deck
from drawing.page import Page
from drawing.sheet import Sheet
from drawing.symbols import block

from gaincell_char.circuits.head.case import HeadCase
from gaincell_char.circuits.head.deck import whole_deck
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.circuits.testbench import Setting

OUTPUTS = ("b0", "b1", "b2", "b3", "b4")
RAILS = {"vdd": "vdd", "vss": "0"}


def page(known: Mapping[str, Circuit]) -> Page:
    return Page(
        "chain",
        "From a query to a code",
        ((chain(),),),
        "The deck of `gaincell verify head` with one key column and one token. A tile has 64 x 64 cells, a "
        "converter and a counter a column, and one of each reference (xzk, xzp, xzn) and clock. wbl comes from "
        "write_driver. Reset, enable and latch lines, gates of the windows (timers) and the fast clock ck are "
        "those of the tile.",
        {"chain": circuit(known)},
    )


def circuit(known: Mapping[str, Circuit]) -> Circuit:
    """The chain: the instances of the head's deck without the other cells of the value tile's row, which are load, and
    with the driver of the query's word line, whose pulses that deck takes from sources."""
    case = HeadCase(queries=(15,), keys=((7,),), values=(7,), pulses_s=())
    text = whole_deck(Setting(), case, Phases(), tuple(1e-9 * level for level in range(16))).text
    found = deck("chain", text, known, OUTPUTS)
    devices = {name: each for name, each in found.devices.items() if name != "xrow0"}
    driver = "word_line_driver"
    nets = {pin: pin for pin in known[driver].pins} | {
        "clk": "qclk",
        "rst": "qrst",
        "wlr": "q15",
        "wlrb": "qb15",
        "vss": "0",
    }
    return replace(found, devices={**devices, "xdriver": Device("xdriver", driver, nets, {})})


def chain() -> Sheet:
    s = Sheet("chain", "query pulse, charge of a key column, ReLU pulse, charge of a value column, signed pulse, code")
    key_tile(s)
    value_tile(s)
    s.wire("xbuffer0.wlr", (870, None), (None, 500), (240, None), (None, 570), "xv0.wlr")
    s.wire("xbuffer0.wlrb", (850, None), (None, 480), (220, None), (None, 610), "xv0.wlrb")
    s.label("w0", (800, 500), "down")
    s.label("wb0", (800, 480), "up")
    counter(s)
    return s


def cell(s: Sheet, name: str, y: int) -> None:
    """A cell whose bit line is at `y`."""
    symbol = block(
        "gain_cell",
        130,
        110,
        left={"wlr": 30, "wlrb": 70},
        top={"wbl": 30, "wwl": 60, "wwlb": 90},
        right={"bl": 30},
        bottom={"st": 60},
        implied=RAILS,
    )
    s.add(name, symbol, 290, y - 30, text=(118, 111, "down"))
    for pin, net in (("wbl", "wbl"), ("wwl", "wwl"), ("wwlb", "wwlb")):
        s.label(net, f"{name}.{pin}", "up")
    s.label(name.replace("x", "s", 1), f"{name}.st", "down")


def key_tile(s: Sheet) -> None:
    """Driver, cell, ReLU converter with its reference, and the buffer onto the value tile's word line."""
    data = ("clk", "rst", "t3", "t2", "t1", "t0", "q3", "q2", "q1", "q0")
    s.add(
        "xdriver",
        block(
            "word_line_driver",
            120,
            220,
            left={pin: 20 * (n + 1) for n, pin in enumerate(data)},
            right={"wlr": 100, "wlrb": 140},
            implied=RAILS,
        ),
        80,
        40,
    )
    for pin in data:
        s.label({"clk": "qclk", "rst": "qrst"}.get(pin, pin), f"xdriver.{pin}", "left")
    cell(s, "xk0_15_7", 140)
    s.wire("xdriver.wlr", "xk0_15_7.wlr")
    s.wire("xdriver.wlrb", "xk0_15_7.wlrb")
    s.label("q15", (245, 140), "up")
    s.label("qb15", (245, 180), "up")
    s.add(
        "xk0",
        block(
            "charge_to_pulse",
            140,
            120,
            left={"bl": 30, "rst": 60, "rstb": 80, "enb": 100},
            right={"pulse": 30},
            bottom={"win": 100},
            implied=RAILS,
        ),
        520,
        110,
        text=(40, 121, "down"),
    )
    s.wire("xk0_15_7.bl", "xk0.bl")
    s.label("kbl0", (470, 140), "up")
    s.add(
        "xzk",
        block(
            "zero_charge_k",
            140,
            120,
            left={"rst": 30, "rstb": 50, "enb": 70, "gate": 90},
            top={"win": 100},
            implied=RAILS,
        ),
        520,
        310,
    )
    s.wire("xzk.win", "xk0.win")
    s.label("kwin", (620, 270), "right")
    for name in ("xk0", "xzk"):
        for pin, net in (("rst", "rst"), ("rstb", "rstb"), ("enb", "kenb")):
            s.label(net, f"{name}.{pin}", "left")
    s.label("kgate", "xzk.gate", "left")
    s.add(
        "xbuffer0",
        block("word_line_buffer", 120, 90, left={"in": 30}, right={"wlr": 30, "wlrb": 60}, implied=RAILS),
        710,
        110,
    )
    s.wire("xk0.pulse", "xbuffer0.in")
    s.label("kp0", (685, 140), "up")


def value_tile(s: Sheet) -> None:
    """Cell, signed converter and its two references."""
    cell(s, "xv0", 570)
    controls = {"rst": "vrst", "rstb": "vrstb", "lat": "vlat", "latb": "vlatb", "en": "ven"}
    s.add(
        "xsigned",
        block(
            "signed_charge_to_pulse",
            160,
            170,
            left={"bl": 30, **{pin: 60 + 20 * n for n, pin in enumerate(controls)}},
            right={"pp": 30, "pn": 60, "sgn": 90},
            bottom={"winp": 50, "winn": 110},
            implied=RAILS,
            title_at=(80, 20),
        ),
        520,
        540,
        text=(80, -1, "up"),
    )
    for pin, net in controls.items():
        s.label(net, f"xsigned.{pin}", "left")
    s.wire("xv0.bl", "xsigned.bl")
    s.label("vbl", (470, 570), "up")
    for sign, y, x in (("p", 780, 570), ("n", 940, 630)):
        name = f"xz{sign}"
        s.add(
            name,
            block(
                f"zero_charge_{sign}",
                130,
                110,
                left={"rst": 30, "rstb": 50, "en": 70, "gate": 90},
                right={"win": 30},
                implied=RAILS,
                title_at=(75, 16),
            ),
            340,
            y,
        )
        for pin, net in (("rst", "vrst"), ("rstb", "vrstb"), ("en", "ven"), ("gate", f"vgate{sign}")):
            s.label(net, f"{name}.{pin}", "left")
        s.add(
            f"xclock{sign}",
            block("count_clock", 110, 90, left={"win": 30, "ck": 60}, right={"clk": 30}, implied=RAILS),
            720,
            y,
        )
        s.wire(f"{name}.win", f"xclock{sign}.win")
        s.wire((x, y + 30), f"xsigned.win{sign}")
        s.label(f"vwin{sign}", (515, y + 30), "up")
        s.label("ck", f"xclock{sign}.ck", "left")


def counter(s: Sheet) -> None:
    """The counter on the clock of the sign."""
    s.add(
        "xcounter",
        block(
            "pulse_counter",
            140,
            170,
            left={"pp": 30, "pn": 60, "sgn": 90},
            bottom={"clkp": 30, "clkn": 70, "rst": 110},
            right={bit: 30 + 20 * n for n, bit in enumerate(OUTPUTS)},
            implied=RAILS,
        ),
        860,
        540,
        text=(70, -1, "up"),
    )
    for pin in ("pp", "pn", "sgn"):
        s.wire(f"xsigned.{pin}", f"xcounter.{pin}")
        s.label(pin, (770, s.parts["xsigned"].pin(pin)[1]), "up")
    for sign in "pn":
        s.wire(f"xclock{sign}.clk", (s.parts["xcounter"].pin(f"clk{sign}")[0], None), f"xcounter.clk{sign}")
        s.label(f"clk{sign}", (865, s.parts[f"xclock{sign}"].pin("clk")[1]), "up")
    s.label("crst", "xcounter.rst", "down")
    for bit in OUTPUTS:
        s.port(bit, f"xcounter.{bit}", "right")

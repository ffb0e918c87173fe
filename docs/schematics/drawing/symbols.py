"""Symbols of devices, gates and blocks. Pins lie on a grid of 10; the art is SVG around the symbol's origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drawing.geometry import Box, Point, Segment


@dataclass(frozen=True)
class Inner:
    """A text inside the symbol: place, SVG anchor, class. It is not turned."""

    text: str
    at: Point
    anchor: str = "middle"
    style: str = "pin"


@dataclass(frozen=True)
class Symbol:
    """`kind`: model or subcircuit. `pins`: where each drawn terminal is. `name_at`: where name and value stand, and on
    which side of that point. `implied`: terminals that are not drawn, with the net that the page says they are on."""

    kind: str
    pins: Mapping[str, Point]
    art: tuple[str, ...]
    body: Box
    lines: tuple[Segment, ...] = ()
    name_at: tuple[Point, Point] = ((0, 0), (1, 0))
    implied: Mapping[str, str] = field(default_factory=dict)
    inner: tuple[Inner, ...] = ()
    one_line: bool = False
    """Name and value stand beside each other."""


SUPPLIES = {"vdd": "vdd", "vss": "vss"}


def _line(*points: Point, style: str = "s") -> str:
    return f'<path class="{style}" d="M' + " L".join(f"{x},{y}" for x, y in points) + '"/>'


def _bubble(x: int, y: int) -> str:
    return f'<circle class="s" cx="{x}" cy="{y}" r="4"/>'


def transistor(kind: str, tied: bool = False) -> Symbol:
    """A MOSFET, source arrow, its drain up (N) or its source up (P); thick oxide as a thick gate. `tied`: the body is
    drawn at the source; else it is not drawn and on vss (N) or vdd (P)."""
    p_type, thick = kind.startswith("p"), kind.endswith("_thick")
    source = -1 if p_type else 1
    pins = {"g": (0, 0), "d": (40, -30 * source), "s": (40, 30 * source)}
    pins |= {"b": pins["s"]} if tied else {}
    arrow = (
        f'<path class="f" d="M23,{10 * source} l8,-3.5 v7 z"/>'
        if p_type
        else f'<path class="f" d="M38,{10 * source} l-8,-3.5 v7 z"/>'
    )
    art = [
        _line((0, 0), (14 if thick else 16, 0)),
        _line((16, -12), (16, 12), style="thick" if thick else "s"),
        _line((22, -15), (22, 15), style="channel"),
        _line((22, -10), (40, -10), (40, -30)),
        _line((22, 10), (40, 10), (40, 30)),
        arrow,
    ]
    lines: list[Segment] = [((0, 0), (22, 0)), ((40, -30), (40, -10)), ((40, 10), (40, 30))]
    if tied:
        art.append(_line((22, 0), (40, 0), (40, 10 * source)))
        lines.append(((22, 0), (40, 0)))
    return Symbol(
        kind=kind,
        pins=pins,
        art=tuple(art),
        body=Box(13, -15, 39, 15),
        lines=tuple(lines),
        name_at=((46, 0), (1, 0)),
        implied={} if tied else {"b": "vdd" if p_type else "vss"},
    )


NFET, PFET = transistor("nfet"), transistor("pfet")
NFET_THICK, PFET_THICK = transistor("nfet_thick"), transistor("pfet_thick")
PFET_THICK_TIED = transistor("pfet_thick", tied=True)

CAPACITOR = Symbol(
    kind="c",
    pins={"p": (0, -20), "n": (0, 20)},
    art=(_line((0, -20), (0, -4)), _line((0, 4), (0, 20)), _line((-12, -4), (12, -4)), _line((-12, 4), (12, 4))),
    body=Box(-12, -5, 12, 5),
    lines=(((0, -20), (0, -4)), ((0, 4), (0, 20))),
    name_at=((17, 0), (1, 0)),
)
RESISTOR = Symbol(
    kind="r",
    pins={"p": (0, -30), "n": (0, 30)},
    art=(_line((0, -30), (0, -18), (6, -15), (-6, -9), (6, -3), (-6, 3), (6, 9), (-6, 15), (0, 18), (0, 30)),),
    body=Box(-6, -18, 6, 18),
    lines=(((0, -30), (0, -18)), ((0, 18), (0, 30))),
    name_at=((12, 0), (1, 0)),
)
SOURCE = Symbol(
    kind="v",
    pins={"p": (0, -30), "n": (0, 30)},
    art=(
        '<circle class="s" cx="0" cy="0" r="13"/>',
        _line((0, -30), (0, -13)),
        _line((0, 13), (0, 30)),
        _line((-3, -7), (3, -7)),
        _line((0, -10), (0, -4)),
        _line((-3, 7), (3, 7)),
    ),
    body=Box(-13, -13, 13, 13),
    lines=(((0, -30), (0, -13)), ((0, 13), (0, 30))),
    name_at=((18, 0), (1, 0)),
)


def _inverting(kind: str, pins: tuple[str, str]) -> Symbol:
    return Symbol(
        kind=kind,
        pins={pins[0]: (0, 0), pins[1]: (60, 0)},
        art=('<path class="s" d="M10,-16 L42,0 L10,16 Z"/>', _bubble(46, 0), _line((0, 0), (10, 0)),
             _line((50, 0), (60, 0))),
        body=Box(10, -16, 50, 16),
        lines=(((0, 0), (60, 0)),),
        name_at=((28, 17), (0, 1)),
        implied=SUPPLIES,
    )  # fmt: skip


INVERTER = _inverting("inverter", ("a", "y"))
STAGE = _inverting("comparator_stage", ("z", "a"))
AMPLIFIER = Symbol(
    kind="amplifier",
    pins={"in": (0, 0), "out": (80, 0)},
    art=('<path class="s" d="M10,-26 L62,0 L10,26 Z"/>', _bubble(66, 0), _line((0, 0), (10, 0)),
         _line((70, 0), (80, 0))),
    body=Box(10, -26, 70, 26),
    lines=(((0, 0), (80, 0)),),
    name_at=((36, 27), (0, 1)),
    implied=SUPPLIES,
)  # fmt: skip


def _gate(kind: str, shape: str, start: int, pins: Mapping[str, Point], inner: tuple[Inner, ...] = ()) -> Symbol:
    """A gate with an inverting output at (70, 0)."""
    tip = 50
    leads = tuple(_line(at, (start, at[1])) for name, at in pins.items())
    return Symbol(
        kind=kind,
        pins={**pins, "y": (70, 0)},
        art=(shape, _bubble(tip + 4, 0), *leads, _line((tip + 8, 0), (70, 0))),
        body=Box(10, -20, tip + 8, 20),
        lines=(*((at, (10, at[1])) for at in pins.values()), ((tip + 8, 0), (70, 0))),
        name_at=((32, 21), (0, 1)),
        implied=SUPPLIES,
        inner=inner,
    )


NAND2 = _gate("nand2", '<path class="s" d="M10,-20 H30 A20,20 0 0 1 30,20 H10 Z"/>', 10, {"a": (0, -10), "b": (0, 10)})
NOR2 = _gate(
    "nor2",
    '<path class="s" d="M10,-20 Q36,-20 50,0 Q36,20 10,20 Q20,0 10,-20 Z"/>',
    14,
    {"a": (0, -10), "b": (0, 10)},
)
MAJORITY = _gate(
    "majority_not",
    '<path class="s" d="M10,-20 H34 L50,-8 V8 L34,20 H10 Z"/>',
    10,
    {"a": (0, -10), "b": (0, 0), "c": (0, 10)},
    (Inner("MAJ", (28, 4)),),
)


def _transmission(kind: str, thick: bool) -> Symbol:
    """Two devices back to back: `on` below opens the N device, `onb` above (bubble) the P device."""
    style = "thick" if thick else "s"
    return Symbol(
        kind=kind,
        pins={"a": (0, 0), "b": (60, 0), "on": (30, 30), "onb": (30, -30)},
        art=(
            '<path class="s" d="M14,-14 L46,14 V-14 L14,14 Z"/>',
            _line((0, 0), (14, 0)),
            _line((46, 0), (60, 0)),
            _line((22, 17), (38, 17), style=style),
            _line((22, -17), (38, -17), style=style),
            f'<circle class="s" cx="30" cy="-{23 if thick else 21.5}" r="3.5"/>',
            _line((30, 18), (30, 30)),
            _line((30, -26), (30, -30)),
        ),
        body=Box(14, -25, 46, 18),
        lines=(((0, 0), (14, 0)), ((46, 0), (60, 0)), ((30, 18), (30, 30)), ((30, -30), (30, -25))),
        name_at=((36, 27), (1, 0)),
        implied=SUPPLIES,
        one_line=True,
    )


TRANSMISSION_GATE = _transmission("transmission_gate", thick=False)
THICK_GATE = _transmission("thick_gate", thick=True)


def block(
    kind: str,
    width: int,
    height: int,
    left: Mapping[str, int] | None = None,
    right: Mapping[str, int] | None = None,
    top: Mapping[str, int] | None = None,
    bottom: Mapping[str, int] | None = None,
    implied: Mapping[str, str] = SUPPLIES,
    glyph: str = "",
    title_at: Point | None = None,
) -> Symbol:
    """A subcircuit as a rectangle from the origin; pins by side, each with its distance from the corner.

    Pins end 10 outside the rectangle. The title (`kind`) stands in the middle, or centered at `title_at`. `glyph`: SVG
    path drawn above it.
    """
    pins: dict[str, Point] = {}
    art = [f'<rect class="block" x="0" y="0" width="{width}" height="{height}"/>']
    inner: list[Inner] = []
    lines: list[Segment] = []
    for side, names in (("left", left), ("right", right), ("top", top), ("bottom", bottom)):
        for name, along in (names or {}).items():
            edge, end, text = _block_pin(side, along, width, height, name)
            pins[name] = end
            art.append(_line(edge, end))
            lines.append((edge, end))
            inner.append(text)
    middle = (width // 2, height // 2 + 4)
    if glyph:
        art.append(f'<path class="glyph" transform="translate({middle[0]},{middle[1] - 14})" d="{glyph}"/>')
        middle = (middle[0], middle[1] + 16)
    inner.append(Inner(kind, title_at or middle, style="kind"))
    return Symbol(
        kind=kind, pins=pins, art=tuple(art), body=Box(0, 0, width, height), lines=tuple(lines),
        name_at=((width // 2, height + 1), (0, 1)), implied=implied, inner=tuple(inner),
    )  # fmt: skip


def _block_pin(side: str, along: int, width: int, height: int, name: str) -> tuple[Point, Point, Inner]:
    if side == "left":
        return (0, along), (-10, along), Inner(name, (5, along + 3), "start")
    if side == "right":
        return (width, along), (width + 10, along), Inner(name, (width - 5, along + 3), "end")
    if side == "top":
        return (along, 0), (along, -10), Inner(name, (along, 12))
    return (along, height), (along, height + 10), Inner(name, (along, height - 5))

"""Drawings of the subcircuits of one page as SVG, light or dark as the reader's screen is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from textwrap import wrap

from drawing.connect import junctions
from drawing.geometry import TURNS, Box
from drawing.netlist import Circuit
from drawing.sheet import Name, Part, Sheet
from drawing.text import SIZES, Text, texts

MARGIN, TITLE, SPACE = 30, 34, 46
STYLE = """
svg{--paper:#fff;--ink:#1d2530;--wire:#1d2530;--muted:#5d6875;--accent:#0b6e99;--thick:#c2571a;--block:#f4f6f8;--edge:#d5dbe2}
@media(prefers-color-scheme:dark){svg{--paper:#12161c;--ink:#e6eaf0;--wire:#e6eaf0;--muted:#97a3b1;--accent:#5fb8e0;--thick:#f2a065;
--block:#1c232c;--edge:#333d49}}
text{font-family:Inter,"Helvetica Neue",Helvetica,Arial,sans-serif;fill:var(--ink)}
.paper{fill:var(--paper);stroke:var(--edge)}
.w,.s,.channel,.thick,.glyph,.bar{fill:none;stroke:var(--ink);stroke-width:1.1;stroke-linecap:round;stroke-linejoin:round}
.w{stroke:var(--wire)}.channel{stroke-width:1.8}.thick{stroke:var(--thick);stroke-width:4.5;stroke-linecap:butt}
.glyph{stroke:var(--accent);stroke-width:1.4}.bar{stroke-width:1.6}
.f,.dot{fill:var(--ink);stroke:none}.dot{fill:var(--wire)}
.block{fill:var(--block);stroke:var(--ink);stroke-width:1.2}.open{fill:var(--paper);stroke:var(--ink);stroke-width:1.2}
.title{font-size:15px;font-weight:600}.remark{font-size:12px;fill:var(--muted)}
.name{font-weight:600}.value,.pin{fill:var(--muted)}.kind{fill:var(--accent)}.label{fill:var(--accent);font-style:italic}
.port{font-weight:600}
"""


@dataclass(frozen=True)
class Page:
    """`rows` of drawings, `note` below them. `decks`: circuits of drawings that are no subcircuit of a netlist."""

    name: str
    title: str
    rows: tuple[tuple[Sheet, ...], ...]
    note: str = ""
    decks: Mapping[str, Circuit] = field(default_factory=dict)

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        return tuple(sheet for row in self.rows for sheet in row)


def svg(page: Page, circuits: Mapping[str, Circuit]) -> str:
    """The page as an SVG file."""
    circuits = {**circuits, **page.decks}
    pieces: list[str] = []
    top, right = float(MARGIN), 0.0
    for row in page.rows:
        left, bottom = float(MARGIN), top
        for sheet in row:
            circuit = circuits[sheet.circuit]
            extent = _extent(sheet, circuit)
            pieces += _titled(sheet, circuit, left - extent.left, top + TITLE - extent.top, left, top)
            title = 9 * len(sheet.circuit) + 7 * len(sheet.remark) + 10
            left += max(extent.right - extent.left, title) + SPACE
            bottom = max(bottom, top + TITLE + extent.bottom - extent.top)
        top, right = bottom + SPACE - 8, max(right, left - SPACE)
    right = max(right, 560.0)
    for note in _notes(page, int((right - MARGIN) / 6.6)):
        pieces.append(f'<text class="remark" x="{MARGIN}" y="{top:g}">{escape(note)}</text>')
        top += 17
    width, height = _whole(right + MARGIN), _whole(top + 8)
    sizes = "".join(f".{style}{{font-size:{size:g}px}}" for style, size in SIZES.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f"<title>{escape(page.title)}</title>\n<style>{STYLE}{sizes}</style>\n"
        f'<rect class="paper" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>\n'
        + "\n".join(pieces)
        + "\n</svg>\n"
    )


def _whole(length: float) -> int:
    return -(-int(length) // 10) * 10


def _notes(page: Page, characters: int) -> list[str]:
    """What a reader must know, as far as it appears on the page, in lines of that many characters."""
    parts = [part for sheet in page.sheets for part in sheet.parts.values()]
    transistors = [part for part in parts if part.name.startswith("m")]
    said = []
    if transistors:
        said.append("W/L in µm.")
    if any("_thick" in part.symbol.kind or part.symbol.kind == "thick_gate" for part in parts):
        said.append("Thick gate: thick oxide (3.0 nm).")
    if any("b" in part.symbol.implied for part in transistors):
        said.append("Bodies not drawn: N at vss, P at vdd.")
    if any(part.symbol.kind in ("inverter", "comparator_stage") for part in parts):
        said.append("Inverters: W of N, P in µm where not 0.1, 0.2; L 0.03.")
    if any(name.kind == "rail" and name.net == "0" for sheet in page.sheets for name in sheet.names):
        said.append("Triangle: node 0.")
    if any("vdd" in part.symbol.implied for part in parts):
        said.append("Gates and blocks: vdd, vss not drawn.")
    return [line for text in (" ".join(said), page.note) for line in wrap(text, characters)]


def _extent(sheet: Sheet, circuit: Circuit) -> Box:
    boxes = [part.body for part in sheet.parts.values()] + [text.box for text in texts(sheet, circuit)]
    marks = [(point, 4) for wire in sheet.wires for point in wire]
    marks += [(name.at, 14 if name.kind == "rail" else 4) for name in sheet.names]
    boxes += [Box(x - 4, y - 4, x + 4, y + below) for (x, y), below in marks]
    return Box(
        min(box.left for box in boxes), min(box.top for box in boxes),
        max(box.right for box in boxes), max(box.bottom for box in boxes),
    )  # fmt: skip


def _titled(sheet: Sheet, circuit: Circuit, dx: float, dy: float, left: float, top: float) -> list[str]:
    remark = f'<tspan class="remark" dx="10" font-weight="400">{escape(sheet.remark)}</tspan>' if sheet.remark else ""
    return [
        f'<text class="title" x="{left:g}" y="{top + 8:g}">{escape(sheet.circuit)}{remark}</text>',
        f'<g transform="translate({round(dx)},{round(dy)})">',
        *(f'<path class="w" d="M{a[0]},{a[1]} L{b[0]},{b[1]}"/>' for a, b in sheet.wires),
        *(_part(part) for part in sheet.parts.values()),
        *(f'<circle class="dot" cx="{x}" cy="{y}" r="2.6"/>' for x, y in sorted(junctions(sheet))),
        *(_mark(name) for name in sheet.names),
        *(_text(text) for text in texts(sheet, circuit)),
        "</g>",
    ]


def _part(part: Part) -> str:
    a, b, c, d = TURNS[part.turn]
    x, y = part.at
    return f'<g transform="matrix({a},{c},{b},{d},{x},{y})">{"".join(part.symbol.art)}</g>'


def _mark(name: Name) -> str:
    x, y = name.at
    if name.kind == "port":
        return f'<circle class="open" cx="{x}" cy="{y}" r="3.4"/>'
    if name.kind == "rail" and name.net == "vss":
        return f'<path class="bar" d="M{x - 9},{y} H{x + 9} M{x - 5.5},{y + 4} H{x + 5.5} M{x - 2},{y + 8} H{x + 2}"/>'
    if name.kind == "rail" and name.net == "0":
        return f'<path class="bar" d="M{x - 8},{y} H{x + 8} L{x},{y + 9} Z"/>'
    if name.kind == "rail":
        return f'<path class="bar" d="M{x - 10},{y} H{x + 10}"/>'
    return ""


def _text(text: Text) -> str:
    x, y = text.at
    return f'<text class="{text.style}" text-anchor="{text.anchor}" x="{x:g}" y="{y:g}">{escape(text.text)}</text>'

"""The texts of a drawing, where they stand, and how much room they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drawing.geometry import Box, Point
from drawing.netlist import Circuit, Device
from drawing.sheet import SIDES, Name, Part, Sheet

SIZES = {"name": 11.0, "value": 9.5, "pin": 9.0, "kind": 10.5, "port": 12.0, "label": 10.0, "rail": 10.0}
WIDTH = 0.58
"""Mean width of a character, of its size (a wide face; most are narrower)."""
GAP = 6
GATES = ("inverter", "nand2", "nor2", "majority_not", "transmission_gate", "thick_gate")
"""Whose sizes are written below their names where the instance sets them."""


@dataclass(frozen=True)
class Text:
    """One line of text: its baseline's start, middle or end is at `at`. `owner`: the part it belongs to."""

    text: str
    at: tuple[float, float]
    anchor: str
    style: str
    owner: str = ""

    @property
    def box(self) -> Box:
        size = SIZES[self.style]
        width = WIDTH * size * len(self.text)
        left = self.at[0] - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return Box(left, self.at[1] - 0.75 * size, left + width, self.at[1] + 0.2 * size)


def texts(sheet: Sheet, circuit: Circuit) -> list[Text]:
    """All texts of the drawing; values are those of the netlist."""
    found: list[Text] = []
    for name, part in sheet.parts.items():
        lines = [(name, "name")]
        if name in circuit.devices:
            lines += [(line, "value") for line in value_lines(part, circuit.devices[name])]
        found += (_in_line if part.symbol.one_line else _stacked)(lines, *part.name_at, name)
        found += [
            Text(inner.text, (part.at[0] + inner.at[0], part.at[1] + inner.at[1]), inner.anchor, inner.style, name)
            for inner in part.symbol.inner
        ]
    return found + [_of_name(name) for name in sheet.names if not (name.kind == "rail" and name.side == "down")]


def _stacked(lines: list[tuple[str, str]], at: Point, away: Point, owner: str) -> Iterator[Text]:
    """Lines below each other: beside the point (away to the right or left), below it, or above it."""
    anchor = {1: "start", -1: "end", 0: "middle"}[away[0]]
    height = 11
    first = at[1] + {0: 4 - height * (len(lines) - 1) / 2, 1: height, -1: -3 - height * (len(lines) - 1)}[away[1]]
    for row, (line, style) in enumerate(lines):
        yield Text(line, (at[0], first + row * height), anchor, style, owner)


def _in_line(lines: list[tuple[str, str]], at: Point, away: Point, owner: str) -> Iterator[Text]:
    """Lines beside each other, away from the point."""
    x = float(at[0])
    for line, style in lines if away[0] >= 0 else reversed(lines):
        yield Text(line, (x, at[1] + 4), "start" if away[0] >= 0 else "end", style, owner)
        x += (8 + WIDTH * SIZES[style] * len(line)) * (1 if away[0] >= 0 else -1)


def _of_name(name: Name) -> Text:
    dx, dy = SIDES[name.side]
    gap = GAP + (3 if name.kind == "port" else -2 if name.kind == "label" else 0)
    anchor = {1: "start", -1: "end", 0: "middle"}[dx]
    down = {0: 4.0, 1: gap + 8.0, -1: -gap + 1.0}[dy]
    return Text(name.net, (name.at[0] + dx * gap, name.at[1] + down), anchor, name.kind)


def value_lines(part: Part, device: Device) -> list[str]:
    """What is written below a device's name: W/L of a transistor, widths of a gate, the parameters shown of a block."""
    values = device.values
    if device.name.startswith("m"):
        together = f" ×{values['m']:g}" if values.get("m", 1) != 1 else ""
        return [f"{_um(values['w'])}/{_um(values['l'])}{together}"]
    if device.name[0] in "crv":
        return [_quantity(values["value"], device.kind)]
    if part.show:
        return [f"{before} {_of_parameter(key, values)}".strip() for key, before in part.show.items()]
    return _gate(values) if device.kind in GATES else []


def _gate(values: Mapping[str, float]) -> list[str]:
    lines = []
    if "wn" in values:
        lines.append(f"{_um(values['wn'])}, {_um(values['wp'])}")
    if "wg" in values:
        lines.append(_um(values["wg"]))
    if "lg" in values:
        lines.append(f"L {_um(values['lg'])}")
    return lines


def _of_parameter(key: str, values: Mapping[str, float]) -> str:
    value = values[key]
    if key.endswith("_F"):
        return _quantity(value, "c")
    if key.endswith("_ohm"):
        return _quantity(value, "r")
    return _um(value) if value < 1e-3 else f"{value:g}"


def _um(meters: float) -> str:
    return f"{meters * 1e6:.4g}"


def _quantity(value: float, kind: str) -> str:
    if kind == "c":
        return f"{value * 1e15:.4g} fF"
    if kind == "v":
        return f"{value:g} V"
    return f"{value / 1e3:.4g} kΩ" if value >= 1e3 else f"{value:.4g} Ω"

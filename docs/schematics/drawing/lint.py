"""What makes a drawing hard to read: texts on wires, on symbols or on each other, and wires through symbols."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from drawing.connect import junctions
from drawing.geometry import Box, Segment
from drawing.netlist import Circuit
from drawing.sheet import Sheet
from drawing.text import Text, texts


def collisions(sheet: Sheet, circuit: Circuit) -> list[str]:
    """Every overlap, a line each."""
    found = texts(sheet, circuit)
    return [*_of_texts(found), *_of_lines(sheet, found), *_of_bodies(sheet, found), *_of_wires(sheet)]


def _of_texts(found: list[Text]) -> Iterator[str]:
    for one, other in combinations(found, 2):
        if one.box.overlaps(other.box):
            yield f"{_said(one)} overlaps {_said(other)}"


def _of_lines(sheet: Sheet, found: list[Text]) -> Iterator[str]:
    lines: list[tuple[Segment, str]] = [(wire, "a wire") for wire in sheet.wires]
    lines += [(line, f"a lead of {name}") for name, part in sheet.parts.items() for line in part.lines]
    for text in found:
        for line, what in lines:
            if text.box.crossed_by(line):
                yield f"{_said(text)} is crossed by {what} {line}"


def _of_bodies(sheet: Sheet, found: list[Text]) -> Iterator[str]:
    for name, part in sheet.parts.items():
        for text in found:
            inside = text.owner == name and text.style in ("pin", "kind")
            if not inside and text.box.overlaps(part.body):
                yield f"{_said(text)} overlaps {name}"
            if inside and not _contains(part.body, text.box):
                yield f"{_said(text)} does not fit into {name}"
    for mark in (name for name in sheet.names if name.kind == "rail" and name.side == "down"):
        box = Box(mark.at[0] - 9, mark.at[1], mark.at[0] + 9, mark.at[1] + 9)
        yield from (f"{_said(text)} overlaps the ground at {mark.at}" for text in found if text.box.overlaps(box))
    for x, y in junctions(sheet):
        dot = Box(x - 2, y - 2, x + 2, y + 2)
        yield from (f"{_said(text)} overlaps the dot at {(x, y)}" for text in found if text.box.overlaps(dot))
    for (one, first), (other, second) in combinations(sheet.parts.items(), 2):
        if first.body.overlaps(second.body):
            yield f"{one} overlaps {other}"


def _contains(outer: Box, inner: Box) -> bool:
    return outer.left <= inner.left and inner.right <= outer.right


def _of_wires(sheet: Sheet) -> Iterator[str]:
    for name, part in sheet.parts.items():
        for wire in sheet.wires:
            if part.body.crossed_by(wire):
                yield f"a wire {wire} runs through {name}"

    for one, other in combinations(sheet.wires, 2):
        if _lie_together(one, other):
            yield f"wires {one} and {other} lie on each other"


def _lie_together(one: Segment, other: Segment) -> bool:
    """Whether two segments have more than a point in common."""
    for axis in (0, 1):
        if one[0][axis] == one[1][axis] == other[0][axis] == other[1][axis]:
            a, b = (sorted(end[1 - axis] for end in wire) for wire in (one, other))
            return min(a[1], b[1]) > max(a[0], b[0])
    return False


def _said(text: Text) -> str:
    return f"text {text.text!r} at ({text.at[0]:g}, {text.at[1]:g})"

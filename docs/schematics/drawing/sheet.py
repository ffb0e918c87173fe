"""A drawing of one subcircuit: parts, wires, names of nets. Wires meet where one ends on another or on a pin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from drawing.geometry import Box, Point, Segment, moved, turned
from drawing.symbols import Symbol

Where = str | tuple[int | None, int | None]
"""A pin (`mrn.d`), a point, or a point one of whose coordinates is that of the point before (None)."""
SIDES: Mapping[str, Point] = {"right": (1, 0), "left": (-1, 0), "up": (0, -1), "down": (0, 1)}


@dataclass(frozen=True)
class Part:
    """`name_at`: where name and value stand, on the sheet, and the direction away from the part. `show`: parameters
    of the instance that are written below its name, each with the text before it."""

    name: str
    symbol: Symbol
    at: Point
    turn: str
    name_at: tuple[Point, Point]
    show: Mapping[str, str]

    def pin(self, terminal: str) -> Point:
        return moved(turned(self.symbol.pins[terminal], self.turn), self.at)

    @property
    def pins(self) -> dict[str, Point]:
        return {terminal: self.pin(terminal) for terminal in self.symbol.pins}

    @property
    def body(self) -> Box:
        return self.symbol.body.placed(self.turn, self.at)

    @property
    def lines(self) -> list[Segment]:
        place = [[moved(turned(point, self.turn), self.at) for point in line] for line in self.symbol.lines]
        return [(start, end) for start, end in place]


@dataclass(frozen=True)
class Name:
    """The name of a net at a point. `kind`: port (a pin of the circuit), label, or rail (supply symbol)."""

    net: str
    at: Point
    side: str
    kind: str


@dataclass
class Sheet:
    """The drawing of subcircuit `circuit`. `remark` stands beside its name."""

    circuit: str
    remark: str = ""
    parts: dict[str, Part] = field(default_factory=dict)
    wires: list[Segment] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)

    def add(
        self,
        name: str,
        symbol: Symbol,
        x: int,
        y: int,
        turn: str = "R0",
        text: tuple[int, int, str] | None = None,
        show: Sequence[str] | Mapping[str, str] = (),
    ) -> None:
        """Place a device. `text`: name and value at (x, y) from its origin, on that side, else as the symbol says."""
        if name in self.parts:
            raise ValueError(f"{self.circuit}: {name} is placed twice")
        if text is None:
            at, away = turned(symbol.name_at[0], turn), turned(symbol.name_at[1], turn)
        else:
            at, away = (text[0], text[1]), SIDES[text[2]]
        shown = show if isinstance(show, Mapping) else {each: each for each in show}
        self.parts[name] = Part(name, symbol, (x, y), turn, (moved(at, (x, y)), away), shown)

    def wire(self, *path: Where) -> None:
        """A wire along the points; between two that are not in line it goes horizontally first."""
        points = list(self._points(path))
        for start, end in pairwise(points):
            corner = (end[0], start[1])
            self.wires += [(a, b) for a, b in ((start, corner), (corner, end)) if a != b]

    def port(self, net: str, where: Where, side: str) -> None:
        """A pin of the circuit; its name stands on `side` of the point."""
        self._name(net, where, side, "port")

    def label(self, net: str, where: Where, side: str) -> None:
        """The name of a net; points with one name are connected."""
        self._name(net, where, side, "label")

    def rail(self, net: str, *wheres: Where) -> None:
        """A supply: a bar, or for vss and node 0 a ground symbol below the point."""
        for where in wheres:
            self._name(net, where, "down" if net in ("vss", "0") else "up", "rail")

    def _name(self, net: str, where: Where, side: str, kind: str) -> None:
        (point,) = self._points((where,))
        self.names.append(Name(net, point, side, kind))

    def _points(self, path: Sequence[Where]) -> Iterator[Point]:
        last: Point | None = None
        for where in path:
            if isinstance(where, str):
                part, terminal = where.split(".")
                last = self.parts[part].pin(terminal)
            else:
                x, y = (
                    own if own is not None else before for own, before in zip(where, last or (None, None), strict=True)
                )
                if x is None or y is None:
                    raise ValueError(f"{self.circuit}: a wire starts at {where}, which is no point")
                last = (x, y)
            yield last

"""What a drawing connects, and where that differs from the netlist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from drawing.geometry import Point, on_segment
from drawing.netlist import Circuit, Device
from drawing.sheet import Part, Sheet

Terminal = tuple[str, str]


class Nets:
    """The nets of a drawing: sets of points joined by wires and by names."""

    def __init__(self, sheet: Sheet) -> None:
        self._above: dict[Point, Point] = {}
        points = {point for wire in sheet.wires for point in wire}
        points |= {at for part in sheet.parts.values() for at in part.pins.values()}
        points |= {name.at for name in sheet.names}
        for wire in sheet.wires:
            for point in points:
                if on_segment(point, wire):
                    self._join(point, wire[0])
        named: dict[str, Point] = {}
        for name in sheet.names:
            self._join(name.at, named.setdefault(name.net, name.at))

    def of(self, point: Point) -> Point:
        """The point that stands for the whole net."""
        above = self._above.setdefault(point, point)
        if above != point:
            above = self._above[point] = self.of(above)
        return above

    def _join(self, one: Point, other: Point) -> None:
        self._above[self.of(one)] = self.of(other)


def differences(sheet: Sheet, circuit: Circuit) -> list[str]:
    """Every way in which the drawing is not the netlist, a line each; none: they are the same circuit."""
    return [*_of_devices(sheet, circuit), *_of_nets(sheet, circuit), *_of_ports(sheet, circuit), *_loose(sheet)]


def _of_devices(sheet: Sheet, circuit: Circuit) -> Iterator[str]:
    for name in sorted(sheet.parts.keys() - circuit.devices.keys()):
        yield f"{name} is drawn and not in the netlist"
    for name in sorted(circuit.devices.keys() - sheet.parts.keys()):
        yield f"{name} is in the netlist and not drawn"
    for name, part, device in _pairs(sheet, circuit):
        if part.symbol.kind != device.kind:
            yield f"{name} is drawn as {part.symbol.kind}, the netlist has {device.kind}"
        drawn = part.symbol.pins.keys() | part.symbol.implied.keys()
        if drawn != device.nets.keys():
            yield f"{name} is drawn with terminals {sorted(drawn)}, the netlist has {sorted(device.nets)}"
        for terminal, net in part.symbol.implied.items():
            if device.nets.get(terminal) != net:
                yield f"{name}.{terminal} is not drawn, so it is on {net}; the netlist has {device.nets.get(terminal)}"


def _pairs(sheet: Sheet, circuit: Circuit) -> Iterator[tuple[str, Part, Device]]:
    for name, part in sheet.parts.items():
        if name in circuit.devices:
            yield name, part, circuit.devices[name]


def _of_nets(sheet: Sheet, circuit: Circuit) -> Iterator[str]:
    nets = Nets(sheet)
    of_drawing: dict[Point, set[str]] = defaultdict(set)
    of_netlist: dict[str, set[Point]] = defaultdict(set)
    members: dict[Point, list[str]] = defaultdict(list)
    for name, part, device in _pairs(sheet, circuit):
        for terminal, at in part.pins.items():
            net = device.nets.get(terminal)
            if net is not None:
                of_drawing[nets.of(at)].add(net)
                of_netlist[net].add(nets.of(at))
                members[nets.of(at)].append(f"{name}.{terminal}")
    for mark in sheet.names:
        here = nets.of(mark.at)
        of_drawing[here].add(mark.net)
        of_netlist[mark.net].add(here)
        members[here].append(f"{mark.kind} {mark.net}")
    for point, found in of_drawing.items():
        if len(found) > 1:
            yield f"the drawing joins {sorted(found)}: {', '.join(members[point])}"
    for net, points in of_netlist.items():
        if len(points) > 1:
            groups = " | ".join(", ".join(members[point]) for point in sorted(points))
            yield f"net {net} is drawn in {len(points)} pieces: {groups}"


def _of_ports(sheet: Sheet, circuit: Circuit) -> Iterator[str]:
    drawn = {name.net for name in sheet.names if name.kind in ("port", "rail")}
    drawn |= {net for part in sheet.parts.values() for net in part.symbol.implied.values()}
    for net in sorted(set(circuit.pins) - drawn):
        yield f"pin {net} of the netlist is not drawn"
    for net in sorted({name.net for name in sheet.names if name.kind == "port"} - set(circuit.pins)):
        yield f"pin {net} is drawn and not in the netlist"


def _loose(sheet: Sheet) -> Iterator[str]:
    """Ends of wires at which nothing is, and pins that touch nothing."""
    fixed = [at for part in sheet.parts.values() for at in part.pins.values()] + [name.at for name in sheet.names]
    for index, wire in enumerate(sheet.wires):
        others = sheet.wires[:index] + sheet.wires[index + 1 :]
        for end in wire:
            if end not in fixed and not any(on_segment(end, other) for other in others):
                yield f"a wire ends at {end}, where nothing is"
    for name, part in sheet.parts.items():
        for terminal, at in part.pins.items():
            elsewhere = fixed.count(at) - list(part.pins.values()).count(at)
            if not elsewhere and not any(on_segment(at, wire) for wire in sheet.wires):
                yield f"{name}.{terminal} is connected to nothing"


def junctions(sheet: Sheet) -> set[Point]:
    """Where three or more branches meet: a dot is drawn there."""
    points = {point for wire in sheet.wires for point in wire}
    points |= {at for part in sheet.parts.values() for at in part.pins.values()}
    return {point for point in points if _branches(sheet, point) >= 3}


def _branches(sheet: Sheet, point: Point) -> int:
    ends = sum((point in wire) or 2 * on_segment(point, wire) for wire in sheet.wires)
    return ends + sum(point in part.pins.values() for part in sheet.parts.values())

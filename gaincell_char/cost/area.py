"""Gate area and capacitors of the netlists: W L of every transistor that is drawn. No wires, no spacing, no layout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.cost.geometry import HEAD_WIDTH, Geometry
from gaincell_char.errors import InputError
from gaincell_char.paths import data_folder
from gaincell_char.spice.netlist import Statement
from gaincell_char.spice.subcircuits import Subcircuit, subcircuits
from gaincell_char.sweep.expression import parse_expression

_ASSIGNMENT = re.compile(r"(\w+)\s*=\s*(\{[^}]*\}|\S+)")
Values = Mapping[str, float]


@dataclass(frozen=True)
class Area:
    """Of one instance: transistors' gates (m2) and capacitors (F)."""

    gate_m2: float = 0.0
    capacitance_F: float = 0.0

    def plus(self, other: Area, times: float = 1.0) -> Area:
        """Both together, `other` that many times."""
        return Area(self.gate_m2 + times * other.gate_m2, self.capacitance_F + times * other.capacitance_F)


@dataclass(frozen=True)
class AreaLine:
    """`count` instances of the subcircuit `name` in a head."""

    name: str
    count: int
    each: Area


def head_area(geometry: Geometry, model: BehavioralModel | None = None) -> list[AreaLine]:
    """Every circuit of a head that has a netlist; cells with the sizes of `model`, others with their netlists'."""
    known = known_subcircuits()
    tokens, tiles = geometry.tokens, geometry.tiles
    counts = {
        "gain_cell": 2 * tokens * HEAD_WIDTH,
        "word_line_driver": tiles * HEAD_WIDTH,
        "word_line_buffer": tokens,
        "charge_to_pulse": tokens,
        "zero_charge_k": tiles,
        "signed_charge_to_pulse": tiles * HEAD_WIDTH,
        "zero_charge_p": tiles,
        "zero_charge_n": tiles,
        "pulse_counter": tiles * HEAD_WIDTH,
        "count_clock": 2 * tiles,
        "write_driver": tiles * (HEAD_WIDTH + HEAD_WIDTH),
    }
    own = {} if model is None else model.parameters
    cell = {name.removeprefix("gain_cell."): value for name, value in own.items() if name.startswith("gain_cell.")}
    return [
        AreaLine(name, count, area(known, name, cell if name == "gain_cell" else {})) for name, count in counts.items()
    ]


def known_subcircuits() -> dict[str, Subcircuit]:
    """Of all bundled netlists, by name."""
    files = sorted(data_folder("netlists").glob("*.lib"))
    return subcircuits("\n".join(["* all netlists", *(f".include '{path}'" for path in files)]))


def area(known: Mapping[str, Subcircuit], name: str, given: Values) -> Area:
    """Gates and capacitors of the subcircuit `name` with the parameters `given`; those that it does not have are left.

    Raises
    ------
    InputError
        A subcircuit that is not known, or a value that is no expression.
    """
    if name not in known:
        raise InputError(f"no subcircuit {name} in the netlists; known: {', '.join(sorted(known))}")
    subcircuit = known[name]
    values = _assigned(subcircuit.head, {})
    values |= {key: value for key, value in given.items() if key in values}
    total = Area()
    for line in subcircuit.body:
        found = _assigned(line, values)
        match line.card[0]:
            case "m":
                total = total.plus(Area(gate_m2=found["w"] * found["l"]), found.get("m", 1.0))
            case "c":
                total = total.plus(Area(capacitance_F=_value(line.words[3], values)))
            case "x":
                child = next(word for word in reversed(_bare(line)) if "=" not in word).lower()
                total = total.plus(area(known, child, found), found.get("m", 1.0))
            case _ if line.card == ".param":
                values |= found
    return total


def _bare(line: Statement) -> list[str]:
    return _ASSIGNMENT.sub("", line.text).split()


def _assigned(line: Statement, values: Values) -> dict[str, float]:
    """What the line assigns, each by the names before it."""
    found: dict[str, float] = {}
    for name, text in _assignments(line):
        found[name] = _value(text, {**values, **found})
    return found


def _assignments(line: Statement) -> Iterator[tuple[str, str]]:
    for match in _ASSIGNMENT.finditer(line.text):
        yield match[1], match[2]


def _value(text: str, values: Values) -> float:
    return float(parse_expression(text.strip("{}"))(values))

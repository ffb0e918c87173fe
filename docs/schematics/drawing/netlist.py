"""The devices of a subcircuit, as its netlist has them: terminals by name, sizes with the default parameters."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gaincell_char.errors import InputError
from gaincell_char.spice.netlist import Statement, statements
from gaincell_char.spice.subcircuits import Subcircuit, subcircuits
from gaincell_char.units import parse_si

NETLISTS = Path(__file__).resolve().parents[3] / "netlists"
TRANSISTOR = ("d", "g", "s", "b")


@dataclass(frozen=True)
class Device:
    """`kind`: model of a transistor, name of a subcircuit, or c, r, v. `values`: numbers by parameter; the value of a
    capacitor, resistor or source is `value`."""

    name: str
    kind: str
    nets: Mapping[str, str]
    values: Mapping[str, float]


@dataclass(frozen=True)
class Circuit:
    """A subcircuit: pins in order, devices by name."""

    name: str
    pins: tuple[str, ...]
    devices: Mapping[str, Device]


def circuits(folder: Path = NETLISTS) -> dict[str, Circuit]:
    """Every subcircuit of the netlists in `folder`, by name."""
    files = sorted(folder.glob("*.lib"))
    known = subcircuits("all\n" + "\n".join(f".include '{path}'" for path in files))
    heads = {name: _pins(each.head)[0] for name, each in known.items()}
    return {name: _circuit(name, each, heads) for name, each in known.items()}


def deck(name: str, text: str, known: Mapping[str, Circuit], pins: tuple[str, ...] = ()) -> Circuit:
    """The subcircuit instances of a deck, as if it were a circuit with `pins`."""
    heads = {each.name: each.pins for each in known.values()}
    lines = [line for line in statements(text) if line.card.startswith("x") or line.card == ".param"]
    return Circuit(name, pins, _devices(lines, heads, {}))


def _circuit(name: str, source: Subcircuit, heads: Mapping[str, tuple[str, ...]]) -> Circuit:
    pins, given = _pins(source.head)
    return Circuit(name, pins, _devices(source.body, heads, _evaluated(given, {})))


def _devices(
    lines: Iterable[Statement], heads: Mapping[str, tuple[str, ...]], values: Mapping[str, float]
) -> dict[str, Device]:
    known, found = dict(values), {}
    for line in lines:
        if line.card == ".param":
            known |= _evaluated(_assignments(line.words[1:]), known)
        elif not line.card.startswith("."):
            found[line.words[0]] = _device(line, heads, known)
    return found


def _pins(head: Statement) -> tuple[tuple[str, ...], dict[str, str]]:
    words = head.words[2:]
    first = next((n for n, word in enumerate(words) if "=" in word), len(words))
    return tuple(words[:first]), _assignments(words[first:])


def _assignments(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words if "=" in word)


def _device(line: Statement, heads: Mapping[str, tuple[str, ...]], outer: Mapping[str, float]) -> Device:
    name, *words = line.words
    given = _evaluated(_assignments(words), outer)
    plain = [word for word in words if "=" not in word]
    if name.startswith("m"):
        return Device(name, plain[4], dict(zip(TRANSISTOR, plain[:4], strict=True)), given)
    if name.startswith("x"):
        kind = plain[-1].lower()
        return Device(name, kind, dict(zip(heads[kind], plain[:-1], strict=True)), given)
    value = _value(plain[2], outer)
    return Device(name, name[0], dict(zip("pn", plain[:2], strict=True)), {"value": value})


def _evaluated(given: Mapping[str, str], outer: Mapping[str, float]) -> dict[str, float]:
    values = dict(outer)
    own: dict[str, float] = {}
    for name, text in given.items():
        values[name] = own[name] = _value(text, values)
    return own


_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def _value(text: str, values: Mapping[str, float]) -> float:
    bare = re.sub(r"[{}']", "", text)
    try:
        return parse_si(bare)
    except InputError:
        return _evaluate(ast.parse(bare, mode="eval").body, values)


def _evaluate(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.BinOp):
        return float(_OPERATORS[type(node.op)](_evaluate(node.left, values), _evaluate(node.right, values)))
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    raise ValueError(f"an expression of numbers, parameters and + - * / is expected, not {ast.unparse(node)}")

"""Expressions in a spec: arithmetic and comparisons of named quantities: `gain_cell.wn <= 2 * gain_cell.wp`.

The text becomes a syntax tree of which every node is checked; it is never handed to the interpreter. Numbers may carry
SI suffixes.
"""

from __future__ import annotations

import ast
import functools
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gaincell_char.errors import InputError, unknown_name
from gaincell_char.units import parse_si

MAX_LENGTH = 500
_SUFFIXED = re.compile(r"(?<![\w.])((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![eE][+-]\d)([A-Za-zµμ]+)(?![\w.])")
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: np.logical_not, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "sqrt": np.sqrt, "log10": np.log10, "min": np.minimum, "max": np.maximum,
}  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """A checked expression. `names`: the quantities that it reads."""

    text: str
    names: frozenset[str]
    _tree: ast.expr

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Its value; numbers and arrays alike. A division by zero is inf or NaN, and NaN meets no comparison."""
        with np.errstate(all="ignore"):
            return _value(self._tree, values)

    @property
    def decides(self) -> bool:
        """It is true or false, not a number."""
        negated = isinstance(self._tree, ast.UnaryOp) and isinstance(self._tree.op, ast.Not)
        return negated or isinstance(self._tree, ast.Compare | ast.BoolOp)

    def require(self, known: Mapping[str, object] | frozenset[str] | set[str], where: str) -> None:
        """Raise `InputError` where it reads a name that is not in `known`."""
        for name in sorted(self.names):
            if name not in known:
                raise unknown_name("name", name, known, where)


def parse_expression(text: str) -> Expression:
    """The expression that `text` is.

    Raises
    ------
    InputError
        Not an expression, or one with more than names, numbers, + - * /, comparisons, and, or, not and
        abs, sqrt, log10, min, max.
    """
    if len(text) > MAX_LENGTH:
        raise InputError(f"{text[:40]!r}...: an expression of {len(text)} characters; at most {MAX_LENGTH}")
    plain = _SUFFIXED.sub(lambda match: repr(parse_si(match[0], f"{text!r}")), text)
    try:
        tree = ast.parse(plain.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise InputError(f"{text!r} is not an expression; write it like gain_cell.wn <= 2 * gain_cell.wp") from None
    names: set[str] = set()
    _check(tree, text, names)
    return Expression(text, frozenset(names), tree)


def _check(node: ast.expr, text: str, names: set[str], beside: ast.expr | None = None) -> None:
    if name := _dotted(node):
        names.add(name)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if not isinstance(beside, ast.Compare):
            raise InputError(f"{text!r}: the text {node.value!r} can only be compared: corner == 'tt'")
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        wanted = 2 if node.func.id in ("min", "max") else 1
        if node.func.id not in _FUNCTIONS or len(node.args) != wanted:
            raise InputError(f"{text!r}: {ast.unparse(node)} is no function here; known: abs(x), sqrt(x), log10(x), "
                             "min(x, y), max(x, y)")  # fmt: skip
        for argument in node.args:
            _check(argument, text, names)
    elif _allowed(node):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                _check(child, text, names, node)
    else:
        raise InputError(f"{text!r}: {ast.unparse(node)!r} is not allowed; use names, numbers, + - * /, comparisons, "
                         "and, or, not")  # fmt: skip


def _allowed(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return type(value) in (int, float)
        case ast.BinOp(op=op):
            return type(op) in _BINARY
        case ast.Compare(ops=ops):
            return all(type(op) in _COMPARE for op in ops)
        case ast.UnaryOp(op=op):
            return type(op) in _SIGNS
        case _:
            return isinstance(node, ast.BoolOp)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    if name := _dotted(node):
        found = values[name]
        return np.float64(found) if isinstance(found, int | float) else found  # divides by zero without raising
    match node:
        case ast.Constant(value=value):
            return np.float64(value) if isinstance(value, int | float) else value
        case ast.BinOp(left, op, right):
            return _BINARY[type(op)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=sign, operand=operand):
            return _SIGNS[type(sign)](_value(operand, values))
        case ast.BoolOp(op=word, values=parts):
            combine = np.logical_and if isinstance(word, ast.And) else np.logical_or
            return functools.reduce(combine, (_value(part, values) for part in parts))
        case ast.Compare(left, ops, rights):
            holds: Any = True
            before = _value(left, values)
            for comparison, right in zip(ops, rights, strict=True):
                after = _value(right, values)
                holds = np.logical_and(holds, _COMPARE[type(comparison)](before, after))
                before = after
            return holds
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _FUNCTIONS[function](*(_value(argument, values) for argument in arguments))
        case _:
            raise AssertionError(ast.dump(node))  # _check lets nothing else through

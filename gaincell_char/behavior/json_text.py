"""JSON with the faults that the standard parser lets pass refused, and a layout that people can read and diff."""

from __future__ import annotations

import json
import math
from typing import Any

from gaincell_char.errors import InputError


class _Object(dict[str, Any]):
    """A JSON object that remembers a key it was given twice."""

    repeated: str | None = None


def parse(text: str, where: str) -> Any:
    """The value of the JSON `text`.

    Raises
    ------
    InputError
        Not JSON (truncated, for instance), a key given twice in one object, a number that is not finite (NaN, Infinity,
        1e999): one line that begins with `where` and names the line or the field.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        ends = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        hint = "the file ends too early, it may be truncated" if ends else error.msg.lower()
        raise InputError(f"{where}: line {error.lineno}, column {error.colno}: not JSON: {hint}") from None
    except (RecursionError, ValueError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else "a number is too long"
        raise InputError(f"{where}: not a JSON file that can be read: {reason}") from None
    _refuse_faults(value, where, ())
    return value


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    result = _Object()
    for name, value in pairs:
        if name in result:
            result.repeated = name
        result[name] = value
    return result


def _refuse_faults(value: Any, where: str, path: tuple[str, ...]) -> None:
    if isinstance(value, _Object):
        if value.repeated is not None:
            raise InputError(f"{where}: {'.'.join((*path, value.repeated))}: this key is given twice; keep one of them")
        for name, item in value.items():
            _refuse_faults(item, where, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_faults(item, where, (*path, str(index)))
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: {'.'.join(path) or 'value'}: {value} is not a finite number")


def render(value: Any) -> str:
    """`value` as JSON text: two spaces a level, a list of scalars on one line, floats at their shortest exact form.

    Raises
    ------
    ValueError
        A number that is not finite.
    """
    return _lines(value, "") + "\n"


def _lines(value: Any, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(name)}: {_lines(item, inner)}" for name, item in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, list | dict) for item in value):
        return "[\n" + ",\n".join(inner + _lines(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)

"""What every part of a spec has in common: strict fields, SI numbers, and errors of one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from gaincell_char.errors import InputError, unknown_name
from gaincell_char.units import parse_si


def si(given: object) -> float:
    """`parse_si`, with the error that pydantic collects."""
    try:
        return parse_si(given)
    except InputError as error:
        raise ValueError(str(error).removeprefix("value: ")) from None


def _whole(given: object) -> int:
    value = si(given)
    if value != int(value) or value < 1:
        raise ValueError(f"{given!r} is not a count; expected a whole number, at least 1")
    return int(value)


def _natural(given: object) -> int:
    """Read as digits, not through a float: a seed has up to 63 bits."""
    if isinstance(given, int) and not isinstance(given, bool):
        value = given
    elif isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= 19:
        value = int(given)
    else:
        raise ValueError(f"{given!r} is not a whole number, 0 or more")
    if not 0 <= value < 2**63:
        raise ValueError(f"{given!r} is outside 0 to 2**63 - 1")
    return value


Number = Annotated[float, BeforeValidator(si)]
Count = Annotated[int, BeforeValidator(_whole)]
Natural = Annotated[int, BeforeValidator(_natural)]
Quantity = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.]*$")]


class Section(BaseModel):
    """A part of a spec: immutable, unknown keys refused with the nearest known one."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        for name in given if isinstance(given, Mapping) else ():
            if name not in cls.model_fields:
                raise ValueError(str(unknown_name("key", str(name), cls.model_fields)))
        return given


_EXPECTED = {
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "text",
    "too_short": "at least one entry",
    "string_pattern_mismatch": "a name: letters, digits and _, starting with a letter (or circuit.name)",
}

Part = TypeVar("Part", bound=Section)


def validated(part: type[Part], document: Any, where: str) -> Part:
    """`document` as a `part`.

    Raises
    ------
    InputError
        One line: `where`, the path in the document, what was given and what was expected; further faults are counted.
    """
    try:
        return part.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise InputError(f"{where}: {_one_line(faults[0])}{more}") from None


def _one_line(fault: Any) -> str:
    path = ""
    for step in fault["loc"]:
        if step in ("list", "range", "uniform", "normal", "[key]"):  # put there by pydantic, not keys of the document
            continue
        path += f"[{step}]" if isinstance(step, int) else f"{'.' if path else ''}{step}"
    text = " ".join(str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input should be ").split())
    if fault["type"] == "missing":
        text = "is required, and missing"
    elif fault["type"] != "value_error":
        text = f"{_shortened(fault['input'])}: expected {_EXPECTED.get(fault['type'], text)}"
    return f"{path}: {text}" if path else text


def _shortened(given: object) -> str:
    shown = repr(given)
    return shown if len(shown) <= 60 else shown[:57] + "..."

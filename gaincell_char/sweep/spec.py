"""What to sweep: a testbench, its axes, corners, temperatures, supplies and limits, as a YAML file says it.

A `Spec` is checked for form only; `plan` checks its names against the testbench.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, field_validator, model_validator

from gaincell_char import keys
from gaincell_char.behavior.schema import Corner
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.paths import data_folder
from gaincell_char.sweep.axis import AxisValues, Values, ZipValues, count
from gaincell_char.sweep.document import load_document
from gaincell_char.sweep.draws import Draws
from gaincell_char.sweep.expression import parse_expression
from gaincell_char.sweep.measures.table import MeasureSpec
from gaincell_char.sweep.section import Count, Natural, Number, Quantity, Section, si, validated
from gaincell_char.technology import NATIVE, technologies

CORNERS: tuple[str, ...] = get_args(Corner)
Reducer = Literal["each", "min", "max", "mean", "max_abs", "sigma", "span"]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+-]{0,63}$")]
Dotted = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*$")]


def _condition(text: str) -> str:
    try:
        expression = parse_expression(text)
    except InputError as error:
        raise ValueError(str(error)) from None
    if not expression.decides:
        raise ValueError(f"{text!r} is a number; a filter compares: gain_cell.wn <= 2 * gain_cell.wp")
    return text


Filter = Annotated[str, AfterValidator(_condition)]
NOT_OF_ROWS = ("description", "limits", "measures")
"""What a spec says about its rows: changing it changes no row."""


class Limit(Section):
    """A bound on one measured column. Every point is judged (`each`), or one number made of the points."""

    column: Quantity
    reduce: Reducer = "each"
    min: Number | None = None
    typ: Number | None = None
    max: Number | None = None
    where: dict[Quantity, float | str] = Field(default={}, description="column -> value: which points count")

    @field_validator("where", mode="before")
    @classmethod
    def _corner_or_number(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        if "corner" in given and given["corner"] not in CORNERS:
            raise ValueError(str(unknown_name("corner", str(given["corner"]), CORNERS)))
        return {name: value if name == "corner" else si(value) for name, value in given.items()}

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("has neither min nor max; give at least one (typ alone is not judged)")
        given = [value for value in (self.min, self.typ, self.max) if value is not None]
        if given != sorted(given):
            raise ValueError(f"expected min <= typ <= max, given {', '.join(f'{v:g}' for v in given)}")
        return self


def _unique(values: list[str]) -> list[str]:
    if not values:
        raise ValueError("an empty list; expected at least one corner")
    for value in values:
        if value not in CORNERS:
            raise ValueError(str(unknown_name("corner", value, CORNERS)))
    if len(set(values)) < len(values):
        raise ValueError(f"{', '.join(values)}: a corner is given twice; keep one")
    return values


class MonteCarlo(Section):
    """Samples `first`, `first + 1`, ... of device mismatch, `samples` of them."""

    samples: Count
    seed: Natural = 0
    first: Natural = 0

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + self.samples)


class Adaptive(Section):
    """Refine the axis that `measure` is taken over until the interval around what it finds is no wider than `tolerance`
    (in the axis' unit). The measure finds a place: `crossing`, `range_high`, `range_low`, `kink`, `settling`."""

    measure: Identifier
    tolerance: Number

    @field_validator("tolerance")
    @classmethod
    def _positive(cls, value: float) -> float:
        if value <= 0:
            raise ValueError(f"{value:g} is no tolerance; expected more than 0")
        return value


class Spec(Section):
    """A sweep. `parameters` are fixed; an axis may be an axis of the testbench or a design parameter; the columns of
    a preset, of a zip and of draws move together; `filters` say which combinations count; `monte_carlo` draws device
    mismatch; `retries` are other numerics for a deck that does not converge, tried in order. `devices_per_deck`: how
    many devices under test share a deck at most, where the testbench lets them; left out, the plan decides."""

    name: Identifier
    testbench: Dotted
    technology: Identifier = NATIVE
    description: str = ""
    parameters: dict[Dotted, Number] = Field(default={})
    axes: dict[Quantity, AxisValues] = Field(default={})
    presets: dict[Identifier, Annotated[list[dict[Quantity, Number]], Field(min_length=1)]] = Field(default={})
    zip: dict[Identifier, Annotated[dict[Quantity, ZipValues], Field(min_length=1)]] = Field(default={})
    draws: dict[Identifier, Draws] = Field(default={})
    monte_carlo: MonteCarlo | None = None
    filters: list[Filter] = Field(default=[])
    corners: Annotated[list[str], AfterValidator(_unique)] = Field(default=["tt"])
    temperatures_C: Values = Field(default=[27.0])
    supplies_V: Values = Field(default=[0.9])
    numerics: dict[Identifier, Number] = Field(default={})
    devices_per_deck: Count | None = None
    retries: list[Annotated[dict[Identifier, Number], Field(min_length=1)]] = Field(default=[], max_length=8)
    measures: dict[Identifier, MeasureSpec] = Field(default={})
    adaptive: Adaptive | None = None
    limits: dict[Identifier, Limit] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _supply_of_its_technology(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "supplies_V" in given:
            return given
        devices = technologies().get(str(given.get("technology", NATIVE)))
        return {**given, "supplies_V": [devices.vdd_V]} if devices else given

    @field_validator("temperatures_C")
    @classmethod
    def _above_zero_kelvin(cls, values: list[float]) -> list[float]:
        if cold := next((value for value in values if value <= -273.15), None):
            raise ValueError(f"{cold:g} is not a temperature in degrees Celsius; expected more than -273.15")
        return values

    @field_validator("supplies_V")
    @classmethod
    def _positive(cls, values: list[float]) -> list[float]:
        if any(value <= 0 for value in values):
            raise ValueError(f"{min(values):g} is not a supply voltage; expected more than 0 V")
        return values

    @field_validator("presets")
    @classmethod
    def _same_columns(cls, presets: dict[str, list[dict[str, float]]]) -> dict[str, list[dict[str, float]]]:
        for name, rows in presets.items():
            for number, row in enumerate(rows):
                if not row or row.keys() != rows[0].keys():
                    raise ValueError(f"{name}[{number}] sets {', '.join(row) or 'nothing'}, but {name}[0] sets "
                                     f"{', '.join(rows[0]) or 'nothing'}; every row sets the same columns")  # fmt: skip
                if row in rows[:number]:
                    raise ValueError(f"{name}[{number}] is given twice; keep one")
        return presets

    @field_validator("zip")
    @classmethod
    def _same_length(cls, zips: dict[str, dict[str, ZipValues]]) -> dict[str, dict[str, ZipValues]]:
        for name, columns in zips.items():
            lengths = {column: count(values) for column, values in columns.items()}
            if len(set(lengths.values())) > 1:
                given = ", ".join(f"{column} has {length}" for column, length in lengths.items())
                raise ValueError(f"{name}: {given}; columns that move together are equally long")
        return zips

    @model_validator(mode="after")
    def _set_once(self) -> Self:
        homes: dict[str, str] = {}
        groups = {"parameters": list(self.parameters), "axes": list(self.axes)}
        groups |= {f"presets.{name}": list(rows[0]) for name, rows in self.presets.items()}
        groups |= {f"zip.{name}": list(columns) for name, columns in self.zip.items()}
        groups |= {f"draws.{name}": list(draws.of) for name, draws in self.draws.items()}
        for home, names in groups.items():
            for name in names:
                if name in homes:
                    raise ValueError(f"{name} is set in {homes[name]} and in {home}; keep one")
                homes[name] = home
        return self

    def document(self) -> dict[str, Any]:
        """The spec as plain values, defaults left out: what `Spec` would accept again."""
        plain = self.model_dump(mode="json", exclude_defaults=True)
        return plain if self.technology == NATIVE else {**plain, "supplies_V": list(self.supplies_V)}

    @property
    def digest(self) -> str:
        """sha256 of what the spec says of its rows. Comments, layout, the way a number is written, and what is only
        judged (limits) do not count."""
        document = self.document()
        of_rows = {name: value for name, value in document.items() if name not in NOT_OF_ROWS}
        if self.adaptive:
            of_rows["adaptive"] = [document["adaptive"], document["measures"].get(self.adaptive.measure)]
        return keys.key(of_rows)


def load_spec(given: str | Path) -> Spec:
    """The spec in the file `given`, or the bundled one of that name (`gain_cell_iv`).

    Raises
    ------
    InputError
        One line: the file, the path in the document, what was given and what was expected.
    """
    path = _locate(given)
    return validated(Spec, load_document(path), str(path))


def _locate(given: str | Path) -> Path:
    path = Path(given)
    if path.suffix or path.parent != Path() or path.is_file():
        return path
    bundled = {each.stem: each for each in sorted(data_folder("sweeps").glob("*.yaml"))}
    if path.name not in bundled:
        raise unknown_name("sweep", path.name, bundled)
    return bundled[path.name]


def same_number(a: float, b: float) -> bool:
    """Equal up to the last digits that a decimal number loses in a float."""
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-24)

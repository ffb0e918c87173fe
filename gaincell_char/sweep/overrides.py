"""What the command line changes in a spec."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gaincell_char.circuits.ported import ported
from gaincell_char.circuits.testbench import Parameter, testbench
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.sweep.axis import Range, parse_axis
from gaincell_char.sweep.groups import together
from gaincell_char.sweep.section import validated
from gaincell_char.sweep.spec import Spec
from gaincell_char.sweep.translate import in_technology
from gaincell_char.technology import technology
from gaincell_char.units import parse_si

_PERCENT = re.compile(r"[+-](\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?%", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Overrides:
    """Values that replace a spec's own; what is empty changes nothing. `axes` also adds an axis, of the testbench or
    of a design parameter. `factors` multiply what a parameter has in the spec, or its default. `technology`: the spec
    for another one (`in_technology`); the other values are as given, not scaled."""

    parameters: Mapping[str, float] = field(default_factory=dict)
    axes: Mapping[str, list[float] | Range] = field(default_factory=dict)
    corners: tuple[str, ...] = ()
    temperatures_C: tuple[float, ...] = ()
    supplies_V: tuple[float, ...] = ()
    factors: Mapping[str, float] = field(default_factory=dict)
    monte_carlo: Mapping[str, int] = field(default_factory=dict)
    technology: str = ""


def parse_overrides(
    sets: Iterable[str] = (),
    axes: Iterable[str] = (),
    corner: str = "",
    temperature: str = "",
    supply: str = "",
    monte_carlo: Mapping[str, int] | None = None,
    technology: str = "",
) -> Overrides:
    """Overrides as the command line has them: `gain_cell.wn=200n` or `gain_cell.wn=+10%`, `v_bl_V=0.4:0.5:11`, `tt,ss`,
    `27,85`, `0.9`; `monte_carlo` has the fields of the spec's section.

    Raises
    ------
    InputError
        Names the option, what was given and what was expected.
    """
    given = _pairs("--set", sets)
    factors = {name: _factor(value, name) for name, value in given.items() if value.endswith("%")}
    return Overrides(
        parameters={name: _value(value, name) for name, value in given.items() if name not in factors},
        axes={name: parse_axis(value, f"--axis {name}") for name, value in _pairs("--axis", axes).items()},
        corners=_split(corner),
        temperatures_C=tuple(parse_si(value, "--temp") for value in _split(temperature)),
        supplies_V=tuple(parse_si(value, "--supply") for value in _split(supply)),
        factors=factors,
        monte_carlo=monte_carlo or {},
        technology=technology,
    )


def _value(text: str, name: str) -> float:
    if text.startswith("+"):
        raise InputError(f"--set {name}: {text!r}; a value has no plus sign, a relative one a percent sign: {text}%")
    return parse_si(text, f"--set {name}")


def _factor(text: str, name: str) -> float:
    if not _PERCENT.fullmatch(text):
        raise InputError(f"--set {name}: {text!r}; a relative value has its sign and no suffix: +10% or -10%")
    factor = 1 + float(text.removesuffix("%")) / 100
    if factor <= 0:
        raise InputError(f"--set {name}: {text!r} leaves nothing of it; expected more than -100%")
    return factor


def _pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not name or not equals:
            raise InputError(f"{option}: {text!r}; expected NAME=VALUE")
        if name in pairs:
            raise InputError(f"{option}: {name} is given twice; keep one")
        pairs[name] = value.strip()
    return pairs


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text.strip() else ()


def override(spec: Spec, overrides: Overrides) -> Spec:
    """`spec` with `overrides` in place, checked again.

    Raises
    ------
    InputError
        An override that the spec cannot take: of a fixed parameter that is an axis, an unknown corner, ...
    """
    spec = in_technology(spec, overrides.technology or spec.technology)
    moving = [*spec.axes, *together(spec)]
    for name in (*overrides.parameters, *overrides.factors):
        if name in moving:
            raise InputError(f"--set {name}: it is an axis of {spec.name}; change it with --axis {name}=...")
    changed: dict[str, Any] = spec.document()
    changed["parameters"] = {**changed.get("parameters", {}), **overrides.parameters, **_scaled(spec, overrides)}
    for name, axis in overrides.axes.items():
        changed["parameters"].pop(name, None)
        changed.setdefault("axes", {})[name] = axis if isinstance(axis, list) else axis.model_dump(exclude_none=True)
    for name in ("corners", "temperatures_C", "supplies_V"):
        if given := getattr(overrides, name):
            changed[name] = list(given)
    if overrides.monte_carlo:
        changed["monte_carlo"] = {**(changed.get("monte_carlo") or {}), **overrides.monte_carlo}
    return validated(Spec, changed, spec.name)


def _scaled(spec: Spec, overrides: Overrides) -> dict[str, float]:
    if not overrides.factors:
        return {}
    bench = ported(testbench(spec.testbench), technology(spec.technology))
    return scaled(overrides.factors, bench.parameters, spec.parameters)


def scaled(
    factors: Mapping[str, float], parameters: Iterable[Parameter], given: Mapping[str, float] | None = None
) -> dict[str, float]:
    """The values that `factors` mean: of what is `given`, else of the parameters' defaults.

    Raises
    ------
    InputError
        A factor of a parameter that is not among `parameters`.
    """
    known = {parameter.name: parameter.default for parameter in parameters}
    for name in factors:
        if name not in known:
            raise unknown_name("parameter", name, known, "--set")
    return {name: (known | dict(given or {}))[name] * factor for name, factor in factors.items()}

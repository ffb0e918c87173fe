"""What the command line changes in a spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gaincell_char.errors import InputError
from gaincell_char.sweep.axis import Range, parse_axis
from gaincell_char.sweep.section import validated
from gaincell_char.sweep.spec import Spec
from gaincell_char.units import parse_si


@dataclass(frozen=True)
class Overrides:
    """Values that replace a spec's own; what is empty changes nothing. `axes` also adds an axis, of the testbench or
    of a design parameter."""

    parameters: Mapping[str, float] = field(default_factory=dict)
    axes: Mapping[str, list[float] | Range] = field(default_factory=dict)
    corners: tuple[str, ...] = ()
    temperatures_C: tuple[float, ...] = ()
    supplies_V: tuple[float, ...] = ()


def parse_overrides(
    sets: Iterable[str] = (), axes: Iterable[str] = (), corner: str = "", temperature: str = "", supply: str = ""
) -> Overrides:
    """Overrides as the command line has them: `gain_cell.wn=200n`, `v_bl_V=0.4:0.5:11`, `tt,ss`, `27,85`, `0.9`.

    Raises
    ------
    InputError
        Names the option, what was given and what was expected.
    """
    return Overrides(
        parameters={name: parse_si(value, f"--set {name}") for name, value in _pairs("--set", sets).items()},
        axes={name: parse_axis(value, f"--axis {name}") for name, value in _pairs("--axis", axes).items()},
        corners=_split(corner),
        temperatures_C=tuple(parse_si(value, "--temp") for value in _split(temperature)),
        supplies_V=tuple(parse_si(value, "--supply") for value in _split(supply)),
    )


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
    for name in overrides.parameters:
        if name in spec.axes:
            raise InputError(f"--set {name}: it is an axis of {spec.name}; change it with --axis {name}=...")
    changed: dict[str, Any] = spec.document()
    changed["parameters"] = {**changed.get("parameters", {}), **overrides.parameters}
    for name, axis in overrides.axes.items():
        changed["parameters"].pop(name, None)
        changed.setdefault("axes", {})[name] = axis if isinstance(axis, list) else axis.model_dump(exclude_none=True)
    for name in ("corners", "temperatures_C", "supplies_V"):
        if given := getattr(overrides, name):
            changed[name] = list(given)
    return validated(Spec, changed, spec.name)

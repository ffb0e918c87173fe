"""From a setting, in which much may be left out, to the values of one deck: complete, known by name, within bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gaincell_char.circuits.testbench import Axis, Parameter, Setting
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.units import format_si


def parameter_values(setting: Setting, parameters: tuple[Parameter, ...]) -> dict[str, float]:
    """Every parameter by its short name (`wn`, not `gain_cell.wn`), SI.

    Raises
    ------
    InputError
        An unknown name (the nearest are offered), or a value outside the parameter's bounds.
    """
    known = {parameter.name: parameter for parameter in parameters}
    _check_names("parameter", setting.parameters, known)
    values = {}
    for name, parameter in known.items():
        value = setting.parameters.get(name, parameter.default)
        if not parameter.low <= value <= parameter.high:
            raise InputError(
                f"{name}: {format_si(value, parameter.unit)} is outside {format_si(parameter.low, parameter.unit)} to "
                f"{format_si(parameter.high, parameter.unit)} ({parameter.meaning})"
            )
        values[name.partition(".")[2]] = float(value)
    return values


def axis_values(setting: Setting, axes: tuple[Axis, ...]) -> dict[str, tuple[float, ...]]:
    """Every axis with its values in this deck.

    Raises
    ------
    InputError
        An unknown axis, no or not finite or repeated values, or several values of an axis that a deck has one of.
    """
    known = {axis.name: axis for axis in axes}
    _check_names("axis", setting.axes, known)
    values = {}
    for name, axis in known.items():
        points = tuple(float(value) for value in setting.axes.get(name, axis.default))
        if not points or not all(map(math.isfinite, points)) or len(set(points)) != len(points):
            raise InputError(f"axis {name}: {points} must be finite, different numbers, at least one")
        if not axis.shared and len(points) != 1:
            raise InputError(f"axis {name}: {len(points)} values in one deck; a deck has one, so plan a deck for each")
        values[name] = points
    return values


def numeric_values(setting: Setting, defaults: Mapping[str, float]) -> dict[str, float]:
    """Every tolerance and step.

    Raises
    ------
    InputError
        An unknown name, or a value that is not a positive number.
    """
    _check_names("numeric setting", setting.numerics, defaults)
    for name, value in setting.numerics.items():
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"numerics {name}: {value!r} must be a positive number")
    return {name: float(setting.numerics.get(name, default)) for name, default in defaults.items()}


def uniform_step(name: str, values: tuple[float, ...]) -> float:
    """The step of values that rise evenly, as a .dc sweep needs them (1 for a single value).

    Raises
    ------
    InputError
        They do not; says where.
    """
    if len(values) == 1:
        return 1.0
    step = (values[-1] - values[0]) / (len(values) - 1)
    for index, value in enumerate(values):
        if step <= 0 or abs(value - (values[0] + index * step)) > 1e-6 * step:
            raise InputError(f"axis {name}: {value:g} breaks the even, rising steps that a .dc sweep needs")
    return step


def _check_names(kind: str, given: Mapping[str, object], known: Mapping[str, object]) -> None:
    for name in given:
        if name not in known:
            raise unknown_name(kind, name, known)

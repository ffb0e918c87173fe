"""From a spec to the decks it means: names checked against the testbench, points counted, then laid out in order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gaincell_char.circuits.testbench import Setting, Testbench
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.sweep.axis import count, expand
from gaincell_char.sweep.spec import Spec

MAX_POINTS = 1_000_000
CONDITIONS = ("corner", "temperature_C", "vdd_V")


@dataclass(frozen=True)
class Plan:
    """The decks of a sweep in order. `varied`: the parameters and axes whose values are columns of the dataset;
    `fixed`: the parameters that every deck shares, SI."""

    settings: tuple[Setting, ...]
    varied: tuple[str, ...]
    fixed: Mapping[str, float]
    points_per_deck: int

    @property
    def points(self) -> int:
        return self.points_per_deck * len(self.settings)


def plan(spec: Spec, bench: Testbench) -> Plan:
    """One `Setting` a deck, in the order corner, temperature, supply, parameter axes, presets, outer axes; the last
    runs fastest. Axes and parameters that the spec leaves out have the testbench's default.

    Raises
    ------
    InputError
        A name that the testbench does not have, or more points than `MAX_POINTS`.
    """
    _check_names(spec, bench)
    _check_size(spec, bench)
    defaults = {parameter.name: parameter.default for parameter in bench.parameters} | dict(spec.parameters)
    given = {name: expand(axis) for name, axis in spec.axes.items()}
    shared = {axis.name: given.get(axis.name, axis.default) for axis in bench.axes if axis.shared}
    settings = tuple(
        Setting(
            technology=spec.technology,
            corner=corner,
            temperature_C=temperature_C,
            vdd_V=vdd_V,
            parameters={name: row.get(name, value) for name, value in defaults.items()},
            axes={axis.name: shared[axis.name] if axis.shared else (row[axis.name],) for axis in bench.axes},
            numerics=dict(bench.numerics) | dict(spec.numerics),
        )
        for corner, temperature_C, vdd_V in itertools.product(spec.corners, spec.temperatures_C, spec.supplies_V)
        for row in _rows(spec, bench, given)
    )
    moving = [*spec.axes, *_in_presets(spec)]
    varied = (*(name for name in defaults if name in moving), *(axis.name for axis in bench.axes))
    fixed = {name: value for name, value in defaults.items() if name not in moving}
    return Plan(settings, varied, fixed, math.prod(map(len, shared.values())))


def _rows(spec: Spec, bench: Testbench, given: Mapping[str, tuple[float, ...]]) -> Iterator[dict[str, float]]:
    """What the decks of one condition differ in: parameter or axis -> value."""
    linked = _in_presets(spec)
    known = {axis.name: axis for axis in bench.axes}
    parameters = {name: values for name, values in given.items() if name not in known}
    outer = {
        name: given.get(name, axis.default) for name, axis in known.items() if not axis.shared and name not in linked
    }
    columns = [[[(name, value)] for value in values] for name, values in (parameters | outer).items()]
    presets = [[list(row.items()) for row in rows] for rows in spec.presets.values()]
    for parts in itertools.product(*columns[: len(parameters)], *presets, *columns[len(parameters) :]):
        yield dict(itertools.chain.from_iterable(parts))


def _in_presets(spec: Spec) -> tuple[str, ...]:
    return tuple(name for rows in spec.presets.values() for name in rows[0])


def _check_names(spec: Spec, bench: Testbench) -> None:
    shared = {axis.name: axis.shared for axis in bench.axes}
    parameters = {parameter.name for parameter in bench.parameters}
    movable = shared.keys() | parameters
    _known("parameter", spec.parameters, parameters, f"{spec.name}: parameters")
    _known("axis", spec.axes, movable, f"{spec.name}: axes")
    _known("numeric setting", spec.numerics, bench.numerics, f"{spec.name}: numerics")
    for name, rows in spec.presets.items():
        where = f"{spec.name}: presets.{name}"
        _known("axis", rows[0], movable, where)
        if together := next((each for each in rows[0] if shared.get(each)), None):
            raise InputError(f"{where}: the points of {together} share a deck, so it moves alone; list it in axes")
    for name, limit in spec.limits.items():
        _known("column", [limit.column], bench.columns, f"{spec.name}: limits.{name}.column")
        _known("column", limit.where, {*CONDITIONS, *movable}, f"{spec.name}: limits.{name}.where")


def _known(kind: str, names: Iterable[str], known: Iterable[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise unknown_name(kind, name, known, where)


def _check_size(spec: Spec, bench: Testbench) -> None:
    linked = _in_presets(spec)
    lengths = {axis.name: len(axis.default) for axis in bench.axes if axis.name not in linked}
    lengths |= {name: count(axis) for name, axis in spec.axes.items()}
    lengths |= {name: len(rows) for name, rows in spec.presets.items()}
    lengths |= {name: len(getattr(spec, name)) for name in ("corners", "temperatures_C", "supplies_V")}
    points = math.prod(lengths.values())
    if points > MAX_POINTS:
        product = " x ".join(f"{name} {length}" for name, length in lengths.items() if length > 1)
        raise InputError(
            f"{spec.name}: {points} points ({product}), more than {MAX_POINTS}; shorten an axis or split the sweep"
        )

"""From a spec to the decks it means: names checked against the testbench, points counted, then laid out in order."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gaincell_char.circuits.testbench import Setting, Testbench
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.sweep.axis import count, expand
from gaincell_char.sweep.beside import POINTS_PER_DECK, devices, joined, sharing
from gaincell_char.sweep.combinations import Combinations, Lazy, Rows, at_hand
from gaincell_char.sweep.expression import parse_expression
from gaincell_char.sweep.groups import SAMPLE, groups, together
from gaincell_char.sweep.measures import MEASURES
from gaincell_char.sweep.spec import Spec

MAX_POINTS = 1_000_000
CONDITIONS = {"corner": "corners", "temperature_C": "temperatures_C", "vdd_V": "supplies_V"}
"""Columns that every dataset has, and where the spec lists their values."""


@dataclass(frozen=True)
class Plan:
    """The decks of a sweep in order. `varied`: the parameters and axes whose values are columns of the dataset;
    `fixed`: the parameters that every deck shares, SI. `order`: the places of all devices under test in the dataset,
    deck by deck; None where each deck has one and they come in this order."""

    settings: Sequence[Setting]
    varied: tuple[str, ...]
    fixed: Mapping[str, float]
    points_per_device: int
    order: Sequence[int] | None = None

    @property
    def shares(self) -> bool:
        """Whether there are decks with several devices under test."""
        return self.order is not None

    def devices(self, deck: int) -> int:
        """How many devices under test a deck has."""
        return devices(self.settings[deck]) if self.shares else 1

    @property
    def points(self) -> int:
        return self.points_per_device * (len(self.settings) if self.order is None else len(self.order))


def plan(spec: Spec, bench: Testbench) -> Plan:
    """One `Setting` a deck, in the order corner, temperature, supply, then the groups of `groups`; the last runs
    fastest. Axes and parameters that the spec leaves out have the testbench's default. Where the testbench allows it
    (`Testbench.side_by_side`) those that differ only in its parameters share decks (`sweep.beside`).

    Raises
    ------
    InputError
        A name that the testbench does not have, more points than `MAX_POINTS`, or filters that leave none.
    """
    _check_names(spec, bench)
    shared = {axis.name: spec.axes.get(axis.name, list(axis.default)) for axis in bench.axes if axis.shared}
    _check_size(spec, bench, {name: count(values) for name, values in shared.items()})
    defaults = {parameter.name: parameter.default for parameter in bench.parameters} | dict(spec.parameters)
    rows, chosen = _combinations(spec, bench, defaults)
    if not chosen:
        raise InputError(f"{spec.name}: filters: no combination is left; loosen {' or '.join(spec.filters)}")
    moving = [*spec.axes, *together(spec)]
    varied = (*(name for name in defaults if name in moving), *(axis.name for axis in bench.axes))
    fixed = {name: value for name, value in defaults.items() if name not in moving}
    values = {name: expand(values) for name, values in shared.items()}
    settings = _settings(spec, bench, defaults, values, rows, chosen)
    layout = Plan(settings, varied, fixed, math.prod(map(len, values.values())))
    if bench.side_by_side.isdisjoint(moving):
        return layout
    return _side_by_side(spec, bench, layout, rows.alike(bench.side_by_side)[np.asarray(chosen)])


def _side_by_side(spec: Spec, bench: Testbench, layout: Plan, alike: npt.NDArray[np.int64]) -> Plan:
    """`layout` with devices under test that share decks, where `alike` has the same number for them. What has a ladder
    of retries climbs it alone; a mismatch sample rewrites subcircuits, so it has a deck of its own."""
    size = spec.devices_per_deck or max(1, POINTS_PER_DECK // layout.points_per_device)
    if size == 1 or spec.retries or spec.monte_carlo:
        return layout
    each = at_hand(layout.settings)
    decks = sharing(alike, size)
    shared = Lazy(range(len(decks)), lambda deck: joined([each[number] for number in decks[deck]], bench))
    return replace(layout, settings=at_hand(shared), order=array("q", np.concatenate(decks).tobytes()))


def _combinations(spec: Spec, bench: Testbench, defaults: Mapping[str, float]) -> tuple[Combinations, Sequence[int]]:
    """All combinations, and the numbers of those that the filters leave."""
    conditions = [Rows({name: getattr(spec, listed)}) for name, listed in CONDITIONS.items()]
    rows = Combinations([*conditions, *(group.rows() for group in groups(spec, bench))])
    filters = [parse_expression(text) for text in spec.filters]
    if not filters:
        return rows, range(len(rows))
    kept = (k for k, row in enumerate(rows) if all(bool(keep({**defaults, **row})) for keep in filters))
    return rows, array("q", kept)


def _settings(
    spec: Spec,
    bench: Testbench,
    defaults: Mapping[str, float],
    shared: Mapping[str, tuple[float, ...]],
    rows: Combinations,
    chosen: Sequence[int],
) -> Sequence[Setting]:
    seed = spec.monte_carlo.seed if spec.monte_carlo else 0
    numerics = dict(bench.numerics) | dict(spec.numerics)

    def setting(number: int) -> Setting:
        row = rows[number]
        return Setting(
            technology=spec.technology,
            **{name: row[name] for name in CONDITIONS},
            parameters={name: row.get(name, value) for name, value in defaults.items()},
            axes={axis.name: shared[axis.name] if axis.shared else (row[axis.name],) for axis in bench.axes},
            numerics=numerics,
            sample=int(row[SAMPLE]) if SAMPLE in row else None,
            seed=seed,
        )

    return Lazy(chosen, setting)


def _check_names(spec: Spec, bench: Testbench) -> None:
    shared = {axis.name: axis.shared for axis in bench.axes}
    parameters = {parameter.name for parameter in bench.parameters}
    movable = shared.keys() | parameters
    outside = {name for name in movable if not shared.get(name)} | {*CONDITIONS}
    if spec.monte_carlo:
        outside.add(SAMPLE)
        if bench.mismatch is None:
            raise InputError(f"{spec.name}: monte_carlo: {spec.testbench} does not say which devices vary; remove it")
    _known("parameter", spec.parameters, parameters, f"{spec.name}: parameters")
    _known("axis", spec.axes, movable, f"{spec.name}: axes")
    _known("numeric setting", spec.numerics, bench.numerics, f"{spec.name}: numerics")
    for number, retry in enumerate(spec.retries):
        _known("numeric setting", retry, bench.numerics, f"{spec.name}: retries[{number}]")
    for where, names in _linked_names(spec):
        _known("axis", names, movable, f"{spec.name}: {where}")
        if alone := next((each for each in names if shared.get(each)), None):
            raise InputError(
                f"{spec.name}: {where}: the points of {alone} share a deck, so it moves alone; list it in axes"
            )
    for number, text in enumerate(spec.filters):
        parse_expression(text).require(outside, f"{spec.name}: filters[{number}]")
    _check_judged(spec, bench, {*movable, *outside})
    _check_adaptive(spec)


def _check_judged(spec: Spec, bench: Testbench, conditions: set[str]) -> None:
    for name, measure in spec.measures.items():
        where = f"{spec.name}: measures.{name}"
        _known("axis", [measure.over], conditions - {"corner"}, f"{where}.over")
        _known("column", [measure.of], bench.columns, f"{where}.of")
        if name in {*bench.columns, *conditions}:
            raise InputError(f"{where}: {spec.testbench} has a column of that name; choose another")
    for name, limit in spec.limits.items():
        where = f"{spec.name}: limits.{name}"
        _known("column", [limit.column], {*bench.columns, *spec.measures}, f"{where}.column")
        _known("column", limit.where, conditions, f"{where}.where")
        measure_of = spec.measures.get(limit.column)
        if measure_of and measure_of.over in limit.where:
            raise InputError(f"{where}.where: {limit.column} is taken over {measure_of.over}, so has no single one")


def _check_adaptive(spec: Spec) -> None:
    if spec.adaptive is None:
        return
    where, name = f"{spec.name}: adaptive.measure", spec.adaptive.measure
    _known("measure", [name], spec.measures, where)
    measure = spec.measures[name]
    if MEASURES[measure.function].unit != "x":
        places = ", ".join(each for each, found in MEASURES.items() if found.unit == "x")
        raise InputError(f"{where}: {measure.function} finds no place on {measure.over}; one of {places} does")
    if measure.over not in spec.axes:
        raise InputError(f"{where}: {measure.over} is refined, so list its first values in axes")


def _linked_names(spec: Spec) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, rows in spec.presets.items():
        yield f"presets.{name}", tuple(rows[0])
    for name, columns in spec.zip.items():
        yield f"zip.{name}", tuple(columns)
    for name, draws in spec.draws.items():
        yield f"draws.{name}", tuple(draws.of)


def _known(kind: str, names: Iterable[str], known: Iterable[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise unknown_name(kind, name, known, where)


def _check_size(spec: Spec, bench: Testbench, shared: Mapping[str, int]) -> None:
    """Before anything is made; filters are not counted."""
    lengths = [*shared.items(), *((group.label, group.count) for group in groups(spec, bench))]
    lengths += [(name, len(getattr(spec, name))) for name in CONDITIONS.values()]
    points = math.prod(length for _, length in lengths)
    if points > MAX_POINTS:
        product = " x ".join(f"{name} {length}" for name, length in lengths if length > 1)
        raise InputError(
            f"{spec.name}: {points} points ({product}), more than {MAX_POINTS}; shorten an axis or split the sweep"
        )

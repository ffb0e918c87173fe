"""What moves together in a sweep: an axis, the rows of a preset or a zip, drawn points, mismatch samples. The decks of
one condition are the product of the groups."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gaincell_char.circuits.testbench import Testbench
from gaincell_char.errors import InputError
from gaincell_char.sweep.axis import Range, count, expand
from gaincell_char.sweep.combinations import Row, Rows
from gaincell_char.sweep.spec import Spec

SAMPLE = "sample"


@dataclass(frozen=True)
class Group:
    """`count` rows, each with a value for each of `names`; made only when asked for."""

    label: str
    names: tuple[str, ...]
    count: int
    rows: Callable[[], Sequence[Row]]


def groups(spec: Spec, bench: Testbench) -> list[Group]:
    """The groups of `spec`, the slowest first: parameter axes, presets, zips, draws, the testbench's other axes (those
    that share no deck), samples."""
    known = {axis.name: axis for axis in bench.axes}
    linked = set(together(spec))
    parameters = [_axis(name, values) for name, values in spec.axes.items() if name not in known]
    outer = [
        _axis(name, spec.axes.get(name, list(axis.default)))
        for name, axis in known.items()
        if not axis.shared and name not in linked
    ]
    return [*parameters, *_linked(spec), *outer, *_samples(spec)]


def together(spec: Spec) -> Iterator[str]:
    """The names that do not move alone."""
    return itertools.chain.from_iterable(group.names for group in _linked(spec))


def _axis(name: str, values: list[float] | Range) -> Group:
    return Group(name, (name,), count(values), lambda: Rows({name: expand(values)}))


def _linked(spec: Spec) -> Iterator[Group]:
    for name, rows in spec.presets.items():
        yield Group(name, tuple(rows[0]), len(rows), lambda rows=rows: rows)  # type: ignore[misc]
    for name, columns in spec.zip.items():
        length = count(next(iter(columns.values())))
        yield Group(name, tuple(columns), length, lambda name=name, columns=columns: _zipped(name, columns))  # type: ignore[misc]
    for name, draws in spec.draws.items():
        yield Group(name, tuple(draws.of), draws.count, draws.rows)


def _zipped(name: str, columns: Mapping[str, list[float] | Range]) -> Rows:
    expanded = {column: expand(values) for column, values in columns.items()}
    rows = list(zip(*expanded.values(), strict=True))
    if len(set(rows)) < len(rows):
        raise InputError(f"zip.{name}: the same values of {', '.join(columns)} come twice; keep one")
    return Rows(expanded)


def _samples(spec: Spec) -> Iterator[Group]:
    if drawn := spec.monte_carlo:
        yield Group(SAMPLE, (SAMPLE,), drawn.samples, lambda: Rows({SAMPLE: drawn.numbers}))

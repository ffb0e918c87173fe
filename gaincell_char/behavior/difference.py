"""What differs between two behavioral models: the figures a designer looks at first, then every field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from gaincell_char.behavior.quantities import quantities
from gaincell_char.behavior.schema import BehavioralModel


@dataclass(frozen=True)
class Change:
    """One field or figure in both models; None where a model lacks it.

    `relative` is (b - a)/|a|, and for lists of numbers the largest |b - a| over the largest |a|; None where that has
    no meaning (text, another shape, a = 0).
    """

    name: str
    a: Any
    b: Any
    relative: float | None


@dataclass(frozen=True)
class ModelDifference:
    """The changes from model `a` to model `b`; both empty for equal models."""

    quantities: tuple[Change, ...]
    fields: tuple[Change, ...]


def diff(a: BehavioralModel, b: BehavioralModel) -> ModelDifference:
    """Compare two models: figures (zero crossing, slope, A_i, tau, ...) and all fields that are not equal."""
    figures = [{name: figure.value for name, figure in quantities(model).items()} for model in (a, b)]
    leaves = [dict(_leaves(model.model_dump(mode="json"), "")) for model in (a, b)]
    return ModelDifference(_changes(*figures), _changes(*leaves))


def _changes(a: dict[str, Any], b: dict[str, Any]) -> tuple[Change, ...]:
    names = [*a, *(name for name in b if name not in a)]
    pairs = [(name, a.get(name), b.get(name)) for name in names]
    return tuple(Change(name, old, new, _relative(old, new)) for name, old, new in pairs if old != new)


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    """(dotted path, value) of everything that is not an object; a list of numbers, nested or not, is one leaf."""
    if isinstance(value, dict):
        return [leaf for name, item in value.items() for leaf in _leaves(item, f"{path}.{name}" if path else name)]
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [leaf for index, item in enumerate(value) for leaf in _leaves(item, f"{path}.{index}")]
    return [(path, value)]


def _relative(a: Any, b: Any) -> float | None:
    old, new = _numbers(a), _numbers(b)
    if old is None or new is None or _shape(a) != _shape(b):
        return None
    scale = max((abs(value) for value in old), default=0.0)
    if scale == 0:
        return None
    if not isinstance(a, list):
        return (new[0] - old[0]) / scale
    return max(abs(n - o) for n, o in zip(new, old, strict=True)) / scale


def _numbers(value: Any) -> list[float] | None:
    """All numbers of a leaf in order; None where it holds something else."""
    if isinstance(value, list):
        parts = [_numbers(item) for item in value]
        return None if any(part is None for part in parts) else [x for part in parts if part is not None for x in part]
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return [float(value)] if is_number else None


def _shape(value: Any) -> Any:
    return [_shape(item) for item in value] if isinstance(value, list) else None

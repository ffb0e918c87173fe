"""Numbers taken from a curve: each a function of (x, y), in a module of its own, found by name.

A function takes x (n,), rising, and y (n,), both finite, n >= 2, and options; it returns a finite float or raises
`NoMeasure` with one line that says what the curve does instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gaincell_char.sweep.measures.crossing import crossing
from gaincell_char.sweep.measures.curve import NoMeasure
from gaincell_char.sweep.measures.extremes import largest, smallest
from gaincell_char.sweep.measures.integral import integral
from gaincell_char.sweep.measures.kink import kink
from gaincell_char.sweep.measures.line import deviation, slope
from gaincell_char.sweep.measures.range_edge import range_high, range_low
from gaincell_char.sweep.measures.settling import settling
from gaincell_char.sweep.measures.value import value

__all__ = ["MEASURES", "Measure", "NoMeasure"]


@dataclass(frozen=True)
class Measure:
    """A function of a curve. `unit`: of its result, made of x and y. `options`: what it takes, with defaults; None is
    required."""

    function: Callable[..., float]
    unit: Literal["x", "y", "y/x", "x*y", "1"]
    meaning: str
    options: Mapping[str, float | None] = field(default_factory=dict)


MEASURES: dict[str, Measure] = {
    "crossing": Measure(crossing, "x", "where y first crosses a level, between two points linearly", {"level": 0.0}),
    "slope": Measure(slope, "y/x", "slope of the least-squares line"),
    "deviation": Measure(deviation, "1", "largest distance from the least-squares line, as a part of the line's rise"),
    "value": Measure(value, "y", "y at one x, between two points linearly", {"at": None}),
    "integral": Measure(integral, "x*y", "area under the curve, by trapezoids"),
    "settling": Measure(settling, "x", "after which x the curve stays within a band around its end", {"band": None}),
    "range_high": Measure(
        range_high,
        "x",
        "above a reference x, where y has departed from its value there by a part of it",
        {"reference": None, "part": 0.05},
    ),
    "range_low": Measure(range_low, "x", "the same below the reference", {"reference": None, "part": 0.05}),
    "kink": Measure(kink, "x", "where the slope changes most"),
    "largest": Measure(largest, "y", "the largest y"),
    "smallest": Measure(smallest, "y", "the smallest y"),
}

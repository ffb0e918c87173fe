"""The ends of a curve's range."""

from __future__ import annotations

from gaincell_char.sweep.measures.curve import Array


def largest(x: Array, y: Array) -> float:
    """The largest y."""
    return float(y.max())


def smallest(x: Array, y: Array) -> float:
    """The smallest y."""
    return float(y.min())

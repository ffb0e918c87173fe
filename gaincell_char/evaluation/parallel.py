"""Sequences side by side: each on one core, which is steadier than BLAS threads inside every product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from gaincell_char.attention.blas import single_threaded, workers

Item = TypeVar("Item")
Found = TypeVar("Found")


def map_sequences(function: Callable[[Item], Found], items: Sequence[Item]) -> Iterator[Found]:
    """function(item) of all `items`, in their order, as many at once as BLAS has threads.

    NumPy leaves the interpreter to others while it works on large arrays, so threads are enough, and they share the
    weights.
    """
    with single_threaded() as threads:
        if len(items) == 1:
            yield function(items[0])
            return
        with workers(max(1, min(threads, len(items)))) as pool:
            yield from pool.map(function, items)

"""Memory for numbers that live as long as one step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Kept = TypeVar("Kept")


class Scratch:
    """Memory asked for again and again in changing shapes; fresh pages would cost more than the arithmetic."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._memory = np.empty(0, dtype)
        self._last = self._memory

    def __call__(self, *shape: int) -> Array:
        if shape != self._last.shape:
            size = math.prod(shape)
            if size > self._memory.size:
                self._memory = np.empty(size, self._memory.dtype)
            self._last = self._memory[:size].reshape(shape)
        return self._last


class Pool(Generic[Kept]):
    """What threads need for a while, by the dtype of their numbers, kept for the next one."""

    def __init__(self, make: Callable[[np.dtype[Any]], Kept]) -> None:
        self._make = make
        self._idle: dict[np.dtype[Any], list[Kept]] = {}

    @contextmanager
    def lent(self, dtype: np.dtype[Any]) -> Iterator[Kept]:
        idle = self._idle.setdefault(dtype, [])
        try:
            kept = idle.pop()
        except IndexError:
            kept = self._make(dtype)
        yield kept
        idle.append(kept)

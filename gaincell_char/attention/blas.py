"""One thread for each matrix product while heads run side by side.

The products of a tile are so small that OpenBLAS's own threads wait for each other more than they work: on two busy
cores a layer took twenty times as long with them. Heads are independent, so they get the threads instead. And its
helpers spin for 25 ms after a product of their own, on the cores that the heads need next: so the rows of a network's
large products are shared among threads here too (`by_rows`).
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

Item = TypeVar("Item")
Found = TypeVar("Found")

_MAPS = Path("/proc/self/maps")


class _Control(NamedTuple):
    get: Callable[[], int]
    set: Callable[[int], None]


@lru_cache(maxsize=1)
def _controls() -> tuple[_Control, ...]:
    """The thread counts of every OpenBLAS in this process (NumPy's, and SciPy's where it is imported)."""
    np.ones((2, 2)) @ np.ones((2, 2))
    try:
        lines = _MAPS.read_text().splitlines()
    except OSError:
        return ()
    paths = sorted({line.split(maxsplit=5)[-1] for line in lines if "openblas" in line.rpartition("/")[2]})
    return tuple(control for path in paths if (control := _control(path)) is not None)


def _control(path: str) -> _Control | None:
    try:
        library = ctypes.CDLL(path)
    except OSError:
        return None
    for prefix in ("scipy_", ""):
        for suffix in ("64_", "_64", ""):
            try:
                getter = library[f"{prefix}openblas_get_num_threads{suffix}"]
                setter = library[f"{prefix}openblas_set_num_threads{suffix}"]
            except AttributeError:
                continue
            getter.restype, getter.argtypes = ctypes.c_int, []
            setter.restype, setter.argtypes = None, [ctypes.c_int]
            return _Control(getter, setter)
    return None


_lock = threading.Lock()
_users = 0
_before: list[int] = []


@contextmanager
def single_threaded() -> Iterator[int]:
    """Matrix products run on one thread inside; yields how many threads BLAS had: the workers a caller may start.

    Where BLAS is not OpenBLAS, nothing changes and 1 is yielded. Calls may overlap.
    """
    global _users, _before
    controls = _controls()
    with _lock:
        if _users == 0:
            _before = [control.get() for control in controls]
            for control in controls:
                control.set(1)
        _users += 1
        workers = max(_before, default=1)
    try:
        yield workers
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                for control, count in zip(controls, _before, strict=True):
                    control.set(count)


class Run(Protocol):
    """function(item) of all items, in their order."""

    def __call__(self, function: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]: ...


def in_turn(function: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
    """One after the other."""
    return [function(item) for item in items]


_thread = threading.local()


def _mark() -> None:
    _thread.is_worker = True


def workers(count: int) -> ThreadPoolExecutor:
    """Threads for work that is side by side already: `side_by_side` and `by_rows` start no others in them."""
    return ThreadPoolExecutor(count, initializer=_mark)


@contextmanager
def side_by_side() -> Iterator[Run]:
    """Yields a `Run` with as many threads as BLAS has, each with products of its own."""
    with single_threaded() as threads:
        if threads == 1 or getattr(_thread, "is_worker", False):
            yield in_turn
            return
        with workers(threads) as pool:

            def run(function: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
                return in_turn(function, items) if len(items) == 1 else list(pool.map(function, items))

            yield run


_FEW_ROWS = 64


def by_rows(function: Callable[[slice], None], rows: int) -> None:
    """function(part) of all `rows`, an equal part on each of BLAS's threads.

    Few rows stay together, and BLAS has its threads: what takes time there is to read the other matrix.
    """
    if rows < _FEW_ROWS:
        function(slice(0, rows))
        return
    with single_threaded() as threads, side_by_side() as run:
        size = -(-rows // threads)
        run(function, [slice(first, min(first + size, rows)) for first in range(0, rows, size)])

"""Every combination of a sweep by its number, made when it is asked for: a million of them take no memory."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

Made = TypeVar("Made")
Row = Mapping[str, Any]
MANY = 250


class Rows(Sequence[Row]):
    """What moves together: row k has the k-th value of each of `columns`."""

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self._columns = dict(columns)
        self._length = len(next(iter(self._columns.values())))

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Rows: ...
    def __getitem__(self, at: int | slice) -> Row | Rows:
        row = {name: values[at] for name, values in self._columns.items()}
        return Rows(row) if isinstance(at, slice) else row


class Combinations(Sequence[Row]):
    """The product of `groups`, the last the fastest."""

    def __init__(self, groups: Sequence[Sequence[Row]]) -> None:
        self._groups = groups
        self._strides = [1]
        for group in reversed(groups):
            self._strides.insert(0, self._strides[0] * len(group))

    def __len__(self) -> int:
        return self._strides[0]

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, at: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(at, slice):
            return tuple(self[each] for each in range(*at.indices(len(self))))
        row: dict[str, Any] = {}
        number = range(len(self))[at]
        for group, stride in zip(self._groups, self._strides[1:], strict=True):
            turn, number = divmod(number, stride)
            row.update(group[turn])
        return row

    def alike(self, apart: Collection[str]) -> npt.NDArray[np.int64]:
        """A number for each combination, the same for those that differ only in the values of `apart`."""
        numbers = np.zeros(1, dtype=np.int64)
        for group in self._groups:
            own = np.zeros(len(group), dtype=np.int64)
            if kept := [name for name in group[0] if name not in apart]:
                known: dict[tuple[Any, ...], int] = {}
                own[:] = [known.setdefault(tuple(row[name] for name in kept), len(known)) for row in group]
            numbers = np.add.outer(numbers * len(group), own).ravel()
        return numbers


class Lazy(Sequence[Made]):
    """`make(k)` for each k of `numbers`, anew each time."""

    def __init__(self, numbers: Sequence[int], make: Callable[[int], Made]) -> None:
        self._numbers = numbers
        self._make = make

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Made]:
        return map(self._make, self._numbers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lazy) and len(self) == len(other) and all(map(operator.eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    @overload
    def __getitem__(self, at: int) -> Made: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Made, ...]: ...
    def __getitem__(self, at: int | slice) -> Made | tuple[Made, ...]:
        if isinstance(at, slice):
            return tuple(map(self._make, self._numbers[at]))
        return self._make(self._numbers[at])


def at_hand(made: Sequence[Made]) -> Sequence[Made]:
    """All of `made` once and for all, where they are few."""
    return made if len(made) > MANY else tuple(made)

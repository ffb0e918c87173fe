"""Measured tables as laboratories write them: CSV, a header with units, one point a line.

    V_store [V], V_BL [mV], I [uA]            an I-V table
    t [ms], V_level [V], V_store [mV]         a retention table; or I [nA] in place of V_store

Columns in any order, separated by commas, semicolons or tabs; lines that begin with # and empty lines are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import InputError

Array = npt.NDArray[np.float64]
Kind = Literal["iv", "retention"]

_PREFIXES = {"": 0, "k": 3, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}
_UNITS = {
    base: {prefix + base: power for prefix, power in _PREFIXES.items() if prefix in allowed}
    for base, allowed in {
        "V": ("", "m", "u"),
        "A": ("", "m", "u", "n", "p", "f"),
        "s": ("", "k", "m", "u", "n"),
    }.items()
}
COLUMNS = {"V_store": ("v_store_V", "V"), "V_BL": ("v_bl_V", "V"), "V_level": ("v_level_V", "V"),
           "I": ("current_A", "A"), "t": ("age_s", "s")}  # fmt: skip
"""Name in a header -> column of a dataset, and base unit."""
_ALIASES = {"level": "V_level", "time": "t", "age": "t", "current": "I"}
KINDS: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "iv": (("V_store", "V_BL", "I"),),
    "retention": (("t", "V_level", "V_store"), ("t", "V_level", "I")),
}
_AXES: dict[Kind, tuple[str, str]] = {"iv": ("V_store", "V_BL"), "retention": ("V_level", "t")}
_HEADING = re.compile(r"([A-Za-z_]+)\s*(?:\[\s*([^\[\]]*?)\s*\])?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_LARGEST_BYTES = 64_000_000
FEWEST = 9
"""Values of each axis that a fit with held-out points needs."""


@dataclass(frozen=True)
class LabTable:
    """A measured table: `columns` by the dataset's names, SI, (n,); `lines`, where each point stands in the file."""

    path: Path
    kind: Kind
    columns: dict[str, Array]
    lines: tuple[int, ...]

    def where(self, row: int) -> str:
        """`lab.csv, line 7`."""
        return f"{self.path}, line {self.lines[row]}"


def read_table(path: Path) -> LabTable:
    """The table in the file.

    Raises
    ------
    InputError
        One line with the file and the line in it: no header or no unit, a unit or a column that is not known, a value
        that is no finite number, a point given twice, a grid with holes, too few points.
    """
    lines = _lines(path)
    if not lines:
        raise InputError(f"{path}: no lines; expected a header like V_store [V], V_BL [mV], I [uA], and points")
    (number, header), *body = lines
    separator = next((each for each in "\t;" if each in header), ",")
    names, powers = _header(f"{path}, line {number}", header.split(separator))
    kind = _kind(f"{path}, line {number}", names)
    rows = [_row(f"{path}, line {at}", text.split(separator), names, powers) for at, text in body]
    table = np.array(rows).reshape(len(rows), len(names))
    columns = {COLUMNS[name][0]: table[:, index] for index, name in enumerate(names)}
    found = LabTable(path, kind, columns, tuple(at for at, _ in body))
    _check_grid(found)
    return found


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise InputError(
                f"{path}: {path.stat().st_size} bytes are more than a table of points; give the points alone"
            )
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot read the table ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text in UTF-8 (byte {error.start}); export it as CSV") from error
    numbered = enumerate(text.splitlines(), start=1)
    return [(number, line) for number, line in numbered if line.strip() and not line.lstrip().startswith("#")]


def _header(where: str, headings: Sequence[str]) -> tuple[list[str], list[int]]:
    names, powers = [], []
    for heading in headings:
        match = _HEADING.fullmatch(heading.strip().strip('"'))
        if match is None:
            raise InputError(f"{where}: {heading.strip()!r} is no heading; expected a name and a unit, as V_store [V]")
        name = _name(match[1])
        if name is None:
            raise InputError(f"{where}: unknown column {match[1]!r}; known: {', '.join(COLUMNS)}")
        if name in names:
            raise InputError(f"{where}: column {name} is given twice; keep one")
        known = _UNITS[COLUMNS[name][1]]
        if not match[2]:
            raise InputError(f"{where}: column {match[1]} has no unit; write {name} [{next(iter(known))}], one of "
                             f"{', '.join(known)}")  # fmt: skip
        unit = re.sub("[µμ]", "u", match[2])
        if unit not in known:
            raise InputError(f"{where}: column {match[1]} has the unit {match[2]!r}; known: {', '.join(known)}")
        names.append(name)
        powers.append(known[unit])
    return names, powers


def _name(heading: str) -> str | None:
    known = {name.lower(): name for name in COLUMNS} | _ALIASES
    return known.get(heading.lower())


def _kind(where: str, names: Sequence[str]) -> Kind:
    for kind, forms in KINDS.items():
        if any(sorted(form) == sorted(names) for form in forms):
            return kind
    raise InputError(f"{where}: columns {', '.join(names)}; expected V_store, V_BL, I (an I-V table), or t, V_level "
                     "and V_store or I (retention)")  # fmt: skip


def _row(where: str, cells: Sequence[str], names: Sequence[str], powers: Sequence[int]) -> list[float]:
    if len(cells) != len(names):
        raise InputError(f"{where}: {len(cells)} values, expected {len(names)} ({', '.join(names)})")
    return [_value(f"{where}: {name}", cell, power) for name, cell, power in zip(names, cells, powers, strict=True)]


def _value(where: str, cell: str, power: int) -> float:
    text = cell.strip().strip('"')
    if len(text) > 64 or not _NUMBER.fullmatch(text):
        raise InputError(f"{where} is {text[:64]!r}; expected a number, like 0.45 or 4.5e-1")
    value = float(Decimal(text).scaleb(power))  # as a decimal, so that 450 mV is 0.45 V exactly
    if not np.isfinite(value):
        raise InputError(f"{where} is {text!r}, which is not finite")
    return value


def _check_grid(table: LabTable) -> None:
    """Every value of one axis with every value of the other, once."""
    names = _AXES[table.kind]
    x, y = (table.columns[COLUMNS[name][0]] for name in names)
    _check_once(table, list(zip(x.tolist(), y.tolist(), strict=True)))
    if table.kind == "retention" and (early := np.flatnonzero(y < 0)).size:
        raise InputError(f"{table.where(int(early[0]))}: t is {y[early[0]]:g} s; a level has age 0 when it was written")
    last = table.lines[-1] if table.lines else 1
    for name, values in zip(names, (x, y), strict=True):
        if (count := np.unique(values).size) < FEWEST:
            raise InputError(f"{table.path}, line {last}: the table ends with {count} different {name}; a fit with "
                             f"held-out points needs {FEWEST}")  # fmt: skip
    _check_holes(table, x, y)


def _check_once(table: LabTable, points: Sequence[tuple[float, float]]) -> None:
    seen: dict[tuple[float, float], int] = {}
    for row, key in enumerate(points):
        if key in seen:
            raise InputError(f"{table.where(row)}: {_point(table, *key)} again, after line {table.lines[seen[key]]}; "
                             "keep one, or their mean")  # fmt: skip
        seen[key] = row


def _check_holes(table: LabTable, x: Array, y: Array) -> None:
    xs, ys = np.unique(x), np.unique(y)
    there = np.zeros((xs.size, ys.size), bool)
    there[np.searchsorted(xs, x), np.searchsorted(ys, y)] = True
    if there.all():
        return
    i, j = np.argwhere(~there)[0]
    row, (of, at) = int(np.flatnonzero(x == xs[i])[-1]), _AXES[table.kind]
    raise InputError(f"{table.where(row)}: no point at {_point(table, xs[i], ys[j])} ({int((~there).sum())} missing of "
                     f"{xs.size} x {ys.size}); every {of} is needed at every {at}: measure it, or leave that value "
                     "out")  # fmt: skip


def _point(table: LabTable, x: float, y: float) -> str:
    return " and ".join(f"{n} {v:g} {COLUMNS[n][1]}" for n, v in zip(_AXES[table.kind], (x, y), strict=True))

"""ngspice raw files, binary and ASCII, real and complex, with one plot or several."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


class RawFileError(ValueError):
    """A raw file that is not whole or not a raw file; the message says what was found and what was promised."""


@dataclass(frozen=True)
class Plot:
    """One analysis. `data` is (variables, points), float64 or complex128; `names` are canonical, and the first one is
    the sweep variable (an operating point has none)."""

    kind: str
    names: tuple[str, ...]
    data: npt.NDArray[np.float64] | npt.NDArray[np.complex128]

    @property
    def points(self) -> int:
        return int(self.data.shape[1])


_WRAPPED = re.compile(r"[vi]\((@.*|[vi]-sweep|temp-sweep|res-sweep)\)")
_BRANCH = re.compile(r"(.*)#branch")


def canonical(name: str, kind: str = "") -> str:
    """The one name of a vector, whoever wrote it: `v(out)`, `v(x1.st)`, `i(vdd)`, `i(v.x1.vm)`, `@m1[id]`, `time`.

    A raw file wraps the sweep variable and device quantities (`v(v-sweep)`, `i(@m1[id])`); the shared library leaves
    node voltages bare (`out`, with `kind` "voltage") and calls currents `vdd#branch`.
    """
    name = name.lower()
    if wrapped := _WRAPPED.fullmatch(name):
        return wrapped[1]
    if branch := _BRANCH.fullmatch(name):
        return f"i({branch[1]})"
    bare = kind == "voltage" and not name.startswith(("v(", "@")) and not name.endswith("-sweep")
    return f"v({name})" if bare else name


def read_raw(path: Path) -> tuple[Plot, ...]:
    """All plots of the file, in the order written. A plot that announces 0 points (a killed run) is returned with none.

    Raises
    ------
    RawFileError
        Not a raw file, or fewer data than the header promises.
    """
    content = path.read_bytes()
    plots: list[Plot] = []
    position = 0
    while content[position:].strip():
        plot, position = _read_plot(content, position)
        plots.append(plot)
        if plot.points == 0 and not content.startswith(b"Title:", position):
            break  # what follows was written before the header could be corrected
    return tuple(plots)


def _read_plot(content: bytes, start: int) -> tuple[Plot, int]:
    marker = re.compile(rb"^(Binary|Values):[ \t]*\r?\n", re.MULTILINE).search(content, start)
    if marker is None:
        raise RawFileError("the header of the raw file is cut short")
    header = content[start : marker.start()].decode("utf-8", "replace")
    lines = (line.partition(":") for line in header.splitlines())
    fields = {name.strip().lower(): value.strip() for name, _, value in lines}
    try:
        count, points = int(fields["no. variables"]), int(fields["no. points"])
        flags = fields["flags"].split()
        names = _names(re.split(r"^Variables:", header, maxsplit=1, flags=re.MULTILINE)[1], count)
    except (KeyError, IndexError, ValueError) as error:
        raise RawFileError(f"not the header of a raw file ({error})") from error
    dtype = np.complex128 if "complex" in flags else np.float64
    read = _binary if marker[1] == b"Binary" else _ascii
    data, end = read(content, marker.end(), count, points, dtype)
    return Plot(fields.get("plotname", ""), names, data), end


def _names(block: str, count: int) -> tuple[str, ...]:
    rows = [line.split() for line in block.splitlines() if line.strip()]
    if len(rows) != count:
        raise ValueError(f"{len(rows)} variables listed, {count} announced")
    # a node without a name leaves its column empty: `1  v()  voltage` always has three words
    return tuple(canonical(row[1], row[2]) for row in rows)


def _binary(content: bytes, start: int, count: int, points: int, dtype: type) -> tuple[npt.NDArray[np.float64], int]:
    size = np.dtype(dtype).itemsize * count * points
    present = len(content) - start
    if present < size:
        raise RawFileError(f"the raw file is cut short: {present} of {size} bytes ({points} points of {count} vectors)")
    flat: npt.NDArray[np.float64] = np.frombuffer(content, dtype=dtype, count=count * points, offset=start)
    return np.ascontiguousarray(flat.reshape(points, count).T), start + size


def _ascii(content: bytes, start: int, count: int, points: int, dtype: type) -> tuple[npt.NDArray[np.float64], int]:
    end = content.find(b"Title:", start)
    end = len(content) if end < 0 else end
    words = content[start:end].split()
    if len(words) != points * (count + 1):
        raise RawFileError(f"the raw file is cut short: {len(words)} of {points * (count + 1)} words")
    table = np.array(words, dtype=object).reshape(points, count + 1)[:, 1:]  # the first word of a point is its index
    try:
        values = [_number(word, dtype) for word in table.ravel()]
    except ValueError as error:
        raise RawFileError(f"not a number in the raw file ({error})") from error
    return np.array(values, dtype=dtype).reshape(points, count).T.copy(), end


def _number(word: bytes, dtype: type) -> complex:
    if dtype is np.float64:
        return float(word)
    real, _, imaginary = word.partition(b",")
    return complex(float(real), float(imaginary))

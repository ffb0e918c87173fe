"""Raw files written by hand, to hold the reader against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def raw_bytes(
    names: Sequence[str],
    data: npt.NDArray[np.float64] | npt.NDArray[np.complex128],
    *,
    kind: str = "DC transfer characteristic",
    ascii_values: bool = False,
    announced: int | None = None,
) -> bytes:
    """A raw file as ngspice writes it. `data` is (variables, points); `announced` replaces the number of points."""
    complex_values = np.iscomplexobj(data)
    points = data.shape[1] if announced is None else announced
    header = [
        "Title: by hand",
        "Date: Thu Jan  1 00:00:00  1970",
        f"Plotname: {kind}",
        f"Flags: {'complex' if complex_values else 'real'}",
        f"No. Variables: {len(names)}",
        f"No. Points: {points}       ",
        "Variables:",
        *(f"\t{row}\t{name}\tvoltage" for row, name in enumerate(names)),
    ]
    text = "\n".join(header) + "\n"
    if not ascii_values:
        return text.encode() + b"Binary:\n" + np.ascontiguousarray(data.T).tobytes()
    lines = ["Values:"]
    for point, column in enumerate(data.T):
        words = [
            f"{float(value.real)!r},{float(value.imag)!r}" if complex_values else repr(float(value)) for value in column
        ]
        lines += [f" {point}\t{words[0]}", *(f"\t{word}" for word in words[1:]), ""]
    return (text + "\n".join(lines) + "\n").encode()

"""A dataset in the formats that other programs read."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import BinaryIO

from gaincell_char.errors import InputError
from gaincell_char.sweep.dataset import Dataset

_ROWS = 20_000
FORMATS = ("parquet", "csv", "json")


def format_of(path: Path) -> str:
    """The format that the name of `path` asks for.

    Raises
    ------
    InputError
        None of `FORMATS`.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise InputError(
            f"{path}: a dataset is written as .parquet, .csv or .json, not {path.suffix or 'without a suffix'}"
        )
    return suffix


def write(dataset: Dataset, form: str, stream: BinaryIO) -> None:
    """The dataset as `parquet`, `csv` (the table alone) or `json` (metadata, and the table by columns; null where a
    deck failed). Numbers keep every digit."""
    if form == "parquet":
        dataset.write(stream)
    elif form == "csv":
        dataset.frame.to_csv(stream, mode="wb", index=False, lineterminator="\n", chunksize=_ROWS)
    else:
        stream.write(f'{{"metadata": {json.dumps(dataset.metadata, allow_nan=False)}, "columns": {{'.encode())
        for number, (name, column) in enumerate(dataset.frame.items()):
            values = [_finite_or_none(value) for value in column.tolist()]
            stream.write(f"{', ' if number else ''}{json.dumps(name)}: {json.dumps(values, allow_nan=False)}".encode())
        stream.write(b"}}\n")


def _finite_or_none(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value

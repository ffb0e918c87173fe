"""A dataset in the formats that other programs read."""

from __future__ import annotations

import json
import math
from pathlib import Path

from gaincell_char.errors import InputError
from gaincell_char.sweep.dataset import Dataset

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


def encode(dataset: Dataset, form: str) -> bytes:
    """The dataset as `parquet`, `csv` (the table alone) or `json` (metadata, and the table by columns; null where a
    deck failed). Numbers keep every digit."""
    if form == "parquet":
        return dataset.to_bytes()
    if form == "csv":
        return dataset.frame.to_csv(index=False, lineterminator="\n").encode()
    table = {name: [_finite_or_none(value) for value in column.tolist()] for name, column in dataset.frame.items()}
    return (json.dumps({"metadata": dataset.metadata, "columns": table}, allow_nan=False) + "\n").encode()


def _finite_or_none(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value

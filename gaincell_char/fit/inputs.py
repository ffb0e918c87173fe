"""Which dataset is which sweep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gaincell_char.errors import InputError
from gaincell_char.sweep.dataset import Dataset


def load_datasets(paths: Sequence[Path]) -> dict[str, Dataset]:
    """The datasets in `paths`, by the testbench they say they are of (`gain_cell.iv` -> `iv`).

    Raises
    ------
    InputError
        Not a dataset, no testbench in its metadata, or two of one testbench.
    """
    found: dict[str, tuple[Path, Dataset]] = {}
    for path in paths:
        dataset = Dataset.load(path)
        testbench = dataset.metadata.get("testbench")
        if not isinstance(testbench, str):
            raise InputError(f"{path}: the dataset does not say which testbench it is of; sweep it again")
        sweep = testbench.rpartition(".")[2]
        if sweep in found:
            raise InputError(f"{path}: a second dataset of {testbench}, after {found[sweep][0]}; give one")
        found[sweep] = path, dataset
    return {sweep: dataset for sweep, (_, dataset) in found.items()}

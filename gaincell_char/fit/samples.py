"""The samples of a Monte Carlo sweep, complete and of one seed, as a spread needs them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gaincell_char.behavior.schema import Condition
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.sweep.dataset import Dataset

FEWEST = 20
"""Samples from which a standard deviation is known to a sixth of itself: 1/sqrt(2 (n - 1))."""


@dataclass(frozen=True)
class Samples:
    """`rows` at `condition` with a column `sample`; `count` samples of `seed`."""

    condition: Condition
    rows: pd.DataFrame
    count: int
    seed: int


def samples_at(dataset: Dataset, condition: Condition | None = None) -> Samples:
    """The samples at one condition; None: tt nearest to 27 C.

    Raises
    ------
    InputError
        The condition was not swept, a column is missing, a sample failed, there are too few, or seeds are mixed.
    """
    grids.require(dataset, ["sample", "seed"])
    found, rows = grids.at_condition(dataset, condition)
    failed = dataset.frame[dataset.frame["status"] != "ok"]
    if not failed.empty:
        raise InputError(
            f"{grids.name(dataset)}: {failed['sample'].nunique()} samples have no result ({failed.iloc[0]['reason']}); "
            "a spread without them would be too small"
        )
    seeds, count = rows["seed"].unique(), rows["sample"].nunique()
    if count < FEWEST or len(seeds) != 1:
        raise InputError(
            f"{grids.name(dataset)}: {count} samples of {len(seeds)} seeds; a spread needs {FEWEST} or more of one seed"
        )
    return Samples(found, rows, count, int(seeds[0]))

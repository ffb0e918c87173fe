"""The simulator and one-line runs of a testbench."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd
import pytest

from gaincell_char.circuits.testbench import Setting, testbench
from gaincell_char.spice.batch import BatchEngine


@pytest.fixture(scope="session")
def engine() -> Iterator[BatchEngine]:
    made = BatchEngine()
    yield made
    made.close()


@pytest.fixture(scope="session")
def characterize(engine: BatchEngine) -> Callable[..., pd.DataFrame]:
    """`characterize("gain_cell.iv", corner="ff", ...)`: the rows of one deck."""

    def run(name: str, **setting: object) -> pd.DataFrame:
        bench, given = testbench(name), Setting(**setting)
        return pd.DataFrame(bench.measure(given, engine.run(bench.deck(given))))

    return run

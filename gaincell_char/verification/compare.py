"""One case through the circuit and through the models: pulses and codes side by side, errors in counter steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.trace import HeadOutput

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """A case: what the circuit gave (`pulse_s`, `code`, `key_pulses_s` of the simulated columns) and what each fidelity
    says. Errors are circuit minus model, in counter steps."""

    index: int
    pulse_s: float
    code: int
    key_pulses_s: tuple[float, ...]
    pulses_s: Mapping[str, float]
    codes: Mapping[str, int]
    errors_LSB: Mapping[str, float]
    key_errors_LSB: Mapping[str, Array]


def compare(
    index: int,
    row: Mapping[str, float],
    predictions: Mapping[str, HeadOutput],
    columns: int,
    step_s: float,
) -> Comparison:
    """`row` is what the deck of case `index` measured; a fidelity `null` that outputs 0 is added to `predictions`."""
    keys = np.array([row[f"key_pulse_{column}_s"] for column in range(columns)])
    pulses = {**{name: each.signed_pulse_s for name, each in predictions.items()}, "null": 0.0}
    codes = {**{name: each.code for name, each in predictions.items()}, "null": 0}
    of_keys = {**{name: each.relu_pulse_s[:columns] for name, each in predictions.items()}, "null": np.zeros(columns)}
    return Comparison(
        index=index,
        pulse_s=row["pulse_s"],
        code=round(row["code"]),
        key_pulses_s=tuple(keys.tolist()),
        pulses_s=pulses,
        codes=codes,
        errors_LSB={name: (row["pulse_s"] - pulse) / step_s for name, pulse in pulses.items()},
        key_errors_LSB={name: (keys - each) / step_s for name, each in of_keys.items()},
    )

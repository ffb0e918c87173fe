"""How far the model is from the circuit over many cases, against the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gaincell_char.verification.compare import Comparison

FIDELITIES = ("circuit", "paper", "null")
NOMINAL_LIMITS = {"rms_LSB": 0.1, "max_LSB": 0.25, "equal": 0.95, "code_off": 1.0}
CORNER_LIMITS = {"max_LSB": 0.75}


@dataclass(frozen=True)
class Statistics:
    """Of one fidelity over `cases`: pulse error in counter steps (rms, mean, largest), share of equal codes, and the
    largest difference of codes. `key_rms_LSB`, `key_max_LSB`: of the ReLU pulses of the simulated key columns."""

    cases: int
    rms_LSB: float
    mean_LSB: float
    max_LSB: float
    equal: float
    code_off: int
    key_rms_LSB: float
    key_max_LSB: float


def statistics(comparisons: Sequence[Comparison], fidelity: str) -> Statistics:
    """Of at least one comparison; `fidelity` is one of `FIDELITIES`."""
    errors = np.array([each.errors_LSB[fidelity] for each in comparisons])
    off = np.array([each.codes[fidelity] - each.code for each in comparisons])
    keys = np.concatenate([each.key_errors_LSB[fidelity] for each in comparisons])
    return Statistics(
        cases=len(comparisons),
        rms_LSB=_rms(errors),
        mean_LSB=float(errors.mean()),
        max_LSB=float(np.abs(errors).max()),
        equal=float((off == 0).mean()),
        code_off=int(np.abs(off).max()),
        key_rms_LSB=_rms(keys),
        key_max_LSB=float(np.abs(keys).max()),
    )


def _rms(values: np.typing.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))


def histogram(comparisons: Sequence[Comparison]) -> dict[int, int]:
    """How often the circuit gave each code, -16..16."""
    codes = [each.code for each in comparisons]
    return {code: codes.count(code) for code in range(-16, 17)}


def failures(found: Statistics, limits: Mapping[str, float]) -> list[str]:
    """The `limits` that `found` misses, one line each."""
    missed = []
    for name, limit in limits.items():
        value = float(getattr(found, name))
        if not (value >= limit if name == "equal" else value <= limit):
            missed.append(f"{name} is {value:.3g}, the limit is {limit:g}")
    return missed

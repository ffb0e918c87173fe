"""Both implementations against scalar loops written from the equations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from loops import Current, attend, polynomial_current

from gaincell_char.attention import analog_attention
from gaincell_char.attention.chain import chain
from gaincell_char.attention.reference import reference_attention
from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.functions import Polynomial

WIDTH, HEADS = 5, 2


@dataclass
class Case:
    model: BehavioralModel
    q: Any
    k: Any
    v: Any
    scalers: dict[str, tuple[Any, Any]]
    options: dict[str, Any]
    key_current: Current
    value_current: Current

    def by_loops(self) -> Any:
        """(H, T, D)"""
        heads = []
        for head in range(HEADS):
            scalers = {name: (float(a[head]), float(b[head])) for name, (a, b) in self.scalers.items()}
            parts = [x[0, head].tolist() for x in (self.q, self.k, self.v)]
            heads.append(
                attend(
                    *parts,
                    scalers,
                    self.key_current,
                    self.value_current,
                    self.options["window"],
                    self.options["quantize"],
                    self.options["tiles"] == "ring",
                )
            )
        return np.array(heads)


def make_case(number: int, measured: BehavioralModel) -> Case:
    """Case `number` of twenty: every option is met in several of them."""
    rng = np.random.default_rng(1000 + number)
    tokens = int(rng.integers(1, 201)) if number else 1
    options: dict[str, Any] = {
        "window": int(rng.choice([1, 7, 64, 100, 128, 1024])),
        "quantize": bool(number % 2),
        "tiles": ("absolute", "ring")[number // 2 % 2],
        "decay": (True, False, 0.003, 0.08, 1.0)[number % 5],
    }
    model, key, value = _cell(number, options, rng, measured)
    shape = (1, HEADS, tokens, WIDTH)
    # a width of 5 is a twelfth of a tile, so q goes to full pulses and scores reach the converter's full scale
    scalers = {
        "q": (rng.uniform(0.5, 2, HEADS), rng.uniform(0, 0.5, HEADS)),
        "k": (rng.uniform(0.5, 2, HEADS), rng.uniform(0.4, 0.7, HEADS)),
        "v": (rng.uniform(0.5, 2, HEADS), rng.uniform(0.3, 0.6, HEADS)),
        "out": (rng.uniform(0.5, 2, HEADS), rng.normal(size=HEADS)),
    }
    if number == 3:
        scalers["q"] = (np.array([-1.0, 1.0]), scalers["q"][1])
    q, k, v = rng.normal(0.5, 0.5, shape), rng.normal(0, 0.4, shape), rng.normal(0, 0.4, shape)
    return Case(model, q, k, v, scalers, options, key, value)


def _cell(
    number: int, options: dict[str, Any], rng: np.random.Generator, measured: BehavioralModel
) -> tuple[BehavioralModel, Current, Current]:
    if number % 10 == 0:  # the measured law, with its own retention
        law = measured.cell.retention
        unit = measured.cell.unit_current_A

        def current(volts: float, age: int) -> float:
            x = math.log10(1 + age * law.token_period_s / law.age_scale_s)
            terms = zip(law.level_factors, law.age_factors, strict=True)
            return sum(float(f(volts)) / unit * float(g(x)) for f, g in terms)

        return measured, current, current
    if number % 4 == 1:
        model, coefficients = load_model("leroux2025_linear"), [0.0, 19.3]
    elif number % 4 == 2:
        degree = int(rng.integers(0, 7))
        model = load_model("leroux2025")
        coefficients = rng.normal(0, 20, degree + 1).tolist()
        polynomial = Polynomial(
            center=0.45, coefficients=[3e-7 * a for a in coefficients], domain=(0.0, 0.9), x_unit="V", y_unit="A"
        )
        cell = model.cell.model_copy(update={"current": polynomial, "unit_current_A": 3e-7})
        model = model.model_copy(update={"cell": cell})
    else:
        model, coefficients = load_model("leroux2025"), [0.52136361391, 13.612260634, -2.620445619, 46.05483778]
    given = options["decay"]
    decay = (1.6e-4 if given else 0.0) if isinstance(given, bool) else given
    rounded = number % 7 == 6
    if rounded:
        options["decay_dtype"] = "bfloat16"
    return model, polynomial_current(coefficients, 0.45, decay, rounded), polynomial_current(coefficients, 0.45, decay)


@pytest.mark.parametrize("number", range(20))
def test_both_paths_agree_with_loops(number: int, measured: BehavioralModel) -> None:
    case = make_case(number, measured)
    expected = case.by_loops()
    plain = reference_attention(case.q, case.k, case.v, chain(case.model, **case.options), case.scalers)
    fast = analog_attention(case.q, case.k, case.v, case.model, case.scalers, **case.options)
    assert np.max(np.abs(plain[0] - expected)) <= 1e-9
    assert np.max(np.abs(fast[0] - expected)) <= 1e-9
    assert np.ptp(expected) > 1e-3 or case.q.shape[2] == 1


@pytest.mark.parametrize("number", range(0, 20, 2))
def test_float32_without_quantizers(number: int, measured: BehavioralModel) -> None:
    case = make_case(number, measured)
    halves = [x.astype(np.float32) for x in (case.q, case.k, case.v)]
    out = analog_attention(*halves, case.model, case.scalers, **case.options)
    exact = analog_attention(*(x.astype(np.float64) for x in halves), case.model, case.scalers, **case.options)
    assert out.dtype == np.float32
    assert np.max(np.abs(out - exact)) <= 1e-5


@pytest.mark.parametrize("number", range(1, 20, 2))
def test_float32_with_quantizers_differs_at_ties_only(number: int, measured: BehavioralModel) -> None:
    """Stored levels are given exactly, so that only the counters can meet a tie: there the result moves by a step."""
    case = make_case(number, measured)
    a = np.ones(HEADS, np.float32)
    scalers = {"q": (a, 0 * a), "k": (a, 0 * a), "v": (a, 0 * a), "out": (a, 0 * a)}
    rng = np.random.default_rng(number)
    q = (rng.integers(0, 16, case.q.shape) / 15).astype(np.float32)
    k, v = ((rng.integers(0, 8, case.q.shape) * 0.9 / 7).astype(np.float32) for _ in range(2))
    single = analog_attention(q, k, v, case.model, scalers, **case.options)
    double = analog_attention(*(x.astype(np.float64) for x in (q, k, v)), case.model, scalers, **case.options)
    error = np.abs(single - double)
    flipped = error > 1e-5
    assert np.max(np.where(flipped, np.abs(error - 2 / 31), error)) <= 1e-5
    assert flipped.mean() <= 1e-3

"""Cases from a seed: reproducible, and spread over the counter's range."""

from __future__ import annotations

import numpy as np
import pytest

from gaincell_char.behavior import load_model
from gaincell_char.verification import predict
from gaincell_char.verification.cases import Size, draw

LEVELS = predict.levels(load_model("cmos28"))


def _output(index: int, size: Size) -> tuple[float, np.ndarray]:
    queries, keys, values, _ = draw(3, index, size, LEVELS)
    pulses = np.clip(LEVELS.currents[keys] @ (queries / 15) / LEVELS.score_scale, 0, 1)
    return float(LEVELS.currents[values] @ pulses / LEVELS.output_scale), pulses


def test_a_case_is_drawn_again_from_its_numbers() -> None:
    first, again, other = draw(1, 5, Size(), LEVELS), draw(1, 5, Size(), LEVELS), draw(1, 6, Size(), LEVELS)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[1], other[1])


@pytest.mark.parametrize("size", [Size(), Size(64, 64, 4), Size(16, 16, 16)])
def test_outputs_spread_over_the_range_and_relu_pulses_too(size: Size) -> None:
    found = [_output(index, size) for index in range(200)]
    outputs = np.array([output for output, _ in found])
    counts, _ = np.histogram(np.clip(outputs, -0.999, 0.999), 8, (-1, 1))
    assert counts.min() >= 10, counts
    real = np.concatenate([pulses[: size.columns] for _, pulses in found])
    assert 0.1 < np.mean(real == 0) < 0.5
    assert 0.03 < np.mean(real == 1) < 0.4


@pytest.mark.parametrize("size", [Size(1, 1, 1), Size(3, 2, 1)])
def test_small_heads_have_levels_within_their_range(size: Size) -> None:
    queries, keys, values, phase = draw(0, 0, size, LEVELS)
    assert queries.shape == (size.rows,)
    assert keys.shape == (size.tokens, size.rows)
    assert values.shape == (size.tokens,)
    assert 0 <= keys.min() <= keys.max() <= 7
    assert 0 <= values.min() <= values.max() <= 7
    assert 0 <= phase < 1

"""What drives the circuits: counted by arrays against counted pair by pair."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gaincell_char.attention.analog import AnalogAttention
from gaincell_char.attention.scalers import default_layer
from gaincell_char.behavior import load_model
from gaincell_char.behavior.energy import TokenStatistics
from gaincell_char.cost.statistics import NETWORK, Observed
from gaincell_char.paths import data_folder

MODEL = load_model("leroux2025_linear")
TOKENS, WIDTH = 70, 5


def levels(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes of q (0..15), k and v (0..7), each (TOKENS, WIDTH)."""
    draw = np.random.default_rng(seed)
    q, k, v = (draw.integers(0, high, (TOKENS, WIDTH)) for high in (16, 8, 8))
    return q, k, v


def test_counts_are_those_of_the_paper_s_equations_pair_by_pair() -> None:
    q, k, v = levels(3)
    observed = Observed(AnalogAttention(MODEL), [default_layer(1)])
    observed.add(q / 15, k * 0.9 / 7, v * 0.9 / 7)
    pairs, pulses = np.zeros((16, 8)), np.zeros(8)
    scores, sums = [], []
    for t in range(TOKENS // 2, TOKENS):
        tile = np.zeros((2, WIDTH))
        for s in range(t + 1):
            r = np.exp(-1.6e-4 * (t - s))
            score = 19.3 * r * sum(q[t] / 15 * (k[s] * 0.9 / 7 - 0.45)) / 80
            scores.append(score)
            pulse = min(max(score, 0.0), 1.0)
            for d in range(WIDTH):
                pairs[q[t, d], k[s, d]] += 1
                pulses[v[s, d]] += pulse
            tile[s // 64] += 19.3 * r * pulse * (v[s] * 0.9 / 7 - 0.45) / 40
        sums += [*tile[0], *(tile[1] if t >= 64 else [])]
    found = observed.statistics("drawn")
    assert np.array(found.query_key) == pytest.approx(pairs / pairs.sum(), abs=1e-8)
    assert np.array(found.value_pulse) == pytest.approx(pulses / pairs.sum(), abs=1e-8)
    for histogram, values in ((found.score, scores), (found.tile_sum, sums)):
        counted = np.histogram(values, histogram.edges)[0]
        assert counted.sum() == len(values)
        # weights that cancel give a score of zero, an edge, but for rounding
        assert np.array(histogram.shares) == pytest.approx(counted / len(values), abs=2.1 / len(values))
    assert found.queries == TOKENS - TOKENS // 2


def test_values_beyond_the_histogram_count_at_its_ends() -> None:
    """64 cells at 0.9 V, read for T_max: 19.3 x 0.45 x 64 = 556 units, 6.9 full scales of S and 13.9 of A."""
    wide = np.ones((TOKENS, 64))
    observed = Observed(AnalogAttention(MODEL), [default_layer(1)])
    observed.add(wide, 0.9 * wide, 0.9 * wide)
    found = observed.statistics("drawn")
    for histogram in (found.score, found.tile_sum):
        assert histogram.edges[-2:] == [1.9375, 2.0]
    assert found.score.shares == [1.0]
    assert found.tile_sum.shares[-1] > 0.8


def test_it_answers_as_the_attention_that_it_watches() -> None:
    q, k, v = (x[None, None] / 15 for x in levels(5))
    scalers = [default_layer(1)]
    inner = AnalogAttention(MODEL, scalers)
    observed = Observed(inner, scalers)
    assert np.array_equal(observed(0, q, k, v), inner(0, q, k, v))
    assert observed.queries == TOKENS - TOKENS // 2


def test_the_bundled_file_is_one_of_its_network() -> None:
    path = data_folder("models") / NETWORK / "token_statistics.json"
    found = TokenStatistics.model_validate(json.loads(path.read_text()))
    assert found.source.startswith(NETWORK)
    with pytest.raises(ValueError, match="query_key sums to"):
        TokenStatistics.model_validate(found.model_dump() | {"query_key": [[0.0] * 8] * 16})

"""The steps of the waterfall: what each adds to the attention, and that the bars sum to the whole loss."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from synthetic_circuit import synthetic

from gaincell_char.attention import default_scalers
from gaincell_char.attention.effects import EFFECTS
from gaincell_char.behavior import load_model
from gaincell_char.errors import InputError
from gaincell_char.evaluation import Loss, hardware_steps, waterfall
from gaincell_char.evaluation.waterfall import CIRCUIT_STEPS, SOFTWARE, centered, circuit_steps, total

LINEAR, CELL = load_model("leroux2025_linear"), load_model("leroux2025")


def test_bars_sum_to_the_loss():
    rng = np.random.default_rng(0)
    steps = [SOFTWARE, *(step.name for step in hardware_steps(LINEAR, CELL))]
    losses = {name: Loss(3 + 0.1 * place + rng.normal(0, 0.3, (16, 40))) for place, name in enumerate(steps)}
    bars = waterfall(losses)
    assert [bar.name for bar in bars] == [*steps, *CIRCUIT_STEPS]
    assert bars[0].added is None
    measured = bars[1 : len(steps)]
    assert bars[0].loss + sum(bar.added.mean for bar in measured) == pytest.approx(losses["leakage"].mean)
    assert all(bar.added.low < bar.added.mean < bar.added.high for bar in measured)
    whole = total(losses)
    assert sum(bar.added.mean for bar in measured) == pytest.approx(whole.mean, abs=1e-12)
    assert whole.low < 0.5 < whole.high
    assert all(bar.loss is None and bar.added is None for bar in bars[len(steps) :])


def test_a_step_that_is_measured_is_not_listed_twice():
    losses = {name: Loss(np.ones((2, 3))) for name in (SOFTWARE, "linear attention", "IR drop")}
    assert [bar.name for bar in waterfall(losses)] == [
        SOFTWARE,
        "linear attention",
        "IR drop",
        *(name for name in CIRCUIT_STEPS if name != "IR drop"),
    ]


def test_each_step_adds_one_imperfection():
    steps = {step.name: step for step in hardware_steps(LINEAR, CELL)}
    assert (steps["linear attention"].quantize, steps["linear attention"].decay) == (False, False)
    assert (steps["quantizers"].quantize, steps["quantizers"].decay) == (True, False)
    shape = steps["nonlinearity"].model.cell.current
    assert shape(0.45) == pytest.approx(0.0, abs=1e-9)
    crossing = CELL.cell.zero_crossing_V
    assert crossing == pytest.approx(0.41216, abs=1e-5)
    v = np.linspace(0.1, 0.8, 15)
    assert np.allclose(shape(v + 0.45 - crossing), CELL.cell.current(v), rtol=0, atol=1e-9)
    assert steps["zero-crossing offset"].model is CELL
    assert (steps["leakage"].model, steps["leakage"].decay) == (CELL, True)


def test_circuit_steps_are_what_was_measured():
    cell = synthetic()
    steps = circuit_steps(cell)
    assert [step.name for step in steps] == list(CIRCUIT_STEPS)
    for before, after in pairwise(steps):
        assert after.effects[: len(before.effects)] == before.effects
        assert after.effects[len(before.effects) :] == CIRCUIT_STEPS[after.name]
    assert set(steps[-1].effects) == set(EFFECTS)
    assert circuit_steps(CELL) == ()
    bare = cell.model_copy(update={"pulse_counter": None, "word_line_driver": None, "array": None})
    assert "IR drop" not in [step.name for step in circuit_steps(bare)]
    effects = {step.name: step.effects for step in circuit_steps(bare)}
    assert effects["pulses"] == ("write-error", "read-disturb", "pulse-charge")
    assert "pulse-counter" not in effects["converters"]


@pytest.mark.parametrize("cell", [CELL, synthetic()], ids=["published", "characterized"])
def test_every_step_changes_what_attention_computes(cell):
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(0, 0.3, (1, 2, 90, 64)) for _ in range(3))
    outputs = [step.attention(default_scalers(1, 2))(0, q, k, v) for step in hardware_steps(LINEAR, cell)]
    for before, after in pairwise(outputs):
        assert np.abs(after - before).max() > 1e-4


def test_a_cell_without_zero_crossing_cannot_be_centered():
    current = CELL.cell.current.model_copy(update={"coefficients": [1.0]})
    blocked = CELL.model_copy(update={"cell": CELL.cell.model_copy(update={"current": current})})
    with pytest.raises(InputError, match=r"cell\.current never crosses zero"):
        centered(blocked, 0.45)

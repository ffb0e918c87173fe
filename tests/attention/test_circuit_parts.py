"""The parts of circuit fidelity by themselves: transfers, ages, numbers drawn, cells, one head traced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from synthetic_circuit import STEP_S, T_MAX_S, bent, piecewise, synthetic

from gaincell_char.attention import AnalogAttention, analog_attention
from gaincell_char.attention.aged import AgedTable
from gaincell_char.attention.cells import StoredCells, read_shift_V, voltage_of
from gaincell_char.attention.curves import Curve
from gaincell_char.attention.draws import column_keys, mismatch_field, normal, query_keys, uniform
from gaincell_char.attention.trace import trace_head
from gaincell_char.behavior import load_model
from gaincell_char.errors import InputError

MODEL = synthetic()


@settings(max_examples=60, deadline=None)
@given(
    knots=st.lists(st.floats(-3, 3), min_size=2, max_size=30, unique=True),
    order=st.integers(1, 5),
    seed=st.integers(0, 999),
)
def test_a_curve_is_its_piecewise_polynomial(knots: list[float], order: int, seed: int) -> None:
    """At, beside and between the knots, outside of them, wherever they crowd; continuous or not."""
    rng = np.random.default_rng(seed)
    x_knots = np.sort(np.round(knots, 6))
    x_knots = x_knots[np.insert(np.diff(x_knots) > 0, 0, True)]
    if x_knots.size < 2:
        return
    function = piecewise(x_knots * 2e-13, rng.normal(size=(x_knots.size - 1, order)) * (5e12 ** np.arange(order)))
    x = np.concatenate([x_knots, rng.uniform(-4, 4, 400), x_knots[:-1] + np.diff(x_knots) * 0.999])
    expected = function(x * 2e-13) / 15e-9
    found = x.copy().reshape(1, -1)
    Curve(function, 2e-13, 15e-9, np.dtype(float))(found)
    # where knots in coulomb and scaled ones round apart, a jump may be taken one value of the argument earlier or later
    at_knot = np.isin(x, x_knots)
    scale = np.abs(expected).max() + 1
    assert np.max(np.abs(found[0] - expected)[~at_knot]) <= 1e-9 * scale
    both = np.stack([function(np.nextafter(x * 2e-13, side)) / 15e-9 for side in (-9, 9)])
    assert np.max(np.min(np.abs(found - both), axis=0)[at_knot]) <= 1e-9 * scale


@settings(max_examples=60, deadline=None)
@given(
    knots=st.lists(st.floats(-3, 3), min_size=2, max_size=12, unique=True),
    order=st.integers(1, 5),
    flat=st.booleans(),
    seed=st.integers(0, 999),
)
def test_a_curve_knows_where_it_is_beyond(knots: list[float], order: int, flat: bool, seed: int) -> None:
    """No value beyond is left out, jumps, flat pieces and held ends included; and hardly any other is taken in."""
    rng = np.random.default_rng(seed)
    x_knots = np.sort(np.round(knots, 3))
    x_knots = x_knots[np.insert(np.diff(x_knots) > 0, 0, True)]
    if x_knots.size < 2:
        return
    table = rng.normal(size=(x_knots.size - 1, order))
    if flat:
        table[0] = 0
    function = piecewise(x_knots, table)
    x = np.concatenate([np.linspace(-4, 4, 2001), x_knots])
    for y, sign in ((0.0, 1), (0.3, 1), (0.3, -1)):
        found = Curve(function, 1.0, 1.0, np.dtype(float)).beyond(y, sign)
        inside = np.any([(low <= x) & (x <= high) for low, high in found] or [x < -9], axis=0)
        is_beyond = sign * function(x) > y
        assert np.all(inside[is_beyond])
        assert (inside & ~is_beyond).sum() <= 2 * x_knots.size + 2 * order * x_knots.size


def test_a_curve_in_single_precision() -> None:
    function = bent(1e-13, signed=True)
    x = np.linspace(-1.5, 1.5, 6001, dtype=np.float32)
    y = x.copy()
    Curve(function, 1e-13, 15e-9, np.dtype(np.float32))(y)
    assert np.quantile(np.abs(y - function(x * 1e-13) / 15e-9), 0.999) < 1e-6


def of_table(found: AgedTable, age: Any) -> Any:
    """The table again, of one token by itself."""
    smooth, young = (
        np.einsum("rpl,ra->pla", terms.levels, terms.at(ages))
        for terms, ages in ((found.smooth, age - 1), (found.young, age))
    )
    return found.base[..., None] + smooth + young


def test_tables_over_the_age() -> None:
    age = np.arange(500)
    level = np.linspace(-1, 1, 8)[:, None]
    table = np.stack([level * np.exp(-0.01 * age) + level**2 * np.exp(-0.02 * age), 0.1 * level * np.exp(-0.01 * age)])
    found = AgedTable(table, 1e-12)
    assert (len(found.young.ages), found.young.reach, found.smooth.reach) == (2, 500, 0)
    assert np.max(np.abs(of_table(found, age) - table)) <= 1e-12
    assert AgedTable(table[..., :1], 1e-12).young.reach == 0
    assert AgedTable(np.ones((1, 8, 500)), 1e-12).smooth.reach == 0


@settings(max_examples=30, deadline=None)
@given(curvature=st.floats(-1e-4, 1e-4), jump=st.floats(0, 0.1), seed=st.integers(0, 99))
def test_slow_tables_are_one_number_a_query(curvature: float, jump: float, seed: int) -> None:
    """What leaks slowly is smooth, what the first read does is young and of age 0; for every token of a tile."""
    rng, age = np.random.default_rng(seed), np.arange(1000)
    level, leak, first = rng.normal(size=(3, 2, 8, 1))
    table = level + 1e-6 * leak * age + curvature * leak * (age / 1000) ** 2 + jump * first * (age == 0)
    found = AgedTable(table, 1e-5)
    assert found.young.reach <= 1
    assert len(found.smooth.ages) <= 1
    assert np.max(np.abs(of_table(found, age) - table)) <= 2e-5
    query = np.arange(64, 900)
    at_middle = found.smooth.at(query - 33)
    for token in (0, 31, 63):
        g = at_middle + found.smooth.slopes[:, None] * (32 - token)
        there = found.base[..., None] + np.einsum("rpl,ra->pla", found.smooth.levels, g)
        assert np.max(np.abs(there - table[..., query - token])) <= 2e-5


def test_numbers_are_normal_and_independent() -> None:
    rng = np.random.default_rng(0)
    queries = query_keys(rng.integers(0, 16, (3, 200, 64)), np.arange(200), 1)
    columns = column_keys(np.arange(1024), 0)
    drawn = normal(queries[0][None, :] ^ columns[:, None])
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 1e-3
    correlation = np.corrcoef(drawn)
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 6 / np.sqrt(200)
    neighbors = normal(queries[0][None, :] ^ column_keys(np.arange(1024), 1)[:, None])
    assert abs(np.corrcoef(drawn.ravel(), neighbors.ravel())[0, 1]) < 0.01
    assert np.unique(drawn).size > 0.95 * drawn.size
    flat = uniform(columns)
    assert stats.kstest(flat, "uniform", (-0.5, 1)).pvalue > 1e-3
    field = mismatch_field(0, 1, "cells k", (4, 128, 64))
    assert stats.kstest(field.ravel(), "norm").pvalue > 1e-3
    assert not np.array_equal(field, mismatch_field(0, 1, "cells v", (4, 128, 64)))


def test_the_spread_of_pulses_is_what_the_model_says() -> None:
    """Jitter of 0.15 LSB in the ReLU converter alone: every query reads one token, all with the same charge."""
    quiet = MODEL.signed_charge_to_pulse.model_copy(update={"noise": None})
    model = MODEL.model_copy(update={"signed_charge_to_pulse": quiet})
    q, k, v = (np.full((1, 1, 3000, 8), x) for x in (0.6, 0.3, -0.45))
    seen: dict[str, Any] = {}
    attention = AnalogAttention(
        model,
        decay=False,
        window=1,
        fidelity="circuit",
        effects=["noise"],
        observe=lambda _, name, found: seen.update({name: found}),
    )
    attention(0, q, k, v)
    current = abs(float(MODEL.cell.current(0.0)))
    assert seen["sum"].std[0] == pytest.approx(0.15 / 15.5 * current, rel=0.05)


def test_shift_by_reads() -> None:
    disturb = MODEL.cell.read_disturb
    levels = np.array(disturb.levels_V)
    table = np.array(disturb.shift_V)
    assert read_shift_V(disturb, levels, np.zeros(8)) == pytest.approx(np.zeros(8))
    for column, reads in enumerate(disturb.reads):
        assert read_shift_V(disturb, levels, np.full(8, float(reads))) == pytest.approx(table[:, column])
    beyond = read_shift_V(disturb, np.array([-1.0, 0.0, 0.9, 2.0]), np.full(4, 1e6))
    assert beyond == pytest.approx(table[[0, 0, -1, -1], -1])
    between = read_shift_V(disturb, np.array([0.5 * (levels[2] + levels[3])]), np.array([10.0]))
    assert between[0] == pytest.approx(table[2:4, 1].mean())


def test_voltage_of_a_current() -> None:
    cell = load_model("cmos28").cell
    volts = np.linspace(-0.01, 0.91, 300)
    assert voltage_of(cell.current, cell.current(volts)) == pytest.approx(volts, abs=1e-9)


def test_levels_as_written() -> None:
    """The write driver's, where it was measured; else the cell's error at the design pulse, over what was stored."""
    assert StoredCells(MODEL, ["write-error"]).levels_V == pytest.approx(MODEL.write_driver.stored_V)
    cmos28 = load_model("cmos28").model_copy(update={"write_driver": None})
    write = cmos28.cell.write
    error = np.array(write.error_V)[:, write.pulse_widths_s.index(write.design_pulse_s)].mean(axis=1)
    assert StoredCells(cmos28, ["write-error"]).levels_V == pytest.approx(np.arange(8) * 0.9 / 7 + error, abs=1e-9)
    assert np.abs(error).max() > 1e-3


def test_a_leaked_cell_has_the_fixed_charge_of_its_voltage() -> None:
    model = load_model("cmos28")
    cells, charge, volts = StoredCells(model, ["pulse-charge"]), model.cell.pulse_charge, np.linspace(0, 0.9, 8)
    widths = np.array([1e-9, 4e-9, 15e-9])[:, None]
    now = cells.current_A(volts, 0.0) * widths + cells.fixed_charge_C(volts, 0.0)
    assert now == pytest.approx(charge.surface(volts, widths), abs=2e-19)
    left = voltage_of(model.cell.current, StoredCells(model, []).current_A(volts, 1e5))
    assert np.abs(left - volts).max() > 0.01
    late = cells.current_A(volts, 1e5) * widths + cells.fixed_charge_C(volts, 1e5)
    assert late == pytest.approx(charge.surface(left, widths), abs=2e-19)
    exponential = StoredCells(MODEL, ["pulse-charge"], decay=0.1)
    volts = 0.45 + 0.3 * np.exp(-1.0)
    assert exponential.fixed_charge_C(0.75, 10.0) == pytest.approx(MODEL.cell.pulse_charge.fixed_charge(volts))
    assert exponential.current_A(0.75, 10.0) == pytest.approx(0.1 + MODEL.cell.current(volts))


def test_a_traced_head_is_one_output_of_the_attention() -> None:
    rng = np.random.default_rng(2)
    q, k, v = rng.integers(0, 16, 16), rng.integers(2, 8, (40, 16)), rng.integers(0, 8, 40)
    effects = ("write-error", "pulse-charge", "charge-to-pulse", "signed-charge-to-pulse")
    traced = trace_head(MODEL, q, k, v, effects=effects)
    tokens = [np.zeros((1, 1, 40, 16)) for _ in range(3)]
    tokens[0][0, 0, -1] = q / 15
    tokens[1][0, 0], tokens[2][0, 0, :, 0] = k * 0.9 / 7, v * 0.9 / 7
    plain = {name: (np.ones(1), np.zeros(1)) for name in ("q", "k", "v", "out")}
    out = analog_attention(*tokens, MODEL, plain, decay=False, fidelity="circuit", effects=effects)
    assert traced.code == round(out[0, 0, -1, 0] * 15.5)
    assert traced.steps == pytest.approx(traced.signed_pulse_s / STEP_S)
    assert traced.input_pulse_s == pytest.approx(q / 15 * T_MAX_S)
    # by hand: a column's charge, and the pulses it makes
    volts = np.array(MODEL.write_driver.stored_V)
    cell = MODEL.cell
    fixed = cell.pulse_charge.fixed_charge
    charge = ((cell.current(volts[k]) + 0.1) * q / 15 * T_MAX_S + fixed(volts[k]) * (q > 0)).sum(axis=1)
    assert traced.key_charge_C == pytest.approx(charge)
    pulses = bent(80 * T_MAX_S, signed=False)(charge)
    assert traced.relu_pulse_s == pytest.approx(pulses)
    assert 0 < traced.relu_pulse_s.min() < traced.relu_pulse_s.max() < T_MAX_S
    total = ((cell.current(volts[v]) + 0.1) * pulses + fixed(volts[v])).sum()
    assert traced.value_charge_C == pytest.approx(total)


def test_a_head_without_pulses_loses_nothing_to_the_wires() -> None:
    q, k, v = np.zeros(16, int), np.full((5, 16), 7), np.full(5, 3)
    traced = trace_head(MODEL, q, k, v, effects=["ir-drop"])
    assert traced.key_charge_C.tolist() == [0.0] * 5
    assert (traced.value_charge_C, traced.code) == (0.0, 0)


def test_a_traced_head_at_paper_fidelity() -> None:
    q, k, v = np.full(64, 15), np.full((64, 64), 7), np.zeros(64, int)
    traced = trace_head(MODEL, q, k, v, effects=())
    assert traced.relu_pulse_s == pytest.approx(np.full(64, T_MAX_S))
    assert (traced.signed_pulse_s, traced.code) == (pytest.approx(-T_MAX_S), -16)
    assert trace_head(MODEL, q, k, v).code != 0


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"q": np.full(4, 16)}, "q_codes: from 16 to 16; expected 0 to 15"),
        ({"k": np.full((3, 4), 0.5)}, "key_codes: 12 values of float64; expected whole numbers"),
        ({"v": np.full(3, 8)}, "value_codes: from 8 to 8"),
        ({"k": np.zeros((4, 4), int)}, r"q_codes \(4,\), key_codes \(4, 4\), value_codes \(3,\)"),
        ({"effects": ["noise"]}, "effect noise: it is drawn"),
        ({"first_row": 62}, "N from 1 to 2"),
    ],
)
def test_what_a_trace_refuses(change: dict[str, Any], line: str) -> None:
    given_codes = {"q": np.zeros(4, int), "k": np.zeros((3, 4), int), "v": np.zeros(3, int), **change}
    options = {name: given_codes.pop(name) for name in ("effects", "first_row") if name in given_codes}
    with pytest.raises(InputError, match=line):
        trace_head(MODEL, *(given_codes[name] for name in ("q", "k", "v")), **options)

"""The exact tier against a second solver, closed forms, and itself in other precision."""

from __future__ import annotations

import itertools

import nodal
import numpy as np
import numpy.typing as npt
import pytest
import synthetic_tile
from hypothesis import given, settings
from hypothesis import strategies as st

from gaincell_char.array import tile_of
from gaincell_char.array.exact import bit_line
from gaincell_char.array.tile import Tile
from gaincell_char.errors import GaincellError, InputError

LAW = synthetic_tile.tile_current()
UNIT_A = synthetic_tile.UNIT_A
Array = npt.NDArray[np.float64]


def tile(bl_ohm: float, rail_ohm: float = 0.0) -> Tile:
    return tile_of(LAW, synthetic_tile.wires(bl_ohm, rail_ohm), UNIT_A)


def drawn(seed: int, rows: int, columns: int, queries: int) -> tuple[Array, Array]:
    draw = np.random.default_rng(seed)
    return draw.uniform(0, 0.9, (rows, columns)), draw.integers(0, 16, (rows, queries)) / 15


@pytest.mark.parametrize("wires", [(200.0, 0.0), (1e-6, 100.0), (150.0, 60.0)])
def test_direct_currents_are_those_of_dense_nodal_analysis(wires: tuple[float, float]) -> None:
    stored, widths = drawn(1, 12, 3, 4)
    on = (widths > 0.4).astype(float)
    found = tile(*wires).currents(stored, on)
    ideal = tile(*wires).currents(stored, on, "ideal")
    for column in range(3):
        for query in range(4):
            truth, _ = nodal.column_current(stored[:, column], on[:, query], synthetic_tile.branches, *wires)
            assert found[column, query] == pytest.approx(truth / UNIT_A, abs=2e-7)
            assert abs(ideal[column, query] - truth / UNIT_A) > 1e-3


def test_an_even_column_drops_as_an_arithmetic_series() -> None:
    """All cells alike and a wire so good that their current does not change: N (N + 1)/2 segments of one current."""
    stored, on = np.full((64, 1), 0.9), np.ones((64, 1, 1))
    better = tile(1e-3)
    solved = bit_line(better.law, better.law.evaluate(better.law.of_bit_line(), stored), on, better.bl_V)
    current = synthetic_tile.K_A * (0.9 + 0.9**3)
    assert solved.bl_drop[-1, 0, 0] == pytest.approx(1e-3 * current * 64 * 65 / 2, rel=1e-4)


def test_one_cell_is_a_quadratic_equation() -> None:
    """x = -r I(x) with I = I0 (1 + m x - q x^2): one cell at full store, whose source branch gives nothing."""
    r, i0 = 2e4, synthetic_tile.K_A * (0.9 + 0.9**3)
    m, q = synthetic_tile.SLOPE, synthetic_tile.BEND
    x = min(np.roots([-q * r * i0, 1 + m * r * i0, r * i0]).real, key=abs)
    found = tile(r).currents(np.full((1, 1), 0.9), np.ones((1, 1)))
    assert found[0, 0] == pytest.approx(-x / r / UNIT_A, rel=1e-9)


def test_rows_count_from_the_clamp_and_are_not_columns() -> None:
    stored = np.zeros((8, 8)) + 0.45
    stored[0, :4], stored[7, 4:] = 0.9, 0.9
    currents = tile(500.0).currents(stored, np.ones((8, 1)))[:, 0]
    assert np.ptp(currents[:4]) == np.ptp(currents[4:]) == 0
    assert currents[0] > currents[7] + 1e-3


def test_a_row_that_is_off_is_not_there() -> None:
    stored, _ = drawn(2, 10, 2, 1)
    on = np.ones((10, 1))
    on[6:] = 0
    np.testing.assert_allclose(
        tile(80.0, 30.0).currents(stored, on), tile(80.0, 30.0).currents(stored[:6], on[:6]), atol=1e-7
    )


@pytest.mark.parametrize("rail", [0.0, 20.0])
def test_a_charge_is_the_sum_over_the_intervals_between_two_ends_of_pulses(rail: float) -> None:
    stored, widths = drawn(3, 9, 2, 3)
    one = tile(60.0, rail)
    charges = one.charges(stored, widths)
    for query in range(3):
        ends = np.unique(np.concatenate([[0.0], widths[:, query]]))
        truth = sum(
            (stop - start) * one.currents(stored, (widths[:, [query]] > start).astype(float))[:, 0]
            for start, stop in itertools.pairwise(ends)
        )
        np.testing.assert_allclose(charges[:, query], truth, atol=1e-9)


def test_continuous_pulses_take_the_same_way_as_levels() -> None:
    """More widths than rows: each query has intervals of its own. Levels moved by nothing that matters agree."""
    stored, widths = drawn(4, 6, 3, 20)
    moved = widths + np.random.default_rng(5).uniform(0, 1e-9, widths.shape) * (widths > 0)
    np.testing.assert_allclose(tile(90.0).charges(stored, moved), tile(90.0).charges(stored, widths), atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.1, 300.0), st.integers(1, 40))
def test_the_solution_satisfies_kirchhoff(seed: int, ohm: float, rows: int) -> None:
    stored, widths = drawn(seed, rows, 2, 1)
    one = tile(ohm)
    on = (widths > 0.3).astype(float)[:, np.newaxis]
    solved = bit_line(one.law, one.law.evaluate(one.law.of_bit_line(), stored), on, one.bl_V)
    drop = solved.bl_drop[:, :, 0]
    across = np.diff(drop, axis=0, prepend=0)
    beyond = solved.current[::-1, :, 0].cumsum(axis=0)[::-1]
    np.testing.assert_allclose(across, one.bl_V * beyond, atol=1e-8)
    cells = synthetic_tile.branches(stored, -drop, np.zeros(1), np.zeros(1))
    np.testing.assert_allclose(solved.current[:, :, 0], on[:, 0] * (cells[0] - cells[1]) / UNIT_A, atol=1e-8)


def test_single_precision_is_as_good_as_single_precision_can_be() -> None:
    stored, widths = drawn(6, 64, 8, 8)
    on = (widths > 0.5).astype(float)
    for wires in ((10.0, 0.0), (10.0, 5.0)):
        exact = tile(*wires).currents(stored, on)
        single = tile(*wires).currents(stored.astype(np.float32), on.astype(np.float32))
        assert single.dtype == np.float32
        assert np.abs(single - exact).max() < 1e-5 * np.abs(exact).max()


def test_many_tiles_at_once_are_one_after_another() -> None:
    stored, widths = drawn(7, 8, 5, 4)
    both = np.stack([stored, stored[::-1]])
    found = tile(50.0, 20.0).correction(both, np.stack([widths, widths]), "exact")
    assert found.shape == (2, 5, 4)
    np.testing.assert_allclose(
        found[1],
        tile(50.0, 20.0).charges(both[1], widths) - tile(50.0, 20.0).charges(both[1], widths, "ideal"),
        atol=1e-12,
    )


def test_what_cannot_be_answered_is_said() -> None:
    stored, on = np.full((64, 1), 0.9), np.ones((64, 1))
    with pytest.raises(GaincellError, match=r"bit line of the tile moves by .* mV"):
        tile(1e4).currents(stored, on)
    with pytest.raises(InputError, match="tier"):
        tile(1.0).charges(stored, on, "exakt")
    with pytest.raises(InputError, match="tier"):
        tile(1.0).currents(stored, on, "fast")

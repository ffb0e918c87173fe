"""The fast tier: exact where it says that it is, and close where it truncates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import synthetic_tile
from hypothesis import given, settings
from hypothesis import strategies as st

from gaincell_char.array import tile_of
from gaincell_char.array.fast import _pulse_modes
from gaincell_char.array.tile import Tile
from gaincell_char.array.wire import greens_function
from gaincell_char.behavior import load_model
from gaincell_char.errors import InputError

LAW = synthetic_tile.tile_current()
Array = npt.NDArray[np.float64]


def tile(bl_ohm: float, rail_ohm: float = 0.0) -> Tile:
    return tile_of(LAW, synthetic_tile.wires(bl_ohm, rail_ohm), synthetic_tile.UNIT_A)


def first_order(one: Tile, stored: Array, widths: Array) -> Array:
    """The sum of the module's docstring as it stands, its derivatives by differences of the cells' own currents."""
    step, zero = 1e-5, np.zeros_like(stored)

    def net(x: float, y: float, z: float) -> Array:
        sink, source = synthetic_tile.branches(stored, zero + x, zero + y, zero + z)
        return (sink - source) / synthetic_tile.UNIT_A

    by_bl, by_vss, by_vdd = ((net(*(step * unit)) - net(*(-step * unit))) / (2 * step) for unit in np.eye(3))
    sink, source = (branch / synthetic_tile.UNIT_A for branch in synthetic_tile.branches(stored, zero, zero, zero))
    together = greens_function(len(stored))[..., np.newaxis] * np.minimum(widths[:, np.newaxis], widths)
    return np.asarray(
        sum(
            np.einsum("ij,ikq,kj->jq", response, together, current, optimize=True)
            for response, current in (
                (one.rail_V * by_vss - one.bl_V * by_bl, sink),
                (one.rail_V * by_vdd + one.bl_V * by_bl, source),
            )
        )
    )


def drawn(seed: int, converters: bool = False) -> tuple[Array, Array]:
    draw = np.random.default_rng(seed)
    stored = np.rint(draw.uniform(0, 7, (64, 8))) * 0.9 / 7
    if converters:
        return stored, np.clip(draw.normal(-0.05, 0.25, (64, 6)), 0, 1)
    return stored, draw.integers(0, 16, (64, 12)) / 15


def rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


@pytest.mark.parametrize("converters", [False, True])
@pytest.mark.parametrize("wires", [(3.0, 0.0), (1.5, 0.5), (0.0, 2.0)])
def test_it_is_the_first_order_within_three_percent(wires: tuple[float, float], converters: bool) -> None:
    stored, widths = drawn(1, converters)
    truth = first_order(tile(*wires), stored, widths)
    assert rms(tile(*wires).correction(stored, widths, "fast") - truth) < 0.03 * rms(truth)


@pytest.mark.parametrize("converters", [False, True])
def test_it_leaves_a_thirtieth_of_what_ignoring_the_wires_costs(converters: bool) -> None:
    """With wires that matter: more than 1 % of the converter's full scale of 80."""
    stored, widths = drawn(2, converters)
    one = tile(5.0, 2.0)
    exact = one.correction(stored, widths, "exact")
    assert converters or rms(exact) > 0.8
    assert rms(one.correction(stored, widths, "fast") - exact) < rms(exact) / 30


@pytest.mark.parametrize("width", [1.0, 0.6, 0.02])
def test_equal_pulses_of_equal_cells_are_the_first_order(width: float) -> None:
    """Errors of min(T, T') would add up; the rows' sums are kept, and equal pulses are all the longest."""
    stored, widths = np.full((64, 3), 0.7), np.full((64, 2), width)
    one = tile(2.0, 1.0)
    np.testing.assert_allclose(one.correction(stored, widths, "fast"), first_order(one, stored, widths), rtol=1e-5)


def test_short_pulses_are_as_exact_as_long_ones() -> None:
    stored, widths = drawn(6, converters=True)
    one = tile(2.0, 1.0)
    long, short = one.correction(stored, widths, "fast"), one.correction(stored, widths * 2**-7, "fast")
    np.testing.assert_allclose(short * 2**7, long, rtol=1e-9)


def test_pulse_modes_sum_to_the_shorter_pulse() -> None:
    at = np.linspace(0, 1, _pulse_modes().shape[1])[::32]
    modes = _pulse_modes()[:, ::32]
    truth = np.minimum(at[:, np.newaxis], at)
    left = [np.abs(np.outer(at, at) + modes[:count].T @ modes[:count] - truth).max() for count in (2, 8)]
    assert left[0] < 0.1
    assert left[1] < 0.04
    np.testing.assert_allclose(modes[:, [0, -1]], 0, atol=1e-12)


@pytest.mark.parametrize("on", [(5,), (63,), (0, 40), (7, 8)])
def test_one_or_two_rows_are_the_first_order(on: tuple[int, ...]) -> None:
    """Of one length, T_max, which min(T, T') is known exactly for."""
    stored, _ = drawn(3)
    widths = np.zeros((64, 1))
    widths[list(on)] = 1.0
    one = tile(3.0, 1.0)
    np.testing.assert_allclose(one.correction(stored, widths, "fast"), first_order(one, stored, widths), rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(first=st.integers(0, 63), rows=st.integers(1, 64), modes=st.integers(1, 8), seed=st.integers(0, 99))
def test_rows_that_are_off_are_as_if_they_were_not_there(first: int, rows: int, modes: int, seed: int) -> None:
    last = min(first + rows, 64)
    stored, widths = drawn(seed, converters=seed % 2 == 1)
    off = (np.arange(64) < first) | (np.arange(64) >= last)
    whole = tile(3.0, 1.0).correction(stored, np.where(off[:, np.newaxis], 0, widths), "fast", modes=modes)
    part = tile(3.0, 1.0).correction(stored[first:last], widths[first:last], "fast", first, modes)
    np.testing.assert_allclose(part, whole, rtol=1e-9, atol=1e-12 * np.abs(whole).max(initial=1))


def test_rows_before_the_first_are_wire_to_both_tiers() -> None:
    stored, widths = drawn(4)
    widths[:50] = 0
    one = tile(3.0, 1.0)
    whole, part = one.correction(stored, widths, "exact"), one.correction(stored[50:], widths[50:], "exact", 50)
    np.testing.assert_allclose(part, whole, rtol=1e-6)
    assert rms(one.correction(stored[50:], widths[50:], "fast", 50) - whole) < 0.05 * rms(whole)
    assert rms(one.correction(stored[50:], widths[50:], "fast") - whole) > 0.5 * rms(whole)


def test_no_row_on() -> None:
    stored, widths = drawn(5)
    assert not tile(3.0, 1.0).correction(stored, np.zeros_like(widths), "fast").any()


def test_single_precision() -> None:
    stored, widths = drawn(3)
    single = tile(3.0, 1.0).correction(stored.astype(np.float32), widths.astype(np.float32), "fast")
    assert single.dtype == np.float32
    assert rms(single - tile(3.0, 1.0).correction(stored, widths, "fast")) < 1e-4 * rms(single)


def test_a_model_without_wires_is_refused() -> None:
    from gaincell_char.array import tile as tile_of_model

    with pytest.raises(InputError, match=r"array\.current is missing"):
        tile_of_model(load_model("leroux2025"))

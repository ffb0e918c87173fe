"""The wire alone: ladders whose drops are known in closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.array.wire import drops, greens_function, loaded


@pytest.mark.parametrize("nodes", [1, 2, 7, 64])
def test_equal_currents_drop_as_an_arithmetic_series(nodes: int) -> None:
    """r I (N + (N - 1) + ...): the far end is N (N + 1)/2 segments of one current below the clamp."""
    drop = drops(np.full(nodes, 2.0))
    assert drop[-1] == pytest.approx(2 * nodes * (nodes + 1) / 2, rel=1e-14)
    node = np.arange(1, nodes + 1)
    np.testing.assert_allclose(drop, 2 * (node * nodes - node * (node - 1) / 2), rtol=1e-13)


def test_a_single_current_drops_to_its_node_and_no_further() -> None:
    drop = drops(np.eye(5)[2])
    np.testing.assert_array_equal(drop, [1, 2, 3, 3, 3])


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_a_node_drops_by_what_its_segments_carry(currents: list[float]) -> None:
    """Two running sums: a segment carries all that is drawn beyond it, a node drops by the segments before it."""
    current = np.array(currents)
    np.testing.assert_allclose(drops(current), np.cumsum(np.cumsum(current[::-1])[::-1]), atol=1e-12)


def test_the_greens_function_inverts_the_ladders_laplacian() -> None:
    nodes = 9
    laplace = 2 * np.eye(nodes) - np.eye(nodes, k=1) - np.eye(nodes, k=-1)
    laplace[-1, -1] = 1
    np.testing.assert_allclose(greens_function(nodes) @ laplace, np.eye(nodes), atol=1e-12)


def test_a_loaded_wire_decays_as_a_line_does() -> None:
    """An infinite ladder of r and g: the drop beyond a source falls by one factor a segment, x + 1/x = 2 + r g."""
    r, g = 1.0, 0.5
    factor = 1 + r * g / 2 - np.sqrt(r * g + (r * g / 2) ** 2)
    drop = loaded(60, r, g)[:, 20]
    np.testing.assert_allclose(drop[25:40] / drop[24:39], factor, rtol=1e-6)

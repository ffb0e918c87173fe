import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.fit.held_out import fit_error, held_out


@given(st.integers(2, 200))
def test_ends_are_fitted_and_no_two_neighbors_are_held_out(count: int) -> None:
    mask = held_out(count)
    assert not mask[0]
    assert not mask[-1]
    assert not (mask[1:] & mask[:-1]).any()
    assert mask.sum() == (count - 1) // 2


def test_error_is_over_points_held_out_on_every_axis() -> None:
    measured = np.zeros((5, 7))
    predicted = np.zeros((5, 7))
    predicted[1, 2] = predicted[2, 1] = predicted[0, 0] = 9.0  # fitted, or held out on one axis only
    predicted[3, 5] = -2.0
    error = fit_error(predicted, measured, 4.0, 12, held_out(5), held_out(7))
    assert error.maximum == 2.0
    assert error.maximum_relative == 0.5
    assert error.n_held_out == 6
    assert error.rms == np.sqrt(4 / 6)

"""The bounds of a search: where designs are, what the command line may say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.circuits.testbench import parameters as known_parameters
from gaincell_char.errors import InputError
from gaincell_char.optimize.space import BOUNDS, COMPLEMENT, HOLD, Space, parse_bounds


@given(st.lists(st.floats(0, 1), min_size=len(BOUNDS), max_size=len(BOUNDS)))
def test_a_design_is_where_its_point_says(point: list[float]) -> None:
    space = Space()
    parameters = space.parameters(np.array(point))
    assert np.abs(space.point(parameters) - point).max() < 2e-3  # four digits of a parameter
    for bound in BOUNDS:
        margin = 1e-9 * (bound.high - bound.low)
        assert bound.low - margin <= parameters[bound.name] <= bound.high + margin
    assert parameters[HOLD] + parameters[COMPLEMENT] == pytest.approx(0.9)


def test_sizes_move_by_factors() -> None:
    middle = Space().parameters(np.full(len(BOUNDS), 0.5))
    assert middle["gain_cell.lrn"] == pytest.approx(np.sqrt(1.4e-6 * 3.4e-6), rel=1e-3)
    assert middle[HOLD] == pytest.approx(-0.35)


def test_a_sample_fills_every_axis_and_is_drawn_again_the_same() -> None:
    drawn = Space().sample(20, seed=3)
    assert drawn.shape == (20, len(BOUNDS))
    for axis in drawn.T:
        assert sorted(np.floor(20 * axis).astype(int)) == list(range(20))
    assert np.array_equal(drawn, Space().sample(20, seed=3))
    assert not np.array_equal(drawn, Space().sample(20, seed=4))


def test_the_default_design_is_the_netlists() -> None:
    known = {parameter.name: parameter.default for parameter in known_parameters("gain_cell")}
    default = Space().default()
    assert default == {name: known[name] for name in default}
    assert len(default) == len(BOUNDS) + 1


def test_bounds_from_the_command_line() -> None:
    space = parse_bounds(["gain_cell.wn=70n:90n", "gain_cell.storage_F = 10f"])
    assert [bound.name for bound in space.free] == [b.name for b in BOUNDS if b.name != "gain_cell.storage_F"]
    found = space.parameters(np.ones(len(space.free)))
    assert (found["gain_cell.wn"], found["gain_cell.storage_F"]) == (90e-9, 10e-15)


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["gain_cell.wn"], "expected NAME=LOW:HIGH"),
        (["gain_cell.wsn=1u:2u"], "unknown parameter 'gain_cell.wsn'; did you mean"),
        (["gain_cell.wn=90n:70n"], "LOW below HIGH"),
        (["gain_cell.wn=70n:80n:90n"], "LOW below HIGH"),
        (["gain_cell.wn=wide:90n"], "'wide' is not a number"),
        (["gain_cell.wn=1n:90n"], "reaches beyond 40 nm to 5 um"),
        (["gain_cell.wn=70n:90n", "gain_cell.wn=70n"], "given twice"),
        ([f"{bound.name}={bound.high!r}" for bound in BOUNDS], "every parameter is fixed"),
    ],
)
def test_wrong_bounds_are_told_in_a_line(texts: list[str], told: str) -> None:
    with pytest.raises(InputError) as error:
        parse_bounds(texts)
    assert told in str(error.value)
    assert "\n" not in str(error.value)

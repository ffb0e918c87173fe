"""What a setting leaves out has a default; what it gives wrong is one clear line."""

from __future__ import annotations

import math

import pytest

from gaincell_char.circuits.settings import axis_values, numeric_values, parameter_values, uniform_step
from gaincell_char.circuits.testbench import Axis, Parameter, Setting, circuit, circuits, parameters, testbench
from gaincell_char.errors import InputError

PARAMETERS = (
    Parameter("cell.wn", 80e-9, "m", 40e-9, 5e-6, "a width"),
    Parameter("cell.lrn", 2e-6, "m", 1e-7, 2e-5, "a length"),
)
AXES = (Axis("v_V", "V", (0.0, 0.45), True, "shared"), Axis("t_s", "s", (1e-9,), False, "outer"))


def test_defaults_fill_what_is_left_out() -> None:
    assert parameter_values(Setting(parameters={"cell.wn": 2e-7}), PARAMETERS) == {"wn": 2e-7, "lrn": 2e-6}
    assert axis_values(Setting(axes={"t_s": (2e-9,)}), AXES) == {"v_V": (0.0, 0.45), "t_s": (2e-9,)}
    assert numeric_values(Setting(numerics={"gmin": 1e-18}), {"gmin": 1e-15, "reltol": 1e-4}) == {
        "gmin": 1e-18,
        "reltol": 1e-4,
    }


def test_an_unknown_parameter_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown parameter 'cell\.nw'; did you mean cell\.wn"):
        parameter_values(Setting(parameters={"cell.nw": 1e-7}), PARAMETERS)


@pytest.mark.parametrize("value", [0.0, -80e-9, 39e-9, 6e-6, math.nan, math.inf])
def test_a_parameter_outside_its_bounds_is_refused(value: float) -> None:
    with pytest.raises(InputError, match=r"cell\.wn: .* is outside 40 nm to 5 um \(a width\)"):
        parameter_values(Setting(parameters={"cell.wn": value}), PARAMETERS)


def test_an_outer_axis_has_one_value() -> None:
    with pytest.raises(InputError, match="axis t_s: 2 values in one deck"):
        axis_values(Setting(axes={"t_s": (1e-9, 2e-9)}), AXES)


@pytest.mark.parametrize("points", [(), (0.0, math.nan), (0.1, 0.1), (math.inf,)])
def test_points_of_an_axis_are_finite_and_different(points: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match=r"axis v_V: .* must be finite, different numbers, at least one"):
        axis_values(Setting(axes={"v_V": points}), AXES)


def test_an_unknown_axis_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown axis 'v_v'; did you mean v_V"):
        axis_values(Setting(axes={"v_v": (0.0,)}), AXES)


@pytest.mark.parametrize("value", [0.0, -1e-12, math.nan])
def test_tolerances_are_positive(value: float) -> None:
    with pytest.raises(InputError, match=r"numerics gmin: .* must be a positive number"):
        numeric_values(Setting(numerics={"gmin": value}), {"gmin": 1e-15})


def test_a_dc_axis_rises_evenly() -> None:
    assert uniform_step("v", (0.0, 0.1, 0.2)) == pytest.approx(0.1)
    assert uniform_step("v", (0.3,)) == 1.0
    for uneven in ((0.0, 0.1, 0.3), (0.2, 0.1, 0.0), (0.0, 0.2, 0.1)):
        with pytest.raises(InputError, match=r"axis v: .* breaks the even, rising steps"):
            uniform_step("v", uneven)


def test_the_registry_finds_circuits_and_testbenches_by_name() -> None:
    assert circuits()[0] == "gain_cell"
    assert {"charge_to_pulse", "signed_charge_to_pulse", "pulse_counter", "array"} < set(circuits())
    assert testbench("gain_cell.iv").columns == {"current_A": "A"}
    assert {each.name for each in parameters("gain_cell")} >= {"gain_cell.wn", "gain_cell.storage_F"}
    with pytest.raises(InputError, match=r"unknown testbench 'gain_cell\.vi'; did you mean gain_cell\.iv"):
        testbench("gain_cell.vi")
    with pytest.raises(InputError, match="unknown circuit 'gaincell'; did you mean gain_cell"):
        parameters("gaincell")


def test_every_default_is_inside_its_bounds_and_every_name_belongs_to_the_circuit() -> None:
    for name in circuits():
        for each in circuit(name).parameters:
            assert each.low <= each.default <= each.high, each.name
            # a circuit that is tested with real cells has the cell's parameters too
            assert each.name.partition(".")[0] in (name, "gain_cell"), each.name
            assert each.meaning

"""Parameters of the circuit: what moves when one is turned, and what the study concludes of given readings."""

import json

import numpy as np
import pytest

from gaincell_char.attention.circuit import circuit
from gaincell_char.behavior import load_model
from gaincell_char.behavior.store import model_text, read_model
from gaincell_char.errors import InputError
from gaincell_char.report.svg import styled
from gaincell_char.studies import sensitivity
from gaincell_char.studies.deviations import NOMINAL, bundled_circuit, circuit_effects
from gaincell_char.studies.parameters import PARAMETERS, TIME_CONSTANT, amount, parameter
from gaincell_char.studies.stored import Reading
from gaincell_char.studies.study import Measured, Row

MODEL = bundled_circuit()
CURRENT = load_model("cmos28").cell.current


def chain(model):
    return circuit(model, circuit_effects(model, noise=True), window=64, decay=True, tiles="absolute")


def currents(model, ages=(0.0, 500.0)):
    """Of the stored levels in A, with the charge of pulses as measured."""
    cells = chain(model).cells
    return cells.current_A(cells.levels_V[:, None], np.asarray(ages))


@pytest.mark.parametrize("each", [*PARAMETERS, TIME_CONSTANT], ids=lambda each: each.name)
def test_a_step_makes_another_model_that_can_be_saved(each):
    at = each.nominal(MODEL)
    for sign in (-1, 1):
        moved = each.at(MODEL, at + sign * each.step)
        assert moved != MODEL
        assert read_model(model_text(moved), "moved") == moved
        if each.nominal(moved) not in (0.0, 1.0):  # what is only added is 0 in any model
            assert each.nominal(moved) == pytest.approx(at + sign * each.step, rel=1e-9)


def test_a_smaller_capacitor_leaks_as_a_longer_time():
    half = parameter("storage capacitance").at(MODEL, 5e-15)
    np.testing.assert_allclose(currents(half, [300.0]), currents(MODEL, [600.0]), rtol=2e-3, atol=1e-12)
    assert np.abs(currents(half, [1.0]) - currents(MODEL, [1.0])).max() < 1e-9


def test_the_cell_moves_as_it_is_told():
    moved = parameter("zero crossing").at(MODEL, 5e-3)
    assert moved.cell.zero_crossing_V - MODEL.cell.zero_crossing_V == pytest.approx(5e-3, rel=0.01)
    shift = currents(moved) - currents(MODEL)
    assert shift[:, 0] == pytest.approx(shift[0, 0], rel=1e-3)
    assert shift[0, 0] == pytest.approx(-5e-3 * 1.3466e-6, rel=0.02)
    steeper = parameter("I-V slope").at(MODEL, 0.05)
    np.testing.assert_allclose(currents(steeper), 1.05 * currents(MODEL), rtol=1e-6, atol=1e-12)
    written = parameter("write error").at(MODEL, 5e-3)
    assert chain(written).cells.levels_V - chain(MODEL).cells.levels_V == pytest.approx(5e-3)
    charged = chain(parameter("fixed charge of a pulse").at(MODEL, 2e-17)).cells
    at = charged.levels_V[:, None], np.zeros(1)
    assert charged.fixed_charge_C(*at) - chain(MODEL).cells.fixed_charge_C(*at) == pytest.approx(2e-17, rel=1e-3)
    np.testing.assert_allclose(currents(parameter("fixed charge of a pulse").at(MODEL, 2e-17)), currents(MODEL))


@pytest.mark.parametrize(("name", "section"), [("ReLU", "charge_to_pulse"), ("signed", "signed_charge_to_pulse")])
def test_a_converter_moves_as_it_is_told(name, section):
    part = getattr(MODEL, section)
    lsb_s, middle = part.t_max_s / 15.5, 0.5 * part.full_scale_C

    def pulse(model, charge):
        return getattr(model, section).transfer(model.condition).pulse_s(charge)

    signs = (1,) if section == "charge_to_pulse" else (1, -1)
    for sign in signs:
        at = sign * middle
        before = pulse(MODEL, at)
        assert pulse(parameter(f"{name} offset").at(MODEL, 0.1), at) - before == pytest.approx(0.1 * lsb_s, rel=0.01)
        assert pulse(parameter(f"{name} gain").at(MODEL, 0.01), at) / before == pytest.approx(1.01, rel=1e-3)
        bow = pulse(parameter(f"{name} INL").at(MODEL, 0.1), at) - before
        assert sign * bow == pytest.approx(0.1 * lsb_s, rel=1e-6)
        bowed = parameter(f"{name} INL").at(MODEL, 0.1)
        assert pulse(bowed, 2 * at) - pulse(MODEL, 2 * at) == pytest.approx(0.0, abs=1e-15)


def test_wires_counter_and_spreads_reach_the_chain():
    wires = chain(parameter("bit line resistance").at(MODEL, 3.0))
    assert wires.tile.bl_V == pytest.approx(2 * chain(MODEL).tile.bl_V)
    counter = chain(parameter("counter phase").at(MODEL, 97e-12)).counter
    assert counter.phase - chain(MODEL).counter.phase == pytest.approx(0.1, rel=0.01)
    period = parameter("counter period")
    slower = chain(period.at(MODEL, 1.01 * period.nominal(MODEL))).counter
    assert slower.period == pytest.approx(1.01 * chain(MODEL).counter.period)
    doubled = chain(parameter("cell mismatch").at(MODEL, 2.0))
    np.testing.assert_allclose(doubled.cell_sigma, 2 * chain(MODEL).cell_sigma)
    sigma = parameter("signed offset mismatch")
    wide = chain(sigma.at(MODEL, 2 * sigma.nominal(MODEL)))
    np.testing.assert_allclose(wide.signed_sigma / chain(MODEL).signed_sigma, [2, 1, 2, 1])


def test_what_a_model_lacks_is_said_in_a_line():
    with pytest.raises(InputError, match="no pulse_counter"):
        parameter("counter period").at(load_model("leroux2025"), 1e-9)
    with pytest.raises(InputError, match="ReLU offset"):
        parameter("Relu offset")
    with pytest.raises(InputError, match="nothing to vary"):
        circuit_effects(load_model("leroux2025"))


def reading(*losses):
    return Reading(tuple(1000.0 * loss for loss in losses), 1000, {}, None, 1.0)


def given(costs):
    """A measurement in which a step of `parameter` costs `costs[parameter]` (down, up), two texts."""
    rows, read = [], {NOMINAL: reading(3.0, 2.0), sensitivity.NOISY: reading(3.0, 2.0)}
    for name, ways in costs.items():
        for way, cost in zip(("down", "up"), ways, strict=True):
            read[f"{name} {way}"] = reading(3.0 + cost, 2.0 + cost)
            labels = {"parameter": name, "direction": way}
            rows.append(Row(labels, "offset-aware", 2.5 + cost, cost, (cost, cost), {}, None, None, 0, None))
    nominal = Row({}, "offset-aware", 2.5, 0.1, None, {}, None, None, 0, None)
    return Measured((nominal, nominal, *rows), 2.4, 2, (), {}, read, 0, {}, 0.0)


def test_the_slope_is_that_of_up_against_down(monkeypatch):
    costs = {each.name: (-0.001, 0.003) for each in PARAMETERS} | {"I-V slope": (0.02, -0.01)}
    monkeypatch.setattr(sensitivity, "measure", lambda *ignored: given(costs))
    answer = sensitivity.ask(type("Asking", (), {"quick": True})())
    first, second = answer.result["rows"][:2]
    assert first["parameter"] == "I-V slope"
    assert first["derivative"] == pytest.approx(-0.03 / 0.1)
    assert second["derivative"] * second["step"] == pytest.approx(0.002)
    assert first["derivative_interval"][1] < 0
    assert "at most 0.020 nats" in answer.sentence
    assert json.dumps(answer.result)
    with styled():
        assert answer.figure().count("I-V slope, 5 %") == 1


def test_the_variants_are_each_parameter_both_ways():
    variants = sensitivity.variants()
    assert len({variant.stage for variant in variants}) == len(variants) == 2 + 2 * len(PARAMETERS)
    assert {variant.scalers_of for variant in variants[1:]} == {NOMINAL}
    noisy = [variant.name for variant in variants if "noise" in variant.effects]
    assert noisy == [sensitivity.NOISY, "ReLU jitter down", "ReLU jitter up"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.05, "1", "5 %"), (1e-15, "F", "1 fF"), (-0.2, "LSB", "-0.2 LSB"), (1.5, "ohm", "1.5 ohm")],
)
def test_amounts_are_written_as_people_do(value, unit, text):
    assert amount(value, unit) == text

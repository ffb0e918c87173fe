"""The energy of a token against sums written out cell by cell, and the latency against the sum of its phases."""

from __future__ import annotations

import numpy as np
import pytest
from measured_head import (
    BUFFER_J,
    CONTROL_J,
    DRIVER_J,
    OPENING_S,
    RAIL_J,
    RAIL_W,
    REFERENCE_J,
    REST_W,
    circuit,
    datasets,
    head,
    statistics,
)

from gaincell_char.behavior.schema import Condition, Energy, Settling
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.errors import InputError
from gaincell_char.fit.energy import bundled_statistics, fit_energy
from gaincell_char.fit.latency import fit_latency

CELLS, LINES = 65536, 1024
T_MAX_S = 15e-9


@pytest.fixture(scope="module")
def energy() -> Energy:
    found = head().energy
    assert found is not None
    return found


def test_key_cells_and_lines_are_summed_over_levels(energy: Energy) -> None:
    model, drive = circuit(), statistics()
    widths = model.word_line_driver.widths_s
    cells = lines = drivers = 0.0
    for code in range(16):
        for level in range(8):
            share = drive.query_key[code][level]
            if code:
                cells += share * (RAIL_W[level] * widths[code] + RAIL_J[level])
                lines += share * BUFFER_J / 64
            drivers += share * (DRIVER_J[code] - (BUFFER_J if code else 0.0))
    key = energy.product_J("key")
    assert key["cells, key"] == pytest.approx(CELLS * cells)
    assert key["word lines, key"] == pytest.approx(CELLS * lines)
    assert key["word-line drivers"] == pytest.approx(LINES * drivers)
    assert energy.product_J("key", largest=True)["cells, key"] == pytest.approx(
        CELLS * (RAIL_W[0] * widths[15] + RAIL_J[0])
    )


def test_conversions_are_summed_over_charges(energy: Energy) -> None:
    """ReLU: 0.2 pJ at -2 full scales comes from tile_energy.key; its 0.9 pJ lies inside the transfer and does not."""
    drive = statistics()
    centers = np.linspace(-2, 2, 17)[:-1] + 0.125
    relu = np.interp(centers, [-2, -1, 0, 1.5], [2e-13, 3e-13, 4e-13, 6e-13])
    signed = np.interp(centers, [-1, 0, 1.5], [5e-13, 4.5e-13, 5.5e-13])
    assert energy.product_J("key")["ReLU converters"] == pytest.approx(LINES * relu @ drive.score.shares)
    value = energy.product_J("value")
    assert value["signed converters"] == pytest.approx(LINES * signed @ drive.tile_sum.shares)
    pulse = circuit().signed_charge_to_pulse.transfers[0].pulse_s
    full = circuit().signed_charge_to_pulse.full_scale_C
    counts = [min(16.0, abs(float(pulse(x * full))) / (T_MAX_S / 15.5)) for x in centers]
    assert value["counters"] == pytest.approx(LINES * (1e-13 + 1e-14 * np.dot(counts, drive.tile_sum.shares)))
    assert energy.product_J("value", largest=True)["counters"] == pytest.approx(LINES * 2.6e-13)


def test_value_cells_are_read_as_long_as_pulses_last(energy: Energy) -> None:
    drive = statistics()
    pulsed = sum(drive.score.shares[8:])
    cells = np.dot(drive.value_pulse, RAIL_W) * T_MAX_S + pulsed * RAIL_J.mean()
    value = energy.product_J("value")
    assert value["cells, value"] == pytest.approx(CELLS * cells)
    assert value["word-line buffers"] == pytest.approx(LINES * pulsed * BUFFER_J)


def test_what_columns_and_tiles_share_is_counted_once_each(energy: Energy) -> None:
    for product in ("key", "value"):
        parts = energy.product_J(product)
        assert parts[f"control lines, {product}"] == pytest.approx(LINES * CONTROL_J[product])
        assert parts[f"references, {product}"] == pytest.approx(16 * REFERENCE_J[product])
    assert energy.product_J("write") == {"write drivers": pytest.approx(128 * 1e-14)}
    assert energy.idle_W == pytest.approx(LINES * sum(REST_W.values()))
    assert len({part.name for part in energy.parts}) == len(energy.parts)
    assert all(part.largest_J >= part.energy_J for part in energy.parts)


@pytest.mark.parametrize("missing", ["tile_energy_cells", "word_line_driver_buffer"])
def test_a_missing_sweep_is_named(missing: str) -> None:
    model = circuit()
    given = {spec: each for spec, each in datasets(model).items() if spec != missing}
    with pytest.raises(InputError, match=f"energy: datasets of {missing} are missing"):
        fit_energy(model, statistics(), given)


@pytest.mark.parametrize("section", ["word_line_driver", "write_driver", "pulse_counter"])
def test_a_missing_section_is_named(section: str) -> None:
    model = circuit().model_copy(update={section: None})
    with pytest.raises(InputError, match=section.replace("_", ".")):
        fit_energy(model, statistics(), datasets(circuit()))


def test_the_bundled_statistics_are_those_of_a_network() -> None:
    found = bundled_statistics()
    levels = np.sum(found.query_key, axis=1)
    assert found.queries >= 10_000
    assert levels[0] > 0.1  # clipped below
    assert 0 < sum(found.value_pulse) < 0.2  # sparse
    assert found.score.edges[0] < 0 < found.score.edges[-1]


def test_latency_is_the_sum_of_what_follows_one_another() -> None:
    model, sweeps = circuit(), datasets(circuit())
    found = fit_latency(model, sweeps["charge_to_pulse"], sweeps["signed_charge_to_pulse"])
    clamp = 1.01 * T_MAX_S
    widest = model.word_line_driver.widths_s[-1]
    parts = [widest, 0.3e-9, OPENING_S["relu"], clamp, 1.1e-9, 0.3e-9, OPENING_S["signed"], clamp, 0.7 * T_MAX_S / 15.5]
    assert [phase.duration_s for phase in found.phases] == pytest.approx(parts)
    assert found.total_s == pytest.approx(sum(parts))
    assert [phase.duration_s for phase in found.overlapped] == [8e-9, 7e-9]


def test_its_waits_are_those_of_the_chain_that_is_proved() -> None:
    plan = Phases()
    sweeps = datasets(circuit())
    found = fit_latency(circuit(), sweeps["charge_to_pulse"], sweeps["signed_charge_to_pulse"])
    waits = {phase.name: phase.duration_s for phase in found.phases if phase.evidence == "planned"}
    assert waits["key tile settles"] == pytest.approx(plan.key_enable_s - plan.read_s - T_MAX_S)
    assert waits["replicas enabled"] == pytest.approx(plan.value_enable_s - plan.latch_s)


def test_a_converter_that_has_not_settled_has_no_latency() -> None:
    model, sweeps = circuit(), datasets(circuit())
    slow = Settling(
        condition=Condition(), waits_s=[1e-9, 2e-9], pulse_shift_s=[1e-9, 0.0], tolerance_s=1e-11, settled_s=2e-9
    )
    converter = model.charge_to_pulse.model_copy(update={"settling": slow})
    model = model.model_copy(update={"charge_to_pulse": converter})
    with pytest.raises(InputError, match="charge_to_pulse settles in 2e-09 s, and the plan waits 3e-10 s"):
        fit_latency(model, sweeps["charge_to_pulse"], sweeps["signed_charge_to_pulse"])

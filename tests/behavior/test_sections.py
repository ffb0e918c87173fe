"""Sections of characterized circuits: on disk, with their faults named, and at another condition."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from synthetic_circuit import ERROR, HERE, T_MAX_S, piecewise, synthetic

from gaincell_char.behavior import BehavioralModel, at_condition, diff, load_model, save_model, validate
from gaincell_char.behavior.quantities import quantities
from gaincell_char.behavior.schema import (
    ArrayModel,
    Burst,
    Condition,
    Energy,
    EnergyPart,
    Histogram,
    Latency,
    Phase,
    Settling,
    TileCurrent,
    TokenStatistics,
    WireCheck,
    Wires,
)
from gaincell_char.behavior.store import model_text, read_model
from gaincell_char.errors import InputError

WIRES = Wires(
    bl_resistance_ohm=2.0,
    bl_capacitance_F=3e-16,
    wl_resistance_ohm=2.0,
    wl_capacitance_F=4e-16,
    rail_resistance_ohm=1.0,
)

HISTOGRAM = Histogram(edges=[-1.0, 0.0, 1.0], shares=[0.25, 0.75])
STATISTICS = TokenStatistics(
    source="made up",
    queries=1,
    query_key=[[1 / 128] * 8] * 16,
    score=HISTOGRAM,
    value_pulse=[0.01] * 8,
    tile_sum=HISTOGRAM,
)


def complete() -> BehavioralModel:
    """Every section filled."""
    model = synthetic()
    current = piecewise([0.0, 0.9], [[0.0, 1.0]], "V", "A")
    return model.model_copy(
        update={
            "charge_to_pulse": model.charge_to_pulse.model_copy(
                update={
                    "settling": Settling(
                        condition=HERE,
                        waits_s=[0.0, 1e-9],
                        pulse_shift_s=[1e-11, 0.0],
                        tolerance_s=1e-12,
                        settled_s=1e-9,
                    ),
                    "burst": Burst(condition=HERE, cells_on=[8, 24], bl_V=[0.44, 0.4], pulse_shift_s=[0.0, 1e-10]),
                }
            ),
            "array": ArrayModel(
                rows=64,
                columns=64,
                wires=WIRES,
                current=TileCurrent(
                    condition=HERE,
                    hold_V=0.45,
                    powers=[(0, 0, 0), (1, 0, 0)],
                    sink_A=[current, current],
                    source_A=[current, current],
                    largest_bl_shift_V=0.1,
                    largest_rail_shift_V=0.05,
                    error=ERROR,
                ),
                checks=[
                    WireCheck(
                        pattern="all on",
                        quantity="direct",
                        wires=WIRES,
                        largest_drop_V=1e-3,
                        ideal=1e-2,
                        fast=1e-4,
                        exact=1e-7,
                    )
                ],
            ),
            "energy": Energy(
                condition=HERE,
                tiles=16,
                statistics=STATISTICS,
                parts=[
                    EnergyPart(
                        name="converters",
                        product="key",
                        per="column",
                        energy_J=5e-13,
                        largest_J=6e-13,
                        count=1024,
                        evidence="measured",
                        meaning="made up",
                    )
                ],
                idle_W=0.02,
                excluded=["routing"],
            ),
            "latency": Latency(
                condition=HERE,
                phases=[Phase(name="query", duration_s=T_MAX_S, evidence="measured", meaning="made up")] * 2,
            ),
        }
    )


def test_every_section_survives_the_disk(tmp_path: Path) -> None:
    model = complete()
    path = tmp_path / "model.json"
    save_model(model, path)
    assert load_model(path) == model
    assert model_text(load_model(path)) == path.read_text()
    assert model.latency is not None
    assert model.latency.total_s == pytest.approx(2 * T_MAX_S)


def test_models_without_the_sections_are_as_they_were() -> None:
    """A file written before the sections existed: schema version 1 without any of them."""
    document = json.loads(model_text(load_model("leroux2025")))
    for name in ("pulse_counter", "word_line_driver", "write_driver", "array", "energy", "latency"):
        assert document.pop(name) is None
    for converter in ("charge_to_pulse", "signed_charge_to_pulse"):
        document[converter] = {
            name: document[converter][name] for name in ("full_scale_units", "full_scale_C", "t_max_s")
        }
    for name in ("pulse_charges", "read_disturb", "mismatch"):
        document["cell"].pop(name)
    assert read_model(json.dumps(document), "old") == load_model("leroux2025")


def test_a_measured_converter_shows_in_the_difference() -> None:
    names = {change.name for change in diff(load_model("leroux2025"), synthetic()).fields}
    assert "charge_to_pulse.transfers.0.pulse_s.coefficients" in names


def test_quantities_of_characterized_circuits() -> None:
    bare, figures = quantities(load_model("leroux2025")), quantities(complete())
    assert set(bare) < set(figures)
    assert figures["charge_to_pulse_clamp_s"].value == pytest.approx(1.01 * T_MAX_S)
    assert figures["signed_charge_to_pulse_negative_offset_s"].unit == "s"
    assert figures["signed_charge_to_pulse_mismatch_gain"].value == 0.03
    assert figures["pulse_counter_phase_s"].value == pytest.approx(0.41 * T_MAX_S / 15.5)
    assert figures["key_energy_J"].value == pytest.approx(1024 * 5e-13)
    assert figures["latency_s"].value == pytest.approx(2 * T_MAX_S)
    assert not any("negative" in name and name.startswith("charge_to_pulse") for name in figures)


def _edit(change: Callable[[dict[str, Any]], None]) -> str:
    document = json.loads(model_text(complete()))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda d: d["charge_to_pulse"]["transfers"].append(d["charge_to_pulse"]["transfers"][0]),
         "charge_to_pulse: transfers has two entries at tt, 27 C, 0.9 V"),
        (lambda d: d["charge_to_pulse"]["transfers"][0].update(stimulus="guess"), "transfers.0.stimulus"),
        (lambda d: d["charge_to_pulse"]["transfers"][0]["positive"].update(inl_s=-1e-12), "positive.inl_s"),
        (lambda d: d["charge_to_pulse"]["burst"].update(bl_V=[0.4]), r"bl_V has shape \(1,\), expected cells_on"),
        (lambda d: d["charge_to_pulse"]["settling"].update(waits_s=[1e-9, 0.0]), "settling: waits_s must ascend"),
        (lambda d: d["signed_charge_to_pulse"]["mismatch"].update(gain_negative=None), "expected both"),
        (lambda d: d["pulse_counter"].update(bits=4), "largest_count is 16, and 4 bits hold 15"),
        (lambda d: d["pulse_counter"].update(figures=[]), "pulse_counter.figures"),
        (lambda d: d["word_line_driver"].update(widths_s=[0.0, 1e-9]), "word_line_driver.widths_s"),
        (lambda d: d["write_driver"].update(stored_V=[0.0]), "stored_V has shape"),
        (lambda d: d["array"]["current"].update(powers=[[1, 0, 0], [0, 0, 0]]), r"powers begins with \(1, 0, 0\)"),
        (lambda d: d["array"]["current"].update(sink_A=[]), "powers has 2 terms, sink_A 0"),
        (lambda d: d["cell"]["read_disturb"].update(shift_V=[[0.0]]), "shift_V has shape"),
        (lambda d: d["cell"]["read_disturb"].update(reads=[0, 1, 2]), "read_disturb.reads.0"),
        (lambda d: d["cell"].update(pulse_charges=[d["cell"]["pulse_charge"]]), "pulse_charges has two entries"),
        (lambda d: d["energy"].update(unit="J"), "energy.unit: unknown field"),
        (lambda d: d["latency"].update(phases=[]), "latency.phases"),
    ],
)  # fmt: skip
def test_faults_are_named(change: Callable[[dict[str, Any]], None], line: str) -> None:
    with pytest.raises(InputError, match=line) as caught:
        read_model(_edit(change), "model.json")
    assert "\n" not in str(caught.value)


def test_contradictions_are_named() -> None:
    model = complete()
    assert validate(model) == []
    relu, counter = model.charge_to_pulse, model.pulse_counter
    short = relu.transfers[0].model_copy(update={"pulse_s": piecewise([0.0, 1e-8], [[0.0, 1.0]])})
    signed = model.signed_charge_to_pulse.transfers[0].model_copy(update={"negative": None})
    cases = {
        "charge_to_pulse.transfers.0.pulse_s": {"charge_to_pulse": relu.model_copy(update={"transfers": [short]})},
        "charge_to_pulse.transfers: measured over": {"charge_to_pulse": relu.model_copy(update={"full_scale_C": None})},
        "signed_charge_to_pulse.transfers.0.negative": {
            "signed_charge_to_pulse": model.signed_charge_to_pulse.model_copy(update={"transfers": [signed]})
        },
        "pulse_counter.clock_period_s": {"pulse_counter": counter.model_copy(update={"clock_period_s": 1e-9})},
        "write_driver.stored_V: 4 levels": {
            "write_driver": model.write_driver.model_copy(update={"stored_V": [0.0, 0.3, 0.6, 0.9]})
        },
        "word_line_driver.widths_s": {
            "word_line_driver": model.word_line_driver.model_copy(update={"widths_s": [1e-10 * n for n in range(16)]})
        },
    }
    for start, update in cases.items():
        faults = validate(model.model_copy(update=update))
        assert any(fault.startswith(start) for fault in faults), (start, faults)


def _hot(model: BehavioralModel, everything: bool) -> BehavioralModel:
    """`model` with its cell's pulses, and with `everything` its circuits, measured at 85 C as well."""
    condition = Condition(temperature_C=85.0)
    charge = model.cell.pulse_charge
    current = charge.read_current.model_copy(update={"coefficients": [0.6, 12.0, -2.0, 40.0]})
    hot = charge.model_copy(update={"condition": condition, "read_current": current})
    model = model.model_copy(update={"cell": model.cell.model_copy(update={"pulse_charges": [hot]})})
    if not everything:
        return model
    update: dict[str, Any] = {}
    for name in ("charge_to_pulse", "signed_charge_to_pulse"):
        converter = getattr(model, name)
        moved = converter.transfers[0].model_copy(update={"condition": condition, "dead_zone_C": 1e-15})
        update[name] = converter.model_copy(update={"transfers": [*converter.transfers, moved]})
    figures = model.pulse_counter.figures
    late = figures[0].model_copy(update={"condition": condition, "phase_s": 0.5e-9})
    update["pulse_counter"] = model.pulse_counter.model_copy(update={"figures": [*figures, late]})
    return model.model_copy(update=update)


def test_another_condition(tmp_path: Path) -> None:
    model, condition = _hot(complete(), everything=True), Condition(temperature_C=85.0)
    hot = at_condition(model, condition)
    assert hot.cell.current.coefficients == [0.6, 12.0, -2.0, 40.0]
    assert hot.charge_to_pulse.transfer(hot.condition).dead_zone_C == 1e-15
    assert hot.pulse_counter.at(hot.condition).phase_s == 0.5e-9
    assert hot.charge_to_pulse.full_scale_C == model.charge_to_pulse.full_scale_C
    save_model(hot, tmp_path / "hot.json")
    assert at_condition(load_model(tmp_path / "hot.json"), model.condition) == model
    assert at_condition(model, model.condition) is model


def test_a_condition_that_was_not_measured() -> None:
    with pytest.raises(
        InputError, match=r"cell\.pulse_charges: not measured at ss, 27 C, 0\.9 V; measured at tt, 27 C"
    ):
        at_condition(complete(), Condition(corner="ss"))
    with pytest.raises(InputError, match=r"charge_to_pulse\.transfers: not measured at tt, 85 C"):
        at_condition(_hot(complete(), everything=False), Condition(temperature_C=85.0))

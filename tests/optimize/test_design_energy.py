"""What a token costs with another cell: the nominal account for the nominal cell, sums written out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaincell_char.behavior import load_model
from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.cost.geometry import Geometry
from gaincell_char.cost.lines import measured_lines
from gaincell_char.errors import EnvironmentFault, GaincellError
from gaincell_char.fit.energy import RELU
from gaincell_char.optimize import characterize
from gaincell_char.optimize.characterize import Characterized
from gaincell_char.optimize.energy import driven, gain_of, key_cell_J, rescaled, token_lines, value_cell_J
from gaincell_char.optimize.features import NAMES, features
from gaincell_char.optimize.space import Space
from gaincell_char.pipeline.artifacts import ArtifactFolder
from gaincell_char.pipeline.stages import run_stages

NOMINAL = load_model("cmos28")
FACTOR = 0.8


def with_current(coefficients: list[float]) -> BehavioralModel:
    """The nominal model with a current of these powers of V - 0.45 (A)."""
    current = Polynomial(center=0.45, coefficients=coefficients, domain=(0.0, 0.9), x_unit="V", y_unit="A")
    return NOMINAL.model_copy(update={"cell": NOMINAL.cell.model_copy(update={"current": current})})


def weaker() -> Characterized:
    """A cell with `FACTOR` of the nominal current, and a rail of its own."""
    model = with_current([FACTOR * each for each in NOMINAL.cell.current.coefficients])
    return Characterized(model, np.linspace(1e-6, 0, 8), np.full(8, 2e-17))


def test_a_weaker_cell_on_frozen_and_on_scaled_converters() -> None:
    before = {line.name: line.energy_J for line in measured_lines(NOMINAL, Geometry())}
    frozen, scaled = (
        {line.name: line.energy_J for line in token_lines(weaker(), NOMINAL, each)} for each in (False, True)
    )
    assert gain_of(weaker().model, NOMINAL) == pytest.approx(FACTOR)
    for name in (RELU, "signed converters", "references, value", "control lines, key"):
        assert scaled[name] == pytest.approx(FACTOR * before[name])
    assert frozen["references, value"] == before["references, value"]
    assert frozen["word lines, key"] == scaled["word lines, key"] == before["word lines, key"]
    assert frozen["counters"] < before["counters"] == pytest.approx(scaled["counters"])
    assert frozen["cells, value"] < scaled["cells, value"]  # fewer and shorter ReLU pulses
    evidence = {line.name: line.evidence for line in token_lines(weaker(), NOMINAL, True)}
    assert evidence[RELU] == "calculated"


def test_the_sums_over_levels_written_out() -> None:
    found, statistics = weaker(), NOMINAL.energy.statistics
    widths = np.array(NOMINAL.word_line_driver.widths_s)
    key = sum(
        statistics.query_key[q][k] * (found.slope_W[k] * widths[q] + (found.fixed_J[k] if q > 0 else 0.0))
        for q in range(16)
        for k in range(8)
    )
    assert key_cell_J(found, widths, statistics) == pytest.approx(key)
    edges, shares = np.array(statistics.score.edges), np.array(statistics.score.shares)
    value = (
        sum(15e-9 * statistics.value_pulse[k] * found.slope_W[k] for k in range(8))
        + shares[edges[:-1] >= 0].sum() * 2e-17
    )
    assert value_cell_J(found, 15e-9, statistics) == pytest.approx(value)


def test_frozen_converters_see_the_gain_once_and_twice() -> None:
    before = NOMINAL.energy.statistics
    after = driven(before, FACTOR)
    assert np.array(after.score.edges) == pytest.approx(FACTOR * np.array(before.score.edges))
    assert np.array(after.tile_sum.edges) == pytest.approx(FACTOR**2 * np.array(before.tile_sum.edges))
    assert after.query_key == before.query_key


def test_rescaled_converters_take_the_gain_away() -> None:
    model = rescaled(weaker().model)
    assert model.cell.unit_current_A == pytest.approx(FACTOR * NOMINAL.cell.unit_current_A, rel=1e-3)
    assert model.charge_to_pulse.full_scale_C == pytest.approx(80 * model.cell.unit_current_A * 15e-9)


def test_features_of_known_currents() -> None:
    straight = features(with_current([0.0, 1e-6]), NOMINAL)
    assert [straight[name] for name in ("zero_V", "bend_one_side", "bend_both_sides")] == pytest.approx(
        [0, 0, 0], abs=1e-12
    )
    assert features(with_current([-2e-8, 1e-6]), NOMINAL)["zero_V"] == pytest.approx(0.02)
    half = 0.45
    bent = features(with_current([0.0, 1e-6, 3e-7, 5e-7]), NOMINAL)
    first = half + 0.5 * half**3 * 3 / 5  # x^3 = 2/5 P3 + 3/5 P1
    assert bent["bend_one_side"] == pytest.approx(0.3 * half**2 * 2 / 3 / first)
    assert bent["bend_both_sides"] == pytest.approx(0.5 * half**3 * 2 / 5 / first)
    assert features(weaker().model, NOMINAL)["log_gain"] == pytest.approx(np.log(FACTOR))
    assert set(straight) == set(NAMES)


@pytest.mark.ngspice
def test_the_default_cell_simulated_again_has_the_nominal_account(tmp_path: Path) -> None:
    stage = characterize.stage("design", Space().default(), NOMINAL, tmp_path, 1)
    product = run_stages([stage], ArtifactFolder(tmp_path / "artifacts"), workers=1)["design"].artifact.content
    found = characterize.read(product)
    assert isinstance(found, Characterized)
    assert gain_of(found.model, NOMINAL) == pytest.approx(1, abs=1e-3)
    for line, nominal in zip(token_lines(found, NOMINAL, False), measured_lines(NOMINAL, Geometry()), strict=True):
        assert (line.name, line.energy_J) == (nominal.name, pytest.approx(nominal.energy_J, rel=1e-3, abs=1e-18))


@pytest.mark.ngspice
def test_a_design_without_a_cell_is_a_result_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = characterize.stage("design", Space().default(), NOMINAL, tmp_path, 1)

    def fails(error: GaincellError) -> None:
        def dataset(self: object, sweep: str) -> None:
            raise error

        monkeypatch.setattr(characterize._Simulate, "_dataset", dataset)

    fails(GaincellError("the cell's current does not cross zero"))
    assert characterize.read(stage.work({}, {})) == "the cell's current does not cross zero"
    fails(EnvironmentFault("no ngspice"))  # not the design's fault: it must not be kept as its result
    with pytest.raises(EnvironmentFault):
        stage.work({}, {})

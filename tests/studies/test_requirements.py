"""Limits of a loss budget, and error bars, from measurements that are given."""

import dataclasses
import json

import numpy as np
import pytest

from gaincell_char.evaluation.model_error import fit_bounds
from gaincell_char.report.svg import styled
from gaincell_char.studies import error_bars, requirements
from gaincell_char.studies.deviations import NOMINAL, bundled_circuit
from gaincell_char.studies.inquiry import Asking
from gaincell_char.studies.parameters import parameter
from gaincell_char.studies.requirements import Requirement
from gaincell_char.studies.stored import Reading
from gaincell_char.studies.study import QUICK, REFERENCE, Measured

TEXTS = (3.0, 2.0, 2.5)
ASKED = (
    Requirement("supply rail resistance", "supply rail resistance", 5.0, 2.0),
    Requirement("retention", "retention time constant", 5e-3, 0.5),
    Requirement("signed offset mismatch", "signed offset mismatch", 2e-10, 2.0, (0, 1)),
)


def measurement(read):
    return Measured((), 2.4, len(TEXTS), (), {"key": read[NOMINAL]}, read, 0, {"weights": "w"}, 0.0)


def reading(costs):
    sums = tuple(1000.0 * (text + cost) for text, cost in zip(TEXTS, costs, strict=True))
    return Reading(sums, 1000, {}, None, 1.0)


class Bench:
    """Costs that are known: linear in the rail's resistance and in the spread, inverse in the time constant."""

    def __init__(self):
        self.calls = []

    def __call__(self, study, variants, asking, sizes):
        self.calls.append((len(variants), sizes))
        read = {}
        for variant in variants:
            model, chip = variant.model, 0.01 * variant.seed
            rail = (parameter("supply rail resistance").nominal(model) - 0.5) / 30.0
            tau_s = parameter("retention time constant").nominal(model)
            leak = 0.0 if tau_s > 0.1 else 1e-3 / tau_s
            spread = (1 + variant.seed) * (parameter("signed offset mismatch").nominal(model) / 7.26e-11 - 1) / 15
            cost = 0.05 * (rail + leak + spread)
            # the middle text minds twice as much, so that intervals have a width
            read[variant.name] = reading([chip + cost * share for share in (1.0, 1.5, 0.5)])
        return measurement(read)


@pytest.fixture
def undrawn(monkeypatch):
    """Draws whose models nobody evaluates."""
    monkeypatch.setattr(error_bars, "with_fit_errors", lambda model, seed: model)


@pytest.fixture
def answer(monkeypatch, tmp_path):
    bench = Bench()
    monkeypatch.setattr(requirements, "measure", bench)
    asking = Asking(tmp_path, 1, options={"budget": 0.05})
    return requirements.ask(asking, ASKED), bench


def test_each_limit_holds_the_budget_and_ten_percent_past_it_does_not(answer):
    found, _ = answer
    rows = {row["name"]: row for row in found.result["rows"]}
    assert rows["supply rail resistance"]["limit"] == pytest.approx(30.5, rel=0.05)
    assert rows["retention"]["limit"] == pytest.approx(1e-3, rel=0.05)
    assert rows["retention"]["past"] == pytest.approx(rows["retention"]["limit"] / 1.1)
    assert rows["signed offset mismatch"]["limit"] == pytest.approx(11 * 7.26e-11, rel=0.05)  # mean of 1 and 2 is 1.5
    for row in rows.values():
        assert row["holds"]
        assert row["breaks"]
        assert row["added"] <= 0.05 < row["past_added"]
        assert row["growth"] == pytest.approx(row["past_added"] - row["added"])
        low, high = row["added_interval"]
        assert low < row["added"] < high
    assert "10 % past it does not" in found.sentence
    assert json.dumps(found.result)
    with styled():
        assert "retention" in found.figure()


def test_coarse_questions_are_asked_of_less_text_and_all_of_a_round_together(answer):
    found, bench = answer
    sizes = [size for _, size in bench.calls]
    assert sizes[0] == QUICK
    assert sizes[-1] != QUICK
    assert sizes.index(sizes[-1]) > 3
    assert bench.calls[0][0] == 2 + len(ASKED) + 1  # two chips as they are, a value each, one of them on both chips
    asked = [value for value, _ in found.result["rows"][0]["asked"]]
    assert asked == sorted(set(asked))
    assert 3 <= len(asked) < 12


def test_a_budget_that_nothing_breaks_has_no_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(requirements, "measure", lambda study, variants, asking, sizes: measurement(
        {variant.name: reading([0.0] * 3) for variant in variants}))  # fmt: skip
    found = requirements.ask(Asking(tmp_path, 1, quick=True), ASKED[:1])
    assert found.result["rows"][0]["limit"] is None
    assert "nothing within reach breaks it for supply rail resistance" in found.sentence
    assert found.rows[0][2] == "none to 41 kohm"
    assert found.result["rows"][0]["reached"] == pytest.approx(5.0 * 2**13)
    bounded = dataclasses.replace(ASKED[0], furthest=25.0)
    found = requirements.ask(Asking(tmp_path, 1), [bounded])
    assert found.result["rows"][0]["reached"] == 20.0


def test_every_requirement_is_of_a_parameter_and_starts_at_a_model():
    model = bundled_circuit()
    names = [each.name for each in requirements.REQUIREMENTS]
    assert len(set(names)) == len(names)
    for each in requirements.REQUIREMENTS:
        assert parameter(each.parameter).at(model, each.start) != model


def test_a_limit_of_wires_beyond_the_measured_law_comes_with_a_caution():
    model = bundled_circuit()
    said = requirements.caution(model, "bit line resistance", 100.0)
    strongest_A = np.abs(model.cell.current(np.array([0.0, 0.9]))).max()
    assert f"{1e3 * 100 * strongest_A * 64 * 65 / 2:.0f} mV, and the law was measured to 60 mV" in said
    assert requirements.caution(model, "bit line resistance", 1.5) == ""
    assert requirements.caution(model, "ReLU offset", 100.0) == ""


def drawn(spread, checks_spread, seed):
    """A measurement in which draws scatter by `spread` and those that check by `checks_spread`, about 2.7 nats."""
    random = np.random.default_rng(seed)
    read = {
        NOMINAL: reading([0.2] * 3),
        f"{NOMINAL}, circuit": reading([0.25] * 3),
        REFERENCE: reading([0.1, 0.0, 0.2]),
    }
    for variant in error_bars.variants():
        if "draw" in variant.name:
            few = int(variant.name.rpartition(" ")[2]) < error_bars.FIRST_CHECK
            read[variant.name] = reading([0.2 + random.normal(0, spread if few else checks_spread)] * 3)
    return measurement(read)


def test_error_bars_say_how_many_draws_are_inside_and_how_wide_they_are(undrawn, monkeypatch, tmp_path):
    monkeypatch.setattr(error_bars, "measure", lambda *ignored: drawn(0.01, 0.01, 3))
    answer = error_bars.ask(Asking(tmp_path, 1))
    for row in answer.result["rows"]:
        assert row["inside"] >= 45
        assert 3 < row["width_over_spread"] < 7
        assert row["fit_interval"][1] - row["fit_interval"][0] == pytest.approx(5.3 * 0.01, rel=0.4)
        assert row["spread"] == pytest.approx(0.01, rel=0.3)
        assert row["loss_interval"][0] < row["loss"] < row["loss_interval"][1]
    assert answer.result["rows"][0]["added"] == pytest.approx(0.1)
    assert set(answer.result["numbers"]["bounds"]) == set(fit_bounds(bundled_circuit()))
    assert "50 other draws" in answer.sentence
    assert json.dumps(answer.result)
    with styled():
        assert "circuit fidelity" in answer.figure()


def test_error_bars_that_are_too_narrow_are_found_out(undrawn, monkeypatch, tmp_path):
    monkeypatch.setattr(error_bars, "measure", lambda *ignored: drawn(0.001, 0.01, 3))
    answer = error_bars.ask(Asking(tmp_path, 1))
    assert all(row["inside"] < 25 for row in answer.result["rows"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["leakage", "--budget", "0.1"], "--budget: study leakage has no such option"),
        (["all", "--budget", "0.1"], "--budget: the studies are asked with their defaults"),
        (["requirements", "--budget", "0"], "0.0 is not in the range x>0"),
        (["requirements", "--budget", "little"], "'little' is not a valid float"),
    ],
)
def test_a_budget_that_is_none_or_not_asked_for(arguments, said):
    from click.testing import CliRunner

    from gaincell_char.cli.study import command

    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2
    assert said in done.output

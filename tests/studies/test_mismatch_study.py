"""Virtual chips: what varies, that a seed is a chip, and what is concluded of their losses."""

import numpy as np
import pytest

from gaincell_char.behavior import load_model
from gaincell_char.behavior.store import model_text, read_model
from gaincell_char.pipeline.network import Sizes
from gaincell_char.studies import mismatch, study
from gaincell_char.studies.inquiry import Asking


def test_deviations_are_scaled_and_nothing_else():
    model = load_model("cmos28")
    spread = mismatch.scaled(model, 2, 3)
    volts = np.linspace(0, 0.9, 5)
    was, now = (each.cell.mismatch.current_sigma_A(volts) for each in (model, spread))
    np.testing.assert_allclose(now, 2 * was)
    for name in ("charge_to_pulse", "signed_charge_to_pulse"):
        before, after = getattr(model, name).mismatch, getattr(spread, name).mismatch
        assert after.offset_s == pytest.approx(3 * before.offset_s)
        assert after.gain == pytest.approx(3 * before.gain)
    assert spread.signed_charge_to_pulse.mismatch.gain_negative == pytest.approx(
        3 * model.signed_charge_to_pulse.mismatch.gain_negative
    )
    assert spread.charge_to_pulse.mismatch.offset_negative_s is None
    assert spread.cell.current == model.cell.current
    assert read_model(model_text(spread), "chip").name == "cmos28-mismatch-2-3"


def test_every_chip_has_a_seed_of_its_own_and_the_same_scalers():
    chips = [v for v in mismatch.variants() if v.labels["group"] == mismatch.AS_MEASURED]
    assert len(chips) == 200
    assert [chip.seed for chip in chips] == list(range(200))
    assert {chip.adaptation_stage for chip in chips} == {"adapt.cmos28-offset-aware"}
    assert {chip.effects for chip in chips} == {("mismatch",)}
    assert len({v.stage for v in mismatch.variants()}) == len(mismatch.variants())
    assert len(mismatch.variants(quick=True)) < len(mismatch.variants()) / 3


def test_yield_is_the_share_within_the_limit():
    added = [0.0, 0.004, 0.008, 0.012, 0.06]
    found = mismatch.statistics(added)
    assert [found["yield"][limit]["share"] for limit in ("0.005", "0.01", "0.02", "0.05")] == [0.4, 0.6, 0.8, 0.8]
    low, high = found["yield"]["0.01"]["interval"]
    assert low == pytest.approx(0.2307, abs=1e-4)  # Wilson (1927), 3 of 5
    assert high == pytest.approx(0.8824, abs=1e-4)
    assert found["worst"] == 0.06
    assert found["deviation"] == pytest.approx(np.std(added, ddof=1))


def test_the_answer_names_the_limit_and_the_scaled_groups():
    groups = {name: [0.001, 0.003] for name in mismatch.GROUPS} | {"four times": [0.5, 0.6]}
    sentence = mismatch.conclude(groups, 1.25)
    assert "Of 2 chips 100.0 %" in sentence
    assert "no more than 0.02 nats" in sentence
    assert "0 % four times" in sentence
    assert mismatch.figure(groups).startswith("<svg")


def test_chips_are_drawn_from_their_seeds(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "QUICK", Sizes(sequences=2, length=96, recall_programs=1, iterations=2))
    monkeypatch.setattr(mismatch, "GROUPS", {mismatch.AS_MEASURED: (1, 1), "twice": (2, 2)})
    monkeypatch.setattr(mismatch, "CHIPS", 8)
    monkeypatch.setattr(mismatch, "OTHERS", 8)
    first, again = (mismatch.ask(Asking(tmp_path / name, 1, quick=True)) for name in ("a", "b"))
    losses = [row["loss"] for row in first.result["rows"]]
    assert losses == [row["loss"] for row in again.result["rows"]]
    assert len(set(losses)) == 5
    assert first.result["numbers"]["cpu_s_per_chip"] > 0
    assert [row[1] for row in first.rows] == ["2", "2"]

"""Model and front on designs whose energy and loss are known."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_designs import Bench, added, cell, energy_J, sample

from gaincell_char.cli.main import main
from gaincell_char.errors import GaincellError
from gaincell_char.optimize import search
from gaincell_char.optimize.front import dominated, front
from gaincell_char.optimize.space import Space
from gaincell_char.optimize.surrogate import Smooth, Surrogate

POINTS = Space().sample(40, seed=1)
SURROGATE = Surrogate([sample(point) for point in POINTS])


def test_a_spline_left_out_is_a_spline_fitted_without() -> None:
    x = POINTS[:15]
    smooth = Smooth(x, np.sin(x.sum(axis=1)), 1e-3)
    again = Smooth(np.delete(x, 4, axis=0), np.delete(smooth.y, 4), 1e-3)
    assert smooth.left_out()[4] == pytest.approx(float(again(x[4:5])[0]) - smooth.y[4])


def test_a_plane_is_exact_and_what_does_not_move_is_left_alone() -> None:
    x = np.column_stack([POINTS[:12, :2], np.full(12, 0.3)])
    smooth = Smooth.fit(x, 2 + 3 * x[:, 0] - x[:, 1])
    assert smooth(np.array([[0.2, 0.9, 0.3]]))[0] == pytest.approx(2 + 0.6 - 0.9, abs=1e-6)


def test_the_model_is_as_good_as_it_says() -> None:
    stated = SURROGATE.stated_error(budget=0.05)
    fresh = Space().sample(60, seed=2)
    fresh = fresh[(SURROGATE.outside(fresh) == 0) & (np.array([added(point) for point in fresh]) < 0.1)]
    off = np.abs(SURROGATE.added(fresh) - [added(point) for point in fresh])
    relative = np.abs(SURROGATE.energy_J(fresh) / [energy_J(point) for point in fresh] - 1)
    assert len(fresh) > 15
    assert (off <= 1.5 * stated.added).mean() > 0.9
    assert (relative <= 1.5 * stated.energy).mean() > 0.9
    assert stated.energy_rms <= stated.energy < 0.01
    assert stated.added_rms <= stated.added < 0.03


def test_beyond_its_data_it_says_so() -> None:
    inner = Surrogate([sample(0.3 + 0.4 * point) for point in POINTS])
    assert inner.outside(np.full((1, 6), 0.5))[0] == 0
    assert inner.outside(np.array([[1.0, 0.5, 0.5, 0.5, 0.5, 0.5]]))[0] > 0.3


def test_too_few_losses_are_refused() -> None:
    few = [sample(point, evaluated=number < 9) for number, point in enumerate(POINTS)]
    with pytest.raises(GaincellError, match="9 of 40 designs have a cell"):
        Surrogate(few)


def test_the_front_is_the_known_one() -> None:
    points = front(SURROGATE, 6, budget=0.03, count=6, seed=0)
    energy, loss = (np.array([each(point) for point in points]) for each in (energy_J, added))
    assert len(points) == 6
    assert np.all(np.diff(energy) < 0)  # from the least loss to the least energy
    assert loss[-1] == pytest.approx(0.03, abs=5e-3)
    for point, spent, lost in list(zip(points, energy, loss, strict=True))[2:]:
        assert SURROGATE.outside(point[None])[0] <= 1e-9
        # a straight cell of the strength that loses as much is the cheapest there is
        strength = 0.2 - np.sqrt(lost / 0.4)
        assert spent == pytest.approx(energy_J(np.array([strength / 0.4 + 0.5, 0.7, 0, 0, 0, 0])), rel=0.02)
        assert abs(cell(point)[2]) < 0.05


def test_a_budget_that_nothing_keeps_is_told() -> None:
    worse = Surrogate([
        type(each)(each.point, each.energy_J, each.features, (each.added or 0) + 1) for each in SURROGATE.samples
    ])  # fmt: skip
    with pytest.raises(
        GaincellError, match=r"no design within the bounds is expected to lose less than (0\.9|1\.0).*--budget"
    ):
        front(worse, 6, budget=0.03, count=3, seed=0)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12))
def test_dominated_is_what_it_is_called(pairs: list[tuple[int, int]]) -> None:
    energy, loss = (np.array(each, float) for each in zip(*pairs, strict=True))
    for found, (a, b) in zip(dominated(energy, loss), pairs, strict=True):
        assert found == any((c, d) != (a, b) and c <= a and d <= b for c, d in pairs)


def test_the_command_simulates_its_front_and_tells_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "_Bench", Bench)
    arguments = [
        "optimize",
        "--budget",
        "0.1",
        "--points",
        "4",
        "--samples",
        "36",
        "--rounds",
        "2",
        "-o",
        str(tmp_path),
        "--json",
    ]
    monkeypatch.setattr(sys, "argv", ["gaincell", *arguments])
    main()
    shown = json.loads(capsys.readouterr().out)
    assert shown == json.loads((tmp_path / "optimize.json").read_text())
    assert (tmp_path / "optimize.svg").read_text().startswith("<svg")
    assert [row["reason"] for row in shown["excluded"]] == ["the cell's current does not cross zero"]
    assert len(shown["front"]) == 4
    for row in shown["front"]:
        if row["added"] is None:
            assert not row["confirmed"]
            continue
        off = row["deviation"]
        within = (abs(off["energy_relative"]) <= shown["model"]["energy_error_relative"]
                  and abs(off["added"]) <= shown["model"]["loss_error_nats"])  # fmt: skip
        assert row["confirmed"] == within
        assert off["added"] == pytest.approx(row["added"] - row["predicted"]["added"])
    assert len(shown["rounds"]) == 2  # the bench's fourth design never has a cell, so no front is confirmed whole
    best = shown["best"]
    assert best is not None
    assert best["loss_over_default"] <= 0
    assert f"{100 * best['saved']:.1f} % less than the default cell" in shown["sentence"]
    default = shown["default"]
    cheaper = [
        r for r in shown["front"] if r["confirmed"] and r["energy_J"] < default["energy_J"] and r["over_default"] <= 0
    ]
    assert best["energy_J"] == min(row["energy_J"] for row in cheaper)


def test_the_table_fits_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "_Bench", Bench)
    monkeypatch.setenv("COLUMNS", "80")
    arguments = ["optimize", "--points", "3", "--rounds", "1", "--samples", "20", "-o", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["gaincell", *arguments])
    main()
    shown = capsys.readouterr().out
    table = shown.split("designs of the sample")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "…" not in shown
    assert "1 designs of the sample left out; the first: the cell's current does not cross zero" in shown

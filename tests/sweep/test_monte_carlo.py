"""Zips, drawn axes, filters and Monte Carlo samples as parts of a plan, and the samples of a real cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rc_bench
from conftest import Command, make_spec

from gaincell_char.circuits.testbench import testbench
from gaincell_char.errors import InputError
from gaincell_char.sweep.overrides import override, parse_overrides
from gaincell_char.sweep.plan import plan
from gaincell_char.sweep.run import run_sweep
from gaincell_char.sweep.spec import Spec, load_spec

BARE = "name: x\ntestbench: rc.step\n"
CELL = """
name: mc
testbench: gain_cell.iv
axes: {v_store_V: [0.3, 0.38, 0.46, 0.54], v_bl_V: [0.45]}
monte_carlo: {samples: 3, seed: 5}
"""


def rows(text: str, *names: str) -> list[tuple[object, ...]]:
    settings = plan(make_spec(BARE + text), rc_bench.BENCH).settings
    values = [{**s.parameters, **{name: points[0] for name, points in s.axes.items()}} for s in settings]
    return [tuple(each[name] for name in names) for each in values]


def test_columns_of_a_zip_move_together() -> None:
    found = rows("zip: {size: {rc.r: {start: 1, stop: 3, num: 3}, rc.c: [1n, 1n, 2n]}, pair: {v_step_V: [1, 2]}}",
                 "rc.r", "rc.c", "v_step_V")  # fmt: skip
    assert found == [(r, c, v) for r, c in ((1.0, 1e-9), (2.0, 1e-9), (3.0, 2e-9)) for v in (1.0, 2.0)]


def test_drawn_points_move_together() -> None:
    spec = make_spec(BARE + "draws: {d: {method: sobol, count: 4, of: {rc.r: {low: 1k, high: 2k}, "
                            "v_step_V: {mean: 1, sigma: 0.1}}}}\ncorners: [tt, ss]")  # fmt: skip
    layout = plan(spec, rc_bench.BENCH)
    points = [(s.parameters["rc.r"], s.axes["v_step_V"][0]) for s in layout.settings]
    assert len(points) == 8
    assert points[:4] == points[4:] == [tuple(row.values()) for row in spec.draws["d"].rows()]
    assert layout.varied == ("rc.r", "time_s", "v_step_V", "v_start_V")


def test_filters_keep_what_they_say() -> None:
    axes = "axes: {rc.r: [1k, 2k, 3k], v_step_V: [1, 2]}\ncorners: [tt, ss]\n"
    found = rows(axes + "filters: [rc.r < v_step_V * 1.5k, \"corner == 'tt' or v_step_V > 1\"]", "rc.r", "v_step_V")
    assert found == [(1e3, 1.0), (1e3, 2.0), (2e3, 2.0), (1e3, 2.0), (2e3, 2.0)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("zip: {p: {rc.r: [1, 2], rc.c: [1n]}}", "zip: p: rc.r has 2, rc.c has 1; columns that move together"),
        ("zip: {p: {rc.r: [1, 1], rc.c: [1n, 1n]}}", "zip.p: the same values of rc.r, rc.c come twice"),
        ("zip: {p: {rc.rr: [1, 2]}}", "x: zip.p: unknown axis 'rc.rr'; did you mean rc.r"),
        ("zip: {p: {time_s: [1, 2]}}", "x: zip.p: the points of time_s share a deck, so it moves alone"),
        ("zip: {p: {rc.r: [1, 2]}}\naxes: {rc.r: [1]}", "rc.r is set in axes and in zip.p; keep one"),
        ("filters: [rc.r < rc.q]", r"x: filters\[0\]: unknown name 'rc.q'"),
        ("filters: [time_s < 1]", r"x: filters\[0\]: unknown name 'time_s'"),
        ("filters: [rc.r < 0]", "x: filters: no combination is left; loosen rc.r < 0"),
        ("filters: [rc.r * 2]", r"filters\[0\]: 'rc.r \* 2' is a number; a filter compares"),
        ("filters: [rc.r <]", r"filters\[0\]: 'rc.r <' is not an expression"),
        ("monte_carlo: {samples: 3}", "x: monte_carlo: rc.step does not say which devices vary"),
        ("draws: {d: {method: random, count: 1000001, of: {rc.r: {low: 1, high: 2}}}}", "more than 1000000"),
    ],
)  # fmt: skip
def test_what_a_plan_refuses(text: str, line: str) -> None:
    with pytest.raises(InputError, match=line) as caught:
        plan(make_spec(BARE + text), rc_bench.BENCH)
    assert "\n" not in str(caught.value)


def cell(**changes: object) -> Spec:
    return make_spec(CELL, **changes)


def test_samples_are_the_fastest_and_named() -> None:
    layout = plan(cell(corners=["tt", "ss"]), testbench("gain_cell.iv"))
    assert [(s.corner, s.sample, s.seed) for s in layout.settings] == [
        (c, n, 5) for c in ("tt", "ss") for n in range(3)
    ]


@pytest.mark.ngspice
def test_the_same_seed_gives_the_same_dataset_at_one_and_two_workers(tmp_path: Path) -> None:
    one = run_sweep(cell(), store=tmp_path / "1.sqlite", workers=1)
    two = run_sweep(cell(), store=tmp_path / "2.sqlite", workers=2)
    assert one.to_bytes() == two.to_bytes()
    assert one.frame[["sample", "seed"]].drop_duplicates().to_numpy().tolist() == [[n, 5] for n in range(3)]
    assert one.frame.groupby("sample")["current_A"].first().nunique() == 3


@pytest.mark.ngspice
def test_one_sample_is_replayed_alone(tmp_path: Path) -> None:
    many = run_sweep(cell(), store=tmp_path / "1.sqlite", workers=1).frame
    replayed = override(cell(), parse_overrides(monte_carlo={"samples": 1, "first": 2}))
    alone = run_sweep(replayed, store=tmp_path / "2.sqlite", workers=1).frame
    wanted = many[many["sample"] == 2].reset_index(drop=True)
    assert wanted.equals(alone)


@pytest.mark.ngspice
def test_the_command_line_draws_and_replays(gaincell: Command, tmp_path: Path) -> None:
    common = ["gain_cell_iv", "--corner", "tt", "--axis", "v_store_V=0.4,0.5", "--axis", "v_bl_V=0.45",
              "--store", tmp_path / "s.sqlite"]  # fmt: skip
    status, out, err = gaincell("sweep", "run", *common, "--monte-carlo", 2, "--seed", 9, "--dry-run")
    assert (status, err) == (0, "")
    assert "4 points in 2 decks" in out
    gaincell("sweep", "run", *common, "--monte-carlo", 2, "--seed", 9, "-j", 1)
    status, out, _ = gaincell("sweep", "status", *common, "--sample", 1, "--seed", 9)
    assert "2 points in 1 decks: 1 stored" in out
    status, _, err = gaincell("sweep", "run", *common, "--monte-carlo", 2, "--sample", 1)
    assert status == 2
    assert "give one of them" in err


@pytest.mark.ngspice
@pytest.mark.full
def test_sigma_falls_with_the_root_of_the_area(tmp_path: Path) -> None:
    """Zero crossing and slope of the cell over a 16x area of its read and select devices; other samples at every area,
    so the exponent carries the noise of 300 draws."""
    scales = np.array([1.0, 2.0, 4.0])
    sigmas = []
    for number, scale in enumerate(scales):
        sizes = {"wn": 80e-9, "lrn": 2e-6, "wp": 80e-9, "lrp": 0.55e-6, "wsn": 1e-7, "wsp": 1e-7, "lsel": 30e-9}
        spec = cell(
            parameters={f"gain_cell.{name}": value * scale for name, value in sizes.items()},
            monte_carlo={"samples": 300, "seed": number},
        )
        frame = run_sweep(spec, store=tmp_path / "s.sqlite").good
        current = frame["current_A"].to_numpy().reshape(300, 4)
        v = np.array([0.3, 0.38, 0.46, 0.54])
        zero = [np.interp(0, row, v) for row in current]
        slope = np.polyfit(v, current.T, 1)[0]
        sigmas.append((np.std(zero), np.std(slope) / np.mean(slope)))
    exponents = np.polyfit(np.log(scales**2), np.log(sigmas), 1)[0]
    np.testing.assert_allclose(exponents, -0.5, atol=0.05)


def test_a_relative_value_is_of_the_spec_or_of_the_default() -> None:
    spec = load_spec("gain_cell_iv")
    assert override(spec, parse_overrides(["gain_cell.wn=+10%"])).parameters == {"gain_cell.wn": 80e-9 * 1.1}
    wide = spec.model_copy(update={"parameters": {"gain_cell.wn": 1e-7}})
    assert override(wide, parse_overrides(["gain_cell.wn=-25%"])).parameters == {"gain_cell.wn": 1e-7 * 0.75}
    for text, line in (
        ("gain_cell.wn=10%", "a relative value has its sign"),
        ("gain_cell.wn=-100%", "leaves nothing of it"),
        ("gain_cell.wm=+1%", "unknown parameter 'gain_cell.wm'; did you mean gain_cell.w"),
    ):
        with pytest.raises(InputError, match=line):
            override(spec, parse_overrides([text]))

"""`gaincell check`: limits and goldens, each result with its exit status; no golden is updated by itself."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import rc_bench
from conftest import SPEC, Command
from rc_bench import AnalyticEngine

from gaincell_char.paths import data_folder
from gaincell_char.sweep.check import applicable
from gaincell_char.sweep.golden import load_golden
from gaincell_char.sweep.overrides import parse_overrides
from gaincell_char.sweep.run import prepare
from gaincell_char.sweep.spec import load_spec

LIMITS = """
measures:
  half_s: {function: crossing, of: v_out_V, over: time_s, options: {level: 0.45}}
limits:
  final: {column: v_out_V, where: {v_step_V: 2, time_s: 2u, corner: tt}, min: 1, max: 1.8}
  half: {column: half_s, where: {v_step_V: 1, corner: tt}, max: 1.25u}
"""


class Slower(AnalyticEngine):
    """Every voltage a little lower: a circuit that has changed behind the same spec."""

    def run(self, deck, timeout_s=120.0):  # type: ignore[no-untyped-def]
        waveforms = super().run(deck, timeout_s)
        waveforms.vectors["v(out)"] *= 0.97
        return waveforms

    identity = "analytic-2"


@pytest.fixture
def spec(tmp_path: Path, rc: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("gaincell_char.sweep.run.open_engine", lambda kind: AnalyticEngine())
    monkeypatch.setenv("GAINCELL_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "rc.yaml"
    path.write_text(SPEC + LIMITS)
    return path


@pytest.fixture
def goldens(tmp_path: Path) -> Path:
    return tmp_path / "golden"


@pytest.fixture
def made(gaincell: Command, spec: Path, goldens: Path) -> Path:
    """The golden of the spec."""
    status, _, err = gaincell("check", spec, "--golden", goldens, "--update-golden", "--yes")
    assert status == 0
    assert "rc: no golden yet; 36 points of v_out_V" in err
    return goldens / "rc.json"


def test_all_pass(gaincell: Command, spec: Path, goldens: Path, made: Path) -> None:
    status, out, err = gaincell("check", spec, "--golden", goldens)
    assert (status, err) == (0, "")
    assert "1 sweeps, 3 checks: 3 pass" in out
    assert "golden v_out_V" in out


def test_a_changed_design_fails_with_the_named_limits(gaincell: Command, spec: Path, goldens: Path, made: Path) -> None:
    status, out, err = gaincell("check", spec, "--golden", goldens, "--set", "rc.c=+30%")
    assert status == 1
    assert "rc: limit half: fail: 1.6" in err
    assert "is above max 1.25e-06" in err
    assert "final" not in err
    assert "golden" not in out
    status, out, _ = gaincell("check", spec, "--golden", goldens, "--set", "rc.c=+30%", "--json")
    (sweep,) = json.loads(out)["sweeps"]
    results = {check["name"]: check for check in sweep["checks"]}
    assert {name: check["result"] for name, check in results.items()} == {"final": "pass", "half": "fail"}
    assert (
        results["half"]["worst"] == "tt, 27 C, 0.9 V, v_step_V=1, rc.r=2000" or "rc.r=2000" in results["half"]["worst"]
    )
    assert status == 1


def test_a_moved_characteristic_fails_its_golden_at_the_worst_point(
    gaincell: Command, spec: Path, goldens: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made.read_bytes()
    monkeypatch.setattr("gaincell_char.sweep.run.open_engine", lambda kind: Slower())
    status, out, err = gaincell("check", spec, "--golden", goldens)
    assert status == 1
    assert "rc: golden v_out_V: fail: 36 of 36 points beyond" in err
    assert made.read_bytes() == before
    status, out, _ = gaincell("check", spec, "--golden", goldens, "--json")
    golden = json.loads(out)["sweeps"][0]["checks"][-1]
    assert golden["measured"][0] == pytest.approx(0.97 * golden["typ"], rel=1e-5)
    assert "v_step_V=2" in golden["worst"]
    assert status == 1


def test_a_golden_of_another_spec_or_testbench_is_stale_and_says_how_to_remake_it(
    gaincell: Command, spec: Path, goldens: Path, made: Path
) -> None:
    document = json.loads(made.read_text())
    made.write_text(json.dumps(document | {"testbench_version": 0}))
    status, _, err = gaincell("check", spec, "--golden", goldens)
    assert status == 3
    assert "golden v_out_V: stale: golden of version 0 of rc.step, which is at 1 now; remake it: gaincell check" in err
    made.write_text(json.dumps(document))
    spec.write_text((SPEC + LIMITS).replace("[0.5, 1.0, 2.0]", "[0.5, 1.0, 2.5, 2.0]"))
    stale = made.read_bytes()
    status, _, err = gaincell("check", spec, "--golden", goldens)
    assert status == 3
    assert "stale: the spec changed since the golden was made; remake it: gaincell check rc --update-golden" in err
    assert made.read_bytes() == stale


def test_an_update_shows_the_difference_asks_and_keeps_the_tolerances(
    gaincell: Command, spec: Path, goldens: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.loads(made.read_text())
    document["tolerances"]["v_out_V"] = {"absolute": 0.25, "relative": 0.0}
    made.write_text(json.dumps(document))
    monkeypatch.setattr("gaincell_char.sweep.run.open_engine", lambda kind: Slower())
    edited = made.read_bytes()
    status, _, err = gaincell("check", spec, "--golden", goldens, "--update-golden")
    assert status == 2
    assert "rc: v_out_V: moved by 0.2" in err
    assert "nobody to ask" in err
    assert made.read_bytes() == edited
    assert gaincell("check", spec, "--golden", goldens, "--update-golden", "--yes", "--json")[0] == 0
    found = load_golden(made)
    assert found is not None
    assert found.tolerances["v_out_V"].absolute == 0.25
    assert found.engine == "analytic-2"
    assert found.values["v_out_V"] != document["values"]["v_out_V"]


def test_missing_points_are_incomplete_and_make_no_golden(gaincell: Command, spec: Path, goldens: Path) -> None:
    spec.write_text((SPEC + LIMITS).replace("[0.5, 1.0, 2.0]", "[-1.0, 1.0]"))  # a step below 0 V fails to measure
    status, _, err = gaincell("check", spec, "--golden", goldens, "--update-golden", "--yes")
    assert status == 3
    assert "rc: 12 of 24 points have no result; no golden is made of it" in err
    assert not goldens.exists()
    spec.write_text((SPEC + LIMITS).replace("[0.5, 1.0, 2.0]", "[-1.0, 1.0]").replace("v_step_V: 2,", "v_step_V: -1,"))
    status, _, err = gaincell("check", spec, "--golden", goldens)
    assert status == 3
    assert "rc: limit final: incomplete: 2 of 2 points have no result" in err


def test_a_curve_without_what_is_measured_fails_with_the_reason(gaincell: Command, spec: Path, goldens: Path) -> None:
    spec.write_text((SPEC + LIMITS).replace("level: 0.45", "level: 3"))
    status, _, err = gaincell("check", spec, "--golden", goldens)
    assert status == 1
    assert "rc: limit half: fail: no crossing of 3: it goes from 0.3935 to 0.8647" in err


def test_junit_xml(gaincell: Command, spec: Path, goldens: Path, made: Path, tmp_path: Path) -> None:
    other = tmp_path / "bare.yaml"
    other.write_text(SPEC.replace("name: rc", "name: bare"))
    report = tmp_path / "out" / "junit.xml"
    status, _, _ = gaincell("check", spec, other, "--golden", goldens, "--set", "rc.c=+30%", "--junit", report)
    assert status == 1
    suites = {suite.get("name"): suite for suite in ET.parse(report).getroot()}
    counts = {name: [s.get(key) for key in ("tests", "failures", "errors", "skipped")] for name, s in suites.items()}
    assert counts == {"rc": ["2", "1", "0", "0"], "bare": ["1", "0", "0", "1"]}
    (failure,) = suites["rc"].iter("failure")
    assert "above max" in str(failure.get("message"))
    assert "rc.r=2000" in str(failure.text)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--set", "rc.q=1"], "--set rc.q: no sweep that is checked has this parameter; did you mean rc.r"),
        (["--set", "gain_cell.wn=+10%"], "no sweep that is checked has this parameter; `gaincell circuits` lists them"),
        (["--set", "rc.c=10%"], "a relative value has its sign"),
        (["--set", "rc.c=+10"], "'+10'; a value has no plus sign, a relative one a percent sign: +10%"),
        (["--set", "rc.c=+10p%"], "a relative value has its sign and no suffix"),
        (["--set", "rc.c=+ten%"], "a relative value has its sign and no suffix"),
        (["--set", "rc.c=%"], "a relative value has its sign"),
        (["--set", "rc.c=-100%"], "leaves nothing of it; expected more than -100%"),
        (["--set", "rc.c=-250%"], "leaves nothing of it; expected more than -100%"),
        (["--set", "rc.c=+inf%"], "a relative value has its sign and no suffix"),
        (["--set", "rc.c=+10%", "--set", "rc.c=1n"], "rc.c is given twice"),
        (["--update-golden", "--set", "rc.c=1n"], "--update-golden is of the design as it is"),
    ],
)
def test_usage(gaincell: Command, spec: Path, goldens: Path, arguments: list[str], line: str) -> None:
    status, out, err = gaincell("check", spec, "--golden", goldens, *arguments)
    assert (status, out) == (2, "")
    assert line in err


def test_a_sweep_that_moves_the_changed_parameter_itself_is_not_checked(
    gaincell: Command, spec: Path, goldens: Path
) -> None:
    status, out, err = gaincell("check", spec, "--golden", goldens, "--set", "rc.r=+10%")
    assert status == 0
    assert "rc: not checked: it sweeps rc.r itself" in err
    assert "0 sweeps, 0 checks: nothing checked" in out


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda text: text.replace('"format": 1', '"format": 2'), "format 2, this tool reads 1; remake it"),
        (lambda text: text.replace('"values"', '"valued"'), "unknown key 'valued'"),
        (lambda text: text[:-20], "not a golden file"),
        (lambda text: text.replace('"v_out_V": [', '"v_out_V": [NaN, ', 1), "not a golden file .NaN is no value"),
    ],
)
def test_a_damaged_golden_is_named(gaincell: Command, spec: Path, goldens: Path, made: Path, edit, line: str) -> None:  # type: ignore[no-untyped-def]
    made.write_text(edit(made.read_text()))
    status, _, err = gaincell("check", spec, "--golden", goldens)
    assert status == 2
    assert str(made) in err
    assert line.replace(".NaN", "(NaN") in err
    assert err.count("\n") == 1


def test_every_bundled_golden_is_of_its_spec_as_it_is() -> None:
    folder = data_folder("sweeps")
    found = {path.stem for path in (folder / "golden").glob("*.json")}
    assert found >= {"gain_cell_iv", "gain_cell_pulse", "gain_cell_write", "gain_cell_retention"}
    for path in sorted((folder / "golden").glob("*.json")):
        golden, spec = load_golden(path), load_spec(path.stem)
        assert golden is not None
        assert (golden.sweep, golden.spec) == (path.stem, spec.digest), f"{path}: stale; remake it: {golden.made_by}"


@pytest.mark.ngspice
def test_the_write_sweep_agrees_with_its_golden(gaincell: Command, tmp_path: Path) -> None:
    assert rc_bench.BENCH.version == 1
    status, out, err = gaincell("check", "gain_cell_write", "--store", tmp_path)
    assert (status, err) == (0, "")
    assert "3 pass" in out


@pytest.mark.ngspice
def test_a_read_transistor_ten_percent_wider_fails_with_the_named_limits(gaincell: Command, tmp_path: Path) -> None:
    status, _, err = gaincell("check", "gain_cell_iv", "--set", "gain_cell.wn=+10%", "--store", tmp_path)
    assert status == 1
    failed = [line.split(":")[1].strip() for line in err.splitlines()]
    assert failed == ["limit zero_crossing", "limit slope", "limit bow"]


def test_a_relative_change_reaches_the_decks_of_every_circuit() -> None:
    """The size that a designer would change first, of each circuit that the sweeps check."""
    sizes = {
        "gain_cell_iv": "gain_cell.wn",
        "front_end_drive": "front_end.wamp",
        "charge_to_pulse": "charge_to_pulse.wref",
        "signed_charge_to_pulse": "signed_charge_to_pulse.wsource",
        "pulse_counter_count": "pulse_counter.lgd",
        "word_line_driver_buffer": "word_line_driver.wbuf",
        "write_driver_write": "write_driver.wg",
        "array_read": "gain_cell.wn",
        "tile_energy_key": "gain_cell.wn",
    }
    for name, size in sizes.items():
        spec = load_spec(name)
        changes, skipped = applicable(spec, parse_overrides([f"{size}=+10%"]))
        assert not skipped
        nominal, wider = (prepare(spec, engine=AnalyticEngine, overrides=each) for each in (None, changes))
        before, after = (each.plan.settings[0].parameters[size] for each in (nominal, wider))
        assert after == pytest.approx(1.1 * before, rel=1e-12)
        assert all(one.deck.text != other.deck.text for one, other in zip(nominal.tasks, wider.tasks, strict=True))


def test_several_sweeps_say_how_each_ended(gaincell: Command, spec: Path, goldens: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text((SPEC + LIMITS).replace("name: rc", "name: other"))
    bare = tmp_path / "bare.yaml"
    bare.write_text(SPEC.replace("name: rc", "name: bare"))
    status, _, err = gaincell("check", spec, other, bare, "--golden", goldens, "--set", "rc.c=+30%")
    assert status == 1
    assert [line.split(" points")[0] for line in err.splitlines()[:3]] == [
        "1/3 rc: fail, 2 checks, 36",
        "2/3 other: fail, 2 checks, 36",
        "3/3 bare: not checked, 0",
    ]
    assert gaincell("check", spec, other, "--golden", goldens, "--json")[2] == ""

"""Measured tables: recovered where the truth is known, refused in one line where they are wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaincell_char.behavior import load_model
from gaincell_char.behavior.schema import LowRankRetention
from gaincell_char.cli.main import main
from gaincell_char.errors import InputError
from gaincell_char.fit.lab_table import read_table
from gaincell_char.fit.measured import Setup, measured_model
from gaincell_char.fit.retention_law import law_current

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
STORES = np.round(np.linspace(0, 0.9, 19), 6)
LINES = np.round(np.linspace(0.35, 0.55, 9), 6)
UNITS = {"V": 1.0, "mV": 1e3, "A": 1.0, "uA": 1e6, "nA": 1e9, "s": 1.0, "ms": 1e3, "us": 1e6}


def surface(slope: float, bend: float, cubic: float, line: float) -> Callable[..., np.ndarray]:
    def current(v_store: np.ndarray, v_bl: np.ndarray) -> np.ndarray:
        y = np.asarray(v_store) - 0.45
        return 1e-6 * (slope * y + bend * y**2 + cubic * y**3) + 1e-7 * line * np.sin(4 * (np.asarray(v_bl) - 0.45))

    return current


def write_iv(
    path: Path, current: Callable[..., np.ndarray], units: Sequence[str] = ("V", "V", "A"), sep: str = ","
) -> Path:
    rows = [(v, b, float(current(v, b))) for b in LINES for v in STORES]
    header = sep.join(f"{name} [{unit}]" for name, unit in zip(("V_store", "V_BL", "I"), units, strict=True))
    body = (sep.join(f"{value * UNITS[unit]:.12g}" for value, unit in zip(row, units, strict=True)) for row in rows)
    path.write_text("\n".join(["# made by a test", header, *body, ""]))
    return path


@given(
    slope=st.floats(1.0, 4.0), bend=st.floats(-0.4, 0.4), cubic=st.floats(-1.0, 6.0), line=st.floats(-1.0, 1.0),
    volts=st.sampled_from(["V", "mV"]), amperes=st.sampled_from(["A", "uA", "nA"]),
    sep=st.sampled_from([",", ";", "\t"]),
)  # fmt: skip
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_known_surface_is_recovered_within_the_fits_bound(
    tmp_path: Path, slope: float, bend: float, cubic: float, line: float, volts: str, amperes: str, sep: str
) -> None:
    truth = surface(slope, bend, cubic, line)
    model = measured_model("lab", [write_iv(tmp_path / "iv.csv", truth, ("V", volts, amperes), sep)], Setup())
    iv = model.cell.iv["tt"]
    fine = np.linspace(0, 0.9, 37)
    assert iv.surface_error is not None
    assert iv.polynomial_error is not None
    scale = iv.surface_error.full_scale
    off = np.abs(iv.surface(fine[:, None], LINES) - truth(fine[:, None], LINES)).max()
    assert off <= 3 * iv.surface_error.maximum + 1e-9 * scale
    assert iv.surface_error.maximum_relative < 5e-3
    missed = np.abs(model.cell.current(fine) - truth(fine, 0.45)).max()
    assert missed <= 3 * iv.polynomial_error.maximum + 1e-3 * scale
    assert model.cell.zero_crossing_V == pytest.approx(0.45, abs=5e-3)
    assert model.charge_to_pulse.full_scale_C == pytest.approx(80 * model.cell.unit_current_A * 15e-9)


def write_retention(path: Path, tau_s: float, current: Callable[..., np.ndarray] | None) -> Path:
    ages, levels = np.geomspace(1e-5, 1.0, 21), np.round(np.linspace(0, 0.9, 15), 6)
    lines = ["t [ms], level [V], " + ("V_store [mV]" if current is None else "I [uA]")]
    for level in levels:
        for age in ages:
            stored = 0.45 + (level - 0.45) * np.exp(-age / tau_s)
            value = 1e3 * stored if current is None else 1e6 * float(current(stored, 0.45))
            lines.append(f"{1e3 * age:.12g}, {level:.12g}, {value:.12g}")
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("as_current", [False, True])
def test_a_known_decay_is_recovered(tmp_path: Path, as_current: bool) -> None:
    truth = surface(2.3, 0.05, 4.0, 0.5)
    tables = [write_iv(tmp_path / "iv.csv", truth),
              write_retention(tmp_path / "hold.csv", 0.05, truth if as_current else None)]  # fmt: skip
    law = measured_model("lab", tables, Setup()).cell.retention
    assert isinstance(law, LowRankRetention)
    assert law.error is not None
    assert law.single_tau_s == pytest.approx(0.05, rel=0.02)
    levels, ages = np.linspace(0.05, 0.85, 9), np.array([1e-3, 7e-3, 0.03])
    stored = 0.45 + (levels[:, None] - 0.45) * np.exp(-ages / 0.05)
    assert np.abs(law_current(law)(levels[:, None], ages) - truth(stored, 0.45)).max() <= 0.02 * law.error.full_scale


def test_the_example_is_the_bundled_cells_own_and_merges_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = [part for name in ("lab_iv", "lab_retention") for part in ("--csv", str(EXAMPLES / f"{name}.csv"))]
    target = tmp_path / "lab.json"
    monkeypatch.setattr(sys, "argv", ["gaincell", "fit", *tables, "--base", "cmos28", "-o", str(target), "--json"])
    main()
    shown, bundled, model = json.loads(capsys.readouterr().out), load_model("cmos28"), load_model(target)
    assert shown["zero_crossing_V"] == pytest.approx(bundled.cell.iv["tt"].zero_crossing_V, abs=1e-3)
    fine = np.linspace(0, 0.9, 91)
    swept, full = bundled.cell.iv["tt"], float(np.abs(bundled.cell.iv["tt"].surface(fine, 0.45)).max())
    for line in (0.36, 0.45, 0.54):
        assert np.abs(model.cell.iv["tt"].surface(fine, line) - swept.surface(fine, line)).max() < 3e-3 * full
    assert model.cell.unit_current_A == bundled.cell.unit_current_A
    assert model.charge_to_pulse == bundled.charge_to_pulse
    assert model.pulse_counter == bundled.pulse_counter
    assert (model.energy, model.array, model.cell.pulse_charge, model.cell.mismatch) == (None, None, None, None)
    assert model.cell.retention is not None
    assert "measured.iv" in model.provenance.datasets


def test_a_retention_table_alone_needs_a_base(tmp_path: Path) -> None:
    path = write_retention(tmp_path / "hold.csv", 0.02, None)
    with pytest.raises(InputError, match="no current; give an I-V table too, or --base"):
        measured_model("lab", [path], Setup())
    base = load_model("cmos28")
    model = measured_model("lab", [path], Setup(), base)
    assert model.cell.current == base.cell.current
    assert model.cell.retention != base.cell.retention
    with pytest.raises(InputError, match="the tables are of tt, 85 C"):
        measured_model("lab", [path], Setup(temperature_C=85.0), base)


GOOD = "V_store [V], V_BL [V], I [uA]\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no lines; expected a header"),
        ("V_store [V], V_BL, I [uA]\n", "line 1: column V_BL has no unit; write V_BL [V]"),
        ("# lab\n\nV_store [V], V_BL [mW], I [uA]\n", "line 3: column V_BL has the unit 'mW'; known: V, mV, uV"),
        ("V_store [V], V_BL [V], I [V]\n", "line 1: column I has the unit 'V'; known: A"),
        ("V_store [V], V_gate [V], I [uA]\n", "line 1: unknown column 'V_gate'"),
        ("V_store [V], V_store [V], I [uA]\n", "line 1: column V_store is given twice"),
        ("V_store [V], I [uA]\n", "line 1: columns V_store, I; expected V_store, V_BL, I"),
        ("0.1, 0.2, 0.3\n", "line 1: '0.1' is no heading"),
        (GOOD + "0.1, 0.45, nan\n", "line 2: I is 'nan'; expected a number"),
        (GOOD + "0.1, 0.45, inf\n", "line 2: I is 'inf'"),
        (GOOD + "0.1, 0.45, 1e999\n", "line 2: I is '1e999', which is not finite"),
        (GOOD + "0.1, 0.45, 1\n0.2, high, 2\n", "line 3: V_BL is 'high'"),
        (GOOD + "0.1, 0.45, \n", "line 2: I is ''"),
        (GOOD + "0.1, 0.45\n", "line 2: 2 values, expected 3"),
        (GOOD + "0.1, 0.45, 1\n# again\n0.10, 450e-3, 2\n", "line 4: V_store 0.1 V and V_BL 0.45 V again, after"),
        (GOOD + "0.1, 0.45, 1\n0.2, 0.45, 2\n", "line 3: the table ends with 2 different V_store; a fit with held-out"),
        (GOOD, "line 1: the table ends with 0 different V_store"),
    ],
)  # fmt: skip
def test_a_bad_table_is_one_clear_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "iv.csv"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_table(path)
    assert told in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_hole_in_the_grid_is_named(tmp_path: Path) -> None:
    path = write_iv(tmp_path / "iv.csv", surface(2, 0, 0, 0))
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:50] + lines[51:]))
    with pytest.raises(InputError, match=r"no point at V_store 0\.5 V and V_BL 0\.4 V \(1 missing of 19 x 9\)"):
        read_table(path)


def test_a_current_that_no_voltage_gives_is_named(tmp_path: Path) -> None:
    truth = surface(2.3, 0.05, 4.0, 0.5)
    iv, hold = write_iv(tmp_path / "iv.csv", truth), write_retention(tmp_path / "hold.csv", 0.05, truth)
    hold.write_text(hold.read_text().replace("[uA]", "[mA]"))
    with pytest.raises(InputError, match=r"line 2: I is .*the cell's own current goes from"):
        measured_model("lab", [iv, hold], Setup())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give datasets of a sweep, or measured tables"),
        (["x.parquet", "--csv", "x.csv"], "give datasets of a sweep, or measured tables"),
        (["--csv", "x.csv", "--nominal", "cmos28"], "--base keeps the converters"),
        (["x.parquet", "--base", "cmos28"], "--base is of measured tables"),
        (["--csv", "absent.csv"], "absent.csv: cannot read the table"),
    ],
)
def test_wrong_options_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["gaincell", "fit", *arguments, "-o", str(tmp_path / "x.json")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"V_store [V], V_BL [V], I [uA]\n\xb5"])
def test_what_is_no_text_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "iv.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a text in UTF-8"):
        read_table(path)

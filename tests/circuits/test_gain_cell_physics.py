"""The gain cell in ngspice, against the targets of its design and against second methods."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp

from gaincell_char import paths
from gaincell_char.spice.types import Deck
from gaincell_char.technology import CORNERS, technology

pytestmark = pytest.mark.ngspice
NETLISTS = paths.data_folder("netlists")
CELL = NETLISTS / "gain_cell.lib"
LINE = {"v_bl_V": (0.45,)}
HOLD = "vwbl wbl 0 0.45\nvwwl wwl 0 -0.5\nvwwlb wwlb 0 1.4\nvdd vdd 0 0.9\nvbl bl 0 0.45\n"


def simulate(engine, body: str, *vectors: str, cell: bool = True):
    """A deck written out here, with the devices at tt and, unless told otherwise, the cell."""
    include = f".include '{CELL}'\n" if cell else ""
    text = f"* by hand\n{technology('cmos28').lib_line('tt')}\n{include}{body}\n.end\n"
    return engine.run(Deck(text, vectors, (technology("cmos28").card, CELL)))


def current(rows: pd.DataFrame) -> pd.Series:
    return rows.set_index("v_store_V")["current_A"]


def zero_crossing(rows: pd.DataFrame) -> float:
    found = current(rows)
    above = int(np.argmax(found.to_numpy() > 0))
    low, high = found.iloc[above - 1], found.iloc[above]
    return float(found.index[above - 1] - low * (found.index[above] - found.index[above - 1]) / (high - low))


@pytest.fixture(scope="module")
def iv(characterize) -> dict[str, pd.DataFrame]:
    return {corner: characterize("gain_cell.iv", corner=corner, axes=LINE) for corner in CORNERS}


def test_the_typical_cell_meets_its_targets(iv) -> None:
    found = current(iv["tt"])
    assert -5e-6 < found[0.0] < -0.5e-6
    assert 0.5e-6 < found[0.9] < 5e-6
    assert 0.40 < zero_crossing(iv["tt"]) < 0.47
    assert np.all(np.diff(found) > 0)


def test_corners_are_ordered_as_their_names_say(iv) -> None:
    sink = {corner: current(rows)[0.9] for corner, rows in iv.items()}
    source = {corner: -current(rows)[0.0] for corner, rows in iv.items()}
    zero = {corner: zero_crossing(rows) for corner, rows in iv.items()}
    assert sink["ff"] > sink["fs"] > sink["tt"] > sink["sf"] > sink["ss"]
    assert source["ff"] > source["sf"] > source["tt"] > source["fs"] > source["ss"]
    assert zero["fs"] < zero["tt"] - 0.02
    assert zero["sf"] > zero["tt"] + 0.02


def test_a_wider_n_device_sinks_more_and_leaves_the_source_side_alone(characterize, iv) -> None:
    wide = current(characterize("gain_cell.iv", axes=LINE, parameters={"gain_cell.wn": 200e-9}))
    narrow = current(iv["tt"])
    assert wide[0.9] / narrow[0.9] == pytest.approx(2.5, rel=0.05)
    assert wide[0.0] / narrow[0.0] == pytest.approx(1.0, rel=1e-3)


def test_iv_equals_the_four_devices_written_out_by_hand(engine, characterize) -> None:
    swept = characterize("gain_cell.iv", axes={"v_store_V": (0.0, 0.3, 0.6, 0.9), "v_bl_V": (0.25, 0.45, 0.65)})
    for _, row in swept.iterrows():
        by_hand = simulate(
            engine,
            f"""vdd d 0 0.9
vs s 0 {row.v_store_V}
vb b 0 {row.v_bl_V}
vw w 0 0.9
vx x 0 0
m1 n s 0 0 nfet_thick w=80n l=2u ad=5.6e-15 as=5.6e-15 pd=300n ps=300n
m2 b w n 0 nfet w=100n l=30n ad=7e-15 as=7e-15 pd=340n ps=340n
m3 p s d d pfet_thick w=80n l=0.55u ad=5.6e-15 as=5.6e-15 pd=300n ps=300n
m4 b x p d pfet w=100n l=30n ad=7e-15 as=7e-15 pd=340n ps=340n
.options gmin=1e-15 reltol=1e-6
.op""",
            "i(vb)",
            cell=False,
        )
        assert row.current_A == pytest.approx(-by_hand.vectors["i(vb)"][0], rel=1e-6)


@pytest.fixture(scope="module")
def pulses(characterize) -> pd.DataFrame:
    levels = (0.0, 0.257142857143, 0.642857142857, 0.9)
    return pd.concat(
        characterize("gain_cell.pulse", axes={"v_store_V": levels, "pulse_s": (width,)})
        for width in (1e-9, 4e-9, 15e-9)
    )


def test_charge_grows_by_the_direct_current_at_the_kicked_voltage(pulses, iv) -> None:
    direct = current(iv["tt"])
    for store, rows in pulses.groupby("v_store_V"):
        charge = rows.set_index("pulse_s")["charge_C"]
        slope = (charge[15e-9] - charge[1e-9]) / 14e-9
        kicked = np.interp(store + rows["kick_V"].iloc[-1], direct.index, direct)
        assert slope == pytest.approx(kicked, rel=2e-3)
        assert charge[4e-9] == pytest.approx(charge[1e-9] + slope * 3e-9, abs=2e-18)
        assert abs(charge[1e-9] - slope * 1e-9) < 0.3e-15


def test_the_kick_is_the_gate_charge_of_the_pulse_on_the_capacitance_of_the_node(engine, pulses) -> None:
    """The node held by a source takes the charge that, when it floats, moves it."""
    cell = "x1 wbl wwl wwlb st wlr wlrb bl vdd 0 gain_cell"
    for store in (0.0, 0.9):
        held = simulate(
            engine,
            f"""{HOLD}vst st 0 {store}
vwlr wlr 0 pulse(0 0.9 0.5n 30p 30p 5n)
vwlrb wlrb 0 pulse(0.9 0 0.5n 30p 30p 5n)
{cell}
.options method=gear reltol=1e-4 chgtol=1e-18
.tran 20p 5n 0 20p""",
            "i(vst)",
        )
        time, into = held.scale, held.vectors["i(vst)"]
        on = (time > 0.4e-9) & (time < 4e-9)
        pushed = float(np.sum(np.diff(time[on]) * (into[on][1:] + into[on][:-1]) / 2))
        step = 0.02 if store == 0.0 else -0.02
        ramp = simulate(
            engine,
            f"""{HOLD}vst st 0 pwl(0 {store} 1u {store} 2u {store + step})
vwlr wlr 0 0.9
vwlrb wlrb 0 0
{cell}
.options method=gear reltol=1e-6 gmin=1e-15
.tran 10n 2u 0 10n""",
            "i(vst)",
        )
        slewing = ramp.scale > 1.5e-6
        capacitance = -float(np.mean(ramp.vectors["i(vst)"][slewing])) / (step / 1e-6)
        kick = pulses.query("v_store_V == @store and pulse_s == 15e-9")["kick_V"].item()
        assert 10e-15 < capacitance < 14e-15
        assert kick == pytest.approx(pushed / capacitance, rel=0.1)


def test_a_larger_storage_capacitor_is_kicked_less(characterize, pulses) -> None:
    axes = {"v_store_V": (0.9,), "pulse_s": (15e-9,)}
    doubled = characterize("gain_cell.pulse", axes=axes, parameters={"gain_cell.storage_F": 20e-15})
    kick = pulses.query("v_store_V == 0.9 and pulse_s == 15e-9")["kick_V"].item()
    assert 0.5 < doubled["kick_V"].item() / kick < 0.6


def test_a_write_settles_on_the_level_whatever_was_stored(characterize) -> None:
    short, long = (characterize("gain_cell.write", axes={"pulse_s": (width,)}) for width in (0.5e-9, 10e-9))
    assert long["error_V"].abs().max() < 0.01
    assert long.groupby("v_level_V")["v_store_V"].agg(np.ptp).max() < 1e-3
    assert short["error_V"].abs().max() > 0.05
    assert np.allclose(long["v_store_V"], long["v_level_V"] + long["error_V"])


@pytest.fixture(scope="module")
def decay(characterize) -> pd.DataFrame:
    return characterize("gain_cell.retention")


def test_retention_follows_the_direct_leakage_over_the_quasi_static_capacitance(engine, decay) -> None:
    """dV/dt = -I(V)/C(V), both measured with the storage node driven, integrated by SciPy."""
    cell = "vwlr wlr 0 0\nvwlrb wlrb 0 0.9\nx1 wbl wwl wwlb st wlr wlrb bl vdd 0 gain_cell"
    options = ".options method=gear gmin=1e-20 reltol=1e-5 abstol=1e-20"
    leak = simulate(engine, f"{HOLD}vst st 0 0\n{cell}\n{options}\n.dc vst 0 0.9 0.01", "i(vst)")
    ramp = simulate(engine, f"{HOLD}vst st 0 pwl(0 0 1u 0.9)\n{cell}\n{options}\n.tran 5n 1u 0 5n", "i(vst)")
    settled = ramp.scale > 10e-9
    ramp_V, ramp_F = ramp.scale[settled] / 1e-6 * 0.9, -ramp.vectors["i(vst)"][settled] * 1e-6 / 0.9

    def slope(_: float, store):
        return np.interp(store, leak.scale, leak.vectors["i(vst)"]) / np.interp(store, ramp_V, ramp_F)

    for level, rows in decay.groupby("v_level_V"):
        ages = rows["age_s"].to_numpy()
        expected = solve_ivp(slope, (0, ages[-1]), [level], t_eval=ages, method="LSODA", rtol=1e-8, atol=1e-10).y[0]
        assert np.abs(rows["v_store_V"].to_numpy() - expected).max() < 2e-3, level


def test_retention_does_not_depend_on_gmin_step_or_tolerance(characterize, decay) -> None:
    lost = (decay["v_store_V"] - decay["v_level_V"]).abs()
    for numerics in ({"gmin": 1e-18}, {"gmin": 1e-22}, {"steps_per_decade": 32.0}, {"reltol": 1e-6}):
        again = characterize("gain_cell.retention", numerics=numerics)
        moved = (again["v_store_V"] - decay["v_store_V"]).abs()
        assert (moved[lost > 1e-3] / lost[lost > 1e-3]).max() < 2e-3, numerics


def test_the_default_gmin_of_the_simulator_would_hide_the_leakage(characterize, decay) -> None:
    hidden = characterize("gain_cell.retention", numerics={"gmin": 1e-12})
    assert (hidden["v_store_V"] - decay["v_store_V"]).abs().max() > 0.2


def test_underdriven_write_lines_hold_longer_and_heat_holds_shorter(characterize, decay) -> None:
    def lost(rows: pd.DataFrame) -> float:
        at = rows[np.isclose(rows["age_s"], 0.01)]
        return float((at["v_store_V"] - at["v_level_V"]).abs().max())

    plain = characterize("gain_cell.retention", axes={"wwl_V": (0.0,), "wwlb_V": (0.9,)})
    hot = characterize("gain_cell.retention", temperature_C=85.0)
    assert lost(decay) < lost(hot) < lost(plain)
    assert lost(plain) > 10 * lost(decay)
    assert lost(decay) < 0.01


def test_the_worst_level_loses_a_tenth_within_the_ages(decay) -> None:
    last = decay[decay["age_s"] == decay["age_s"].max()]
    assert (last["v_store_V"] - last["v_level_V"]).abs().max() > 0.09
    assert last["age_s"].iloc[0] >= 1.0


def test_the_example_runs_by_hand_and_its_title_states_what_it_measures(tmp_path) -> None:
    shutil.copytree(NETLISTS, tmp_path / "netlists")
    folder = tmp_path / "netlists" / "examples"
    done = subprocess.run(
        ["ngspice", "-n", "-b", "gain_cell_iv.cir"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    title = (folder / "gain_cell_iv.cir").read_text().splitlines()[1]
    stated = [float(number) for number in re.findall(r"= ([-+.\d]+)", title)]
    found = [float(re.search(rf"{name}\s+=\s+(\S+)", done.stdout)[1]) for name in ("i_empty", "i_full", "v_zero")]
    assert stated == [round(found[0] * 1e6, 3), round(found[1] * 1e6, 3), round(found[2], 4)]


def test_the_document_states_what_the_corners_do(iv) -> None:
    stated = (Path(__file__).resolve().parents[2] / "docs" / "gain_cell.md").read_text(encoding="utf-8").splitlines()
    for corner, rows in iv.items():
        empty, full = (current(rows)[level] * 1e6 for level in (0.0, 0.9))
        now = f"| {corner} | {empty:.3f} | {full:.3f} | {zero_crossing(rows):.4f} |"
        assert now in stated, f"docs/gain_cell.md lacks {now}"

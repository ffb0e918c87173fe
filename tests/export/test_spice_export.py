"""The exported subcircuits simulated in ngspice, against the model they were made of."""

from __future__ import annotations

import numpy as np
import pytest

import gaincell_char as gc
from gaincell_char.errors import InputError
from gaincell_char.export.cell import exported_cell
from gaincell_char.export.spice import spice_text
from gaincell_char.spice.deck import build, include, options
from gaincell_char.spice.engine import open_engine

EXACT = options({"reltol": 1e-9, "abstol": 1e-18, "vntol": 1e-12})


def simulated(tmp_path, cell, name, analysis, wlr="vwl wl 0 0.9"):
    """The waveforms of one cell with its pins driven."""
    netlist = tmp_path / "cell.lib"
    netlist.write_text(spice_text(cell))
    lines = [include(netlist), "vst st 0 0.3", "vbl bl 0 0.45", wlr, f"x1 st wl bl 0 {name}", EXACT]
    engine = open_engine("batch")
    try:
        return engine.run(build("exported cell", lines, analysis, ["v(st)", "v(bl)", "v(wl)", "i(vbl)"]), 60)
    finally:
        engine.close()


@pytest.mark.ngspice
@pytest.mark.parametrize("corner", ["tt", "ss"])
def test_the_direct_current_is_the_model_s_within_its_domain_and_beyond(tmp_path, corner):
    model = gc.load_model("cmos28")
    waves = simulated(tmp_path, exported_cell(model, corner), "cmos28_cell", ".dc vst -0.1 1 0.0137 vbl 0.2 0.7 0.041")
    store, line = waves.vectors["v(st)"], waves.vectors["v(bl)"]
    wanted = model.cell.iv[corner].surface(store, line)
    assert store.size > 900
    np.testing.assert_allclose(-waves.vectors["i(vbl)"], wanted, rtol=0, atol=1e-9 * np.abs(wanted).max())


@pytest.mark.ngspice
@pytest.mark.parametrize(("name", "unit_A"), [("cmos28", None), ("leroux2025", 120e-9)])
def test_the_read_current_is_what_attention_uses(tmp_path, name, unit_A):
    model = gc.load_model(name)
    waves = simulated(tmp_path, exported_cell(model, unit_current_A=unit_A), f"{name}_cell_read", ".dc vst 0 0.9 0.01")
    wanted = model.cell.current(waves.vectors["v(st)"]) * (unit_A or 1)
    np.testing.assert_allclose(-waves.vectors["i(vbl)"], wanted, rtol=0, atol=1e-9 * np.abs(wanted).max())


@pytest.mark.ngspice
def test_a_pulse_on_the_word_line_draws_current_times_width(tmp_path):
    model = gc.load_model("cmos28")
    pulse = "vwl wl 0 pulse(0 0.9 1e-9 30e-12 30e-12 7.97e-9 20e-9)"  # 8 ns wide at half height
    waves = simulated(tmp_path, exported_cell(model), "cmos28_cell", ".tran 20e-12 12e-9 0 10e-12", pulse)
    charge = np.trapezoid(-waves.vectors["i(vbl)"], waves.scale)
    current = model.cell.iv["tt"].surface(0.3, 0.45)
    np.testing.assert_allclose(charge, current * 8e-9, rtol=1e-4)


def test_faults_are_one_line():
    with pytest.raises(InputError, match=r"arbitrary units; give one in amperes \(--unit-current\)"):
        exported_cell(gc.load_model("leroux2025"))
    with pytest.raises(InputError, match="in amperes already"):
        exported_cell(gc.load_model("cmos28"), unit_current_A=1e-7)
    with pytest.raises(InputError, match="corner 'xx' was not measured; it has ff, fs, sf, ss, tt"):
        exported_cell(gc.load_model("cmos28"), "xx")
    with pytest.raises(InputError, match="has no corners"):
        exported_cell(gc.load_model("leroux2025"), "tt", 1e-7)

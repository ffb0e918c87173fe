"""The exported Verilog-A: parsed by ADMS, compiled and evaluated by OpenVAF, where they are installed."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

import gaincell_char as gc
from gaincell_char.export.cell import exported_cell
from gaincell_char.export.verilog_a import verilog_a_text

MODELS = [("cmos28", None), ("leroux2025", 120e-9)]


def written(tmp_path, name, unit_A, corner=None):
    path = tmp_path / f"{name}.va"
    path.write_text(verilog_a_text(exported_cell(gc.load_model(name), corner, unit_A)))
    return path


@pytest.mark.parametrize(("name", "unit_A"), MODELS)
@pytest.mark.skipif(shutil.which("admsXml") is None, reason="admsXml (package `adms`) is not installed")
def test_adms_reads_it(tmp_path, name, unit_A):
    path = written(tmp_path, name, unit_A)
    done = subprocess.run(["admsXml", path.name], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0
    assert "error" not in (done.stdout + done.stderr).lower()
    path.write_text(path.read_text().replace("endmodule", "endmodul", 1))
    broken = subprocess.run(["admsXml", path.name], cwd=tmp_path, capture_output=True, text=True)
    assert broken.returncode != 0 or "error" in (broken.stdout + broken.stderr).lower()


def current_A(module, store_V, line_V, word_V):
    """Current out of bl into the compiled module, as a simulator would see it."""
    pins = {"V(st,vss)": store_V, "V(bl,vss)": line_V, "V(wlr,vss)": word_V}
    given = {name: pins.get(name, 1.0) for name in module.param_names}
    residuals, _ = module.run_init_eval(given)
    return residuals[2][0]


def test_openvaf_evaluates_it_to_the_model_s_currents(tmp_path):
    openvaf = pytest.importorskip("openvaf_py", reason="openvaf-py is not installed: it has no wheel for every Python")
    model = gc.load_model("cmos28")
    rng = np.random.default_rng(0)
    store, line = rng.uniform(-0.1, 1.0, 200), rng.uniform(0.2, 0.7, 200)
    for corner in ("tt", "ff"):
        direct, read = openvaf.compile_va(str(written(tmp_path, "cmos28", None, corner)))
        assert (direct.name, read.name) == ("cmos28_cell", "cmos28_cell_read")
        got = [current_A(direct, x, y, 0.9) for x, y in zip(store, line, strict=True)]
        np.testing.assert_allclose(got, model.cell.iv[corner].surface(store, line), rtol=1e-12, atol=1e-20)
    np.testing.assert_allclose(current_A(direct, 0.3, 0.45, 0.225), current_A(direct, 0.3, 0.45, 0.9) / 4, rtol=1e-12)
    assert current_A(direct, 0.3, 0.45, -0.1) == 0
    got = [current_A(read, x, 0.45, 0.9) for x in store]
    np.testing.assert_allclose(got, model.cell.current(store), rtol=1e-12, atol=1e-20)

"""A wheel built from the tree and put elsewhere finds its netlists, sweeps and models."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
USE = """
import gaincell_char as gc
from gaincell_char.paths import data_folder
from gaincell_char.sweep.run import prepare
from gaincell_char.sweep.spec import load_spec
assert str(data_folder("models")).startswith({elsewhere!r}), data_folder("models")
assert gc.load_model("cmos28").cell.zero_crossing_V > 0.4
assert gc.load_gpt2("embedded/linear-hardware").config.n_layer == 4
assert len(prepare(load_spec("gain_cell_iv")).tasks) == 5
"""


@pytest.mark.full
@pytest.mark.ngspice
def test_an_installed_wheel_is_complete(tmp_path: Path) -> None:
    pytest.importorskip("build", reason="the package `build` makes the wheel (make test-full installs it)")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    elsewhere = tmp_path / "elsewhere"
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(elsewhere)
    environment = {**os.environ, "PYTHONPATH": str(elsewhere)}
    subprocess.run(
        [sys.executable, "-c", USE.format(elsewhere=str(elsewhere))], check=True, cwd=tmp_path, env=environment
    )

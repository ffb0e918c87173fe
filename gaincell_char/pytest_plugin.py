"""Circuits under pytest: `--ngspice`, the marker `gaincell`, and the fixture `gaincell_check`.

@pytest.mark.gaincell
def test_my_cell(gaincell_check):
    dataset = gaincell_check("sweeps/my_cell.yaml")          # all limits and the golden, or an AssertionError
    assert dataset.good["current_A"].max() < 2e-6
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gaincell_char.sweep.check import Checked
    from gaincell_char.sweep.dataset import Dataset

NEEDS_SIMULATOR = ("gaincell", "ngspice")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--ngspice`."""
    parser.getgroup("gaincell").addoption(
        "--ngspice",
        choices=("required", "if_available", "disabled"),
        default="if_available",
        help="what to do with tests that run the simulator (CI uses `required`)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line("markers", "gaincell: runs a circuit in ngspice; skipped or required by --ngspice")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs a simulator where there is none, or refuse to start."""
    mode = config.getoption("--ngspice")
    present = shutil.which("ngspice") is not None
    if mode == "required" and not present:
        raise pytest.UsageError(
            "--ngspice required: no ngspice on PATH; install the Debian packages ngspice and libngspice0"
        )
    if mode == "required" or (mode == "if_available" and present):
        return
    skip = pytest.mark.skip(reason="ngspice is not installed" if not present else "--ngspice disabled")
    for item in items:
        if any(name in item.keywords for name in NEEDS_SIMULATOR):
            item.add_marker(skip)


@pytest.fixture
def gaincell_check() -> Callable[..., Dataset]:
    """A function that runs a sweep and asserts its limits, and its golden where the folder has one."""
    return _check


def _check(
    spec: str | Path, *sets: str, goldens: Path | None = None, workers: int | None = None, engine: str = "batch"
) -> Dataset:
    from gaincell_char.paths import data_folder
    from gaincell_char.sweep.check import check_sweep, runner
    from gaincell_char.sweep.overrides import parse_overrides
    from gaincell_char.sweep.run import available_workers, default_store
    from gaincell_char.sweep.spec import load_spec

    run = runner(default_store, workers or available_workers(), lambda done, total, note: None)
    folder = goldens or data_folder("sweeps") / "golden"
    checked = check_sweep(load_spec(spec), parse_overrides(sets), folder, run, engine=engine)
    if checked.result != "pass" or checked.dataset is None:
        raise AssertionError("\n".join(_faults(checked)))
    return checked.dataset


def _faults(checked: Checked) -> Sequence[str]:
    if checked.dataset is None:
        return [f"{checked.sweep}: nothing was checked: {checked.skipped}"]
    return [
        f"{checked.sweep}: {line.kind} {line.name}: {line.result}: {line.reason}"
        + (f" (worst at {line.worst})" if line.worst else "")
        for line in checked.lines
        if line.result != "pass"
    ]

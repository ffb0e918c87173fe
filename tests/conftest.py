"""Fixtures and options that all tests share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--ngspice",
        choices=("required", "if_available", "disabled"),
        default="if_available",
        help="what to do with tests that run the simulator (CI uses `required`)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
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
        if "ngspice" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of texts and vocabularies that are not part of the project."""
    folder = Path(os.environ.get("GAINCELL_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared texts at {folder}; set GAINCELL_SHARED to the folder that holds data/")
    return folder

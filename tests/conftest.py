"""Fixtures and the options that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ("gaincell_char.pytest_plugin", "pytester")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of texts and vocabularies that are not part of the project."""
    folder = Path(os.environ.get("GAINCELL_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared texts at {folder}; set GAINCELL_SHARED to the folder that holds data/")
    return folder

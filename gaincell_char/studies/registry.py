"""The studies by name."""

from __future__ import annotations

import importlib

from gaincell_char.errors import unknown_name
from gaincell_char.studies.inquiry import Inquiry
from gaincell_char.studies.study import Study

NAMES = (
    "nonlinearity",
    "leakage",
    "mismatch",
    "bits",
    "ir-drop",
    "scale",
    "paper",
    "sensitivity",
    "requirements",
    "error-bars",
)


def study(name: str) -> Study | Inquiry:
    """The study called `name`.

    Raises
    ------
    InputError
        There is none; the nearest names are offered.
    """
    if name not in NAMES:
        raise unknown_name("study", name, NAMES)
    found: Study | Inquiry = importlib.import_module(f"gaincell_char.studies.{name.replace('-', '_')}").STUDY
    return found

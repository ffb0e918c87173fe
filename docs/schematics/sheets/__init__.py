"""Where everything stands, a module a page."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from drawing.netlist import Circuit
from drawing.page import Page

MODULES = (
    "chain",
    "gain_cell",
    "array",
    "word_line_driver",
    "write_driver",
    "front_end",
    "charge_to_pulse",
    "zero_charge_reference",
    "signed_charge_to_pulse",
    "signed_zero_charge",
    "pulse_counter",
    "gates",
)


def pages(known: Mapping[str, Circuit]) -> tuple[Page, ...]:
    """Every page. `known`: the circuits of the netlists."""
    return tuple(importlib.import_module(f"sheets.{name}").page(known) for name in MODULES)

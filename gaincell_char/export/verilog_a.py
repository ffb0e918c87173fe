"""A cell as Verilog-A modules."""

from __future__ import annotations

import textwrap

from gaincell_char.export.cell import ExportedCell
from gaincell_char.export.expressions import clamped, number, polynomial, tensor_spline

_WIDTH = 110
_PINS = "st, wlr, bl, vss"


def verilog_a_text(cell: ExportedCell) -> str:
    """The modules `<name>`, where the direct current was measured, and `<name>_read`: as `spice.spice_text`."""
    head = [
        *cell.lines,
        f"Pins {_PINS}: storage node (takes no current), read word line, bit line, ground. Current into the cell flows",
        f"from bl to vss, in proportion to wlr between vss and {cell.supply_V:g} V. Without leakage and kick.",
    ]
    lines = [*(f"// {line}" for line in head), "", '`include "disciplines.vams"']
    if cell.direct is not None:
        x, y = cell.direct.x_knots, cell.direct.y_knots
        variables = {"x": clamped("V(st, vss)", x[0], x[-1]), "y": clamped("V(bl, vss)", y[0], y[-1])}
        current_A = tensor_spline(cell.direct, "x", "y")
        lines += _module(cell, cell.name, "Direct current I(V_store, V_BL), a spline.", variables, current_A)
    read = f"{number(cell.unit_A)} * {polynomial(cell.read, 'x')}"
    lines += _module(
        cell, f"{cell.name}_read", "The current that attention uses, bit line held.", {"x": "V(st, vss)"}, read
    )
    return "\n".join(lines) + "\n"


def _module(cell: ExportedCell, name: str, meaning: str, variables: dict[str, str], current_A: str) -> list[str]:
    on = clamped(f"V(wlr, vss) / {number(cell.supply_V)}", 0.0, 1.0)
    return [
        "",
        f"// {meaning}",
        f"module {name}({_PINS});",
        f"    inout {_PINS};",
        f"    electrical {_PINS};",
        f"    real {', '.join(variables)}, on;",
        "    analog begin",
        *_statements({**variables, "on": on}),
        *_wrapped(f"I(bl, vss) <+ on * {current_A};"),
        "    end",
        "endmodule",
    ]


def _statements(variables: dict[str, str]) -> list[str]:
    return [line for name, formula in variables.items() for line in _wrapped(f"{name} = {formula};")]


def _wrapped(statement: str) -> list[str]:
    return textwrap.wrap(
        statement, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 12, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip

"""A cell as SPICE subcircuits of B-sources (ngspice's arbitrary sources)."""

from __future__ import annotations

import textwrap

from gaincell_char.export.cell import ExportedCell
from gaincell_char.export.expressions import clamped, number, polynomial, tensor_spline

_WIDTH = 110


def spice_text(cell: ExportedCell) -> str:
    """The netlist: `<name>` with the direct current I(V_store, V_BL), where it was measured, and `<name>_read`.

    Pins: st (storage node, takes no current), wlr (read word line), bl, vss. The current into the cell flows from bl to
    vss, in proportion to wlr between vss and the supply. Beyond its domain the direct current is held.
    """
    names = {cell.name: "direct current I(V_store, V_BL), a spline"} if cell.direct is not None else {}
    names |= {f"{cell.name}_read": "the current that attention uses, I(V_store), bit line held"}
    head = [
        *cell.lines,
        *(f"{name}: {meaning}" for name, meaning in names.items()),
        "Pins: st (storage node, takes no current), wlr (read word line), bl (bit line), vss. Current into the cell",
        f"flows from bl to vss, in proportion to wlr between vss and {cell.supply_V:g} V. Without leakage and kick.",
        "The default reltol stops within 0.1 % of full scale; reltol=1e-9 gives the model's numbers.",
    ]
    lines = [f"* {line}" for line in head]
    if cell.direct is not None:
        x, y = cell.direct.x_knots, cell.direct.y_knots
        lines += [
            f".subckt {cell.name} st wlr bl vss",
            *_source("bx", "x 0 v", clamped("v(st,vss)", x[0], x[-1])),
            *_source("by", "y 0 v", clamped("v(bl,vss)", y[0], y[-1])),
            *_source("bcell", "bl vss i", f"{_gate(cell)} * {tensor_spline(cell.direct, 'v(x)', 'v(y)')}"),
            f".ends {cell.name}",
        ]
    read = polynomial(cell.read, "v(st,vss)")
    lines += [
        f".subckt {cell.name}_read st wlr bl vss",
        *_source("bcell", "bl vss i", f"{_gate(cell)} * {number(cell.unit_A)} * {read}"),
        f".ends {cell.name}_read",
    ]
    return "\n".join(lines) + "\n"


def _gate(cell: ExportedCell) -> str:
    return clamped(f"v(wlr,vss) / {number(cell.supply_V)}", 0.0, 1.0)


def _source(name: str, target: str, formula: str) -> list[str]:
    """`name target = formula`, continued over as many lines as it needs."""
    first, *others = textwrap.wrap(
        f"{name} {target} = {formula}", _WIDTH, break_long_words=False, break_on_hyphens=False
    )
    return [first, *(f"+ {line}" for line in others)]

"""Draw the schematics of all circuits into this folder: python docs/schematics/draw.py [NAME...]

A drawing that is not the circuit of its netlist, or whose texts and wires collide, is said and not written.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from drawing.connect import differences
from drawing.lint import collisions
from drawing.netlist import Circuit, circuits
from drawing.page import Page, svg
from sheets import pages

HERE = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    known = circuits()
    wrong = 0
    for page in pages(known):
        if names and page.name not in names:
            continue
        found = faults(page, known)
        for fault in found:
            print(f"{page.name}: {fault}")
        if not found:
            (HERE / f"{page.name}.svg").write_text(svg(page, known), "utf-8")
        wrong += len(found)
    return 1 if wrong else 0


def faults(page: Page, known: Mapping[str, Circuit]) -> list[str]:
    """What is wrong with the drawings of a page, a line each."""
    all_circuits = {**known, **page.decks}
    return [
        f"{sheet.circuit}: {fault}"
        for sheet in page.sheets
        for check in (differences, collisions)
        for fault in check(sheet, all_circuits[sheet.circuit])
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

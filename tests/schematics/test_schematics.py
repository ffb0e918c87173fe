"""The schematics in docs/schematics are the circuits in netlists/: devices, types, terminals, nets, sizes."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from gaincell_char.cli.circuits import command

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schematics"
sys.path.insert(0, str(FOLDER))

import draw  # noqa: E402
from drawing.connect import differences  # noqa: E402
from drawing.lint import collisions  # noqa: E402
from drawing.netlist import NETLISTS, Circuit, circuits  # noqa: E402
from drawing.page import Page, svg  # noqa: E402
from drawing.sheet import Sheet  # noqa: E402
from drawing.symbols import INVERTER, NFET, PFET  # noqa: E402
from sheets import pages  # noqa: E402

KNOWN = circuits()
PAGES = {page.name: page for page in pages(KNOWN)}
SHEETS = {(page.name, sheet.circuit): (sheet, {**KNOWN, **page.decks}[sheet.circuit])
          for page in PAGES.values() for sheet in page.sheets}  # fmt: skip


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_drawing_is_its_netlist_and_legible(page: Page) -> None:
    assert draw.faults(page, KNOWN) == []


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_file_is_the_drawing(page: Page) -> None:
    written = (FOLDER / f"{page.name}.svg").read_text("utf-8")
    assert written == svg(page, KNOWN), "python docs/schematics/draw.py draws it again"
    assert "prefers-color-scheme:dark" in written
    ElementTree.fromstring(written)


def test_every_subcircuit_is_drawn_once() -> None:
    drawn = [sheet.circuit for page in PAGES.values() for sheet in page.sheets if sheet.circuit not in page.decks]
    assert sorted(drawn) == sorted(KNOWN)


@pytest.mark.parametrize(("sheet", "circuit"), SHEETS.values(), ids=["-".join(key) for key in SHEETS])
def test_two_terminals_exchanged_in_the_netlist_are_seen(sheet: Sheet, circuit: Circuit) -> None:
    for name, device in circuit.devices.items():
        (first, one), *others = device.nets.items()
        second, other = next((terminal, net) for terminal, net in others if net != one)
        changed = replace(device, nets={**device.nets, first: other, second: one})
        assert differences(sheet, replace(circuit, devices={**circuit.devices, name: changed}))


@pytest.mark.parametrize(("sheet", "circuit"), SHEETS.values(), ids=["-".join(key) for key in SHEETS])
def test_every_wire_matters(sheet: Sheet, circuit: Circuit) -> None:
    for index in range(len(sheet.wires)):
        assert differences(replace(sheet, wires=sheet.wires[:index] + sheet.wires[index + 1 :]), circuit)


def test_netlist_as_another_reader_counts_it() -> None:
    """Lines that begin with a device's letter, by hand: what the drawings are compared with has lost none."""
    for file in NETLISTS.glob("*.lib"):
        inside, counted = "", 0
        for line in file.read_text("utf-8").splitlines():
            if line.startswith(".subckt"):
                inside, counted = line.split()[1], 0
            elif line.startswith(".ends"):
                assert counted == len(KNOWN[inside].devices), inside
            else:
                counted += line[:1] in tuple("mxcrvbie")


def test_changes_are_named() -> None:
    sheet, circuit = SHEETS["gain_cell", "gain_cell"]
    mrn = circuit.devices["mrn"]
    thin = replace(circuit, devices={**circuit.devices, "mrn": replace(mrn, kind="nfet")})
    assert differences(sheet, thin) == ["mrn is drawn as nfet_thick, the netlist has nfet"]
    without = {name: each for name, each in circuit.devices.items() if name != "cst"}
    assert differences(sheet, replace(circuit, devices=without)) == ["cst is drawn and not in the netlist"]
    more = {**circuit.devices, "cst2": circuit.devices["cst"]}
    assert differences(sheet, replace(circuit, devices=more)) == ["cst2 is in the netlist and not drawn"]
    body = replace(mrn, nets={**mrn.nets, "b": "vdd"})
    found = differences(sheet, replace(circuit, devices={**circuit.devices, "mrn": body}))
    assert found == ["mrn.b is not drawn, so it is on vss; the netlist has vdd"]
    assert differences(sheet, replace(circuit, pins=(*circuit.pins, "extra"))) == [
        "pin extra of the netlist is not drawn"
    ]


def test_sizes_are_those_of_the_netlist() -> None:
    page, circuit = PAGES["gain_cell"], KNOWN["gain_cell"]
    wide = replace(circuit.devices["mrn"], values={"w": 200e-9, "l": 2e-6})
    drawn = svg(page, {**KNOWN, "gain_cell": replace(circuit, devices={**circuit.devices, "mrn": wide})})
    assert ">0.2/2<" in drawn
    assert ">0.2/2<" not in svg(page, KNOWN)


def two_inverters(bend: int) -> Sheet:
    s = Sheet("pair")
    s.add("x1", INVERTER, 40, 40)
    s.add("x2", INVERTER, 160, 40 + bend)
    s.wire("x1.y", (130, None), (None, 40 + bend), "x2.a")
    return s


def test_a_wire_that_crosses_is_not_connected() -> None:
    sheet = two_inverters(40)
    device = replace(
        KNOWN["pulse_counter"].devices["xsn"], name="x1", nets={"a": "p", "y": "q", "vdd": "vdd", "vss": "vss"}
    )
    pair = Circuit(
        "pair", ("p", "r"), {"x1": device, "x2": replace(device, name="x2", nets={**device.nets, "a": "q", "y": "r"})}
    )
    sheet.port("p", "x1.a", "left")
    sheet.port("r", "x2.y", "right")
    assert differences(sheet, pair) == []
    sheet.wire((120, 60), (140, 60))
    assert any("where nothing is" in fault for fault in differences(sheet, pair))
    assert not any("joins" in fault for fault in differences(sheet, pair))


def test_collisions_are_named() -> None:
    circuit = Circuit("pair", (), {})
    sheet = two_inverters(0)
    assert collisions(sheet, circuit) == []
    sheet.label("q", (130, 42), "right")
    assert any("is crossed by a wire" in fault for fault in collisions(sheet, circuit))
    through = two_inverters(0)
    through.wire((0, 40), (200, 40))
    assert any("runs through x1" in fault for fault in collisions(through, circuit))
    close = Sheet("close")
    close.add("m1", NFET, 40, 40)
    close.add("m2", PFET, 60, 40)
    assert any("m1 overlaps m2" in fault for fault in collisions(close, circuit))


def test_every_picture_of_the_docs_is_there_and_every_schematic_is_shown() -> None:
    docs = FOLDER.parent
    shown = set()
    for text in [docs.parent / "README.md", *docs.glob("*.md")]:
        for target in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", text.read_text("utf-8")):
            if "://" not in target:
                picture = (text.parent / target).resolve()
                assert picture.is_file(), f"{text.name}: {target}"
                shown.add(picture)
    assert {path.resolve() for path in FOLDER.glob("*.svg")} <= shown


def test_the_command_says_where_a_drawing_is() -> None:
    for name in ("gain_cell", "write_driver", "front_end"):
        expected = str(FOLDER / f"{name}.svg")
        shown = CliRunner(env={"COLUMNS": "80"}).invoke(command, [name])
        assert f"schematic: {expected}\n" in shown.output
        assert json.loads(CliRunner().invoke(command, [name, "--json"]).output)["schematic"] == expected

"""`gaincell circuits`, as a user types it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from gaincell_char.circuits.testbench import circuit
from gaincell_char.cli import main
from gaincell_char.cli.circuits import command


def test_the_list_names_every_circuit_and_how_to_go_on() -> None:
    shown = CliRunner().invoke(command, [])
    assert shown.exit_code == 0
    assert "gain_cell.retention" in shown.output
    assert "gaincell circuits NAME" in shown.output


def test_the_table_shows_every_parameter_axis_and_column() -> None:
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(command, ["gain_cell"])
    found = circuit("gain_cell")
    names = [each.name for each in found.parameters]
    names += [axis.name for bench in found.testbenches for axis in bench.axes]
    names += [column for bench in found.testbenches for column in bench.columns]
    assert shown.exit_code == 0
    assert [name for name in names if name not in shown.output] == []


def test_json_carries_units_defaults_bounds_and_meaning() -> None:
    shown = json.loads(CliRunner().invoke(command, ["gain_cell", "--json"]).output)
    wn = next(each for each in shown["parameters"] if each["name"] == "gain_cell.wn")
    assert wn == {
        "name": "gain_cell.wn",
        "unit": "m",
        "default": 8e-08,
        "low": 4e-08,
        "high": 5e-06,
        "meaning": "width of the N read device (thick oxide)",
    }
    iv = shown["testbenches"][0]
    assert (iv["name"], iv["columns"]) == ("gain_cell.iv", {"current_A": "A"})
    assert [axis["name"] for axis in iv["axes"]] == ["v_store_V", "v_bl_V"]


def test_an_unknown_circuit_is_one_line_and_exit_2(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["gaincell", "circuits", "gian_cell"])
    with pytest.raises(SystemExit) as left:
        main.main()
    assert left.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "gaincell: unknown circuit 'gian_cell'; did you mean gain_cell?\n"

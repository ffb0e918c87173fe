"""The account of a token: the paper's figures from its constants, ours part by part, areas by hand."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from measured_head import circuit, head
from synthetic_circuit import piecewise

from gaincell_char.behavior import load_model, save_model
from gaincell_char.cli import main
from gaincell_char.cli.cost import command
from gaincell_char.cost.area import area, head_area, known_subcircuits
from gaincell_char.cost.geometry import Geometry
from gaincell_char.cost.ledger import measured_account, published_account, sentence
from gaincell_char.cost.lines import measured_lines
from gaincell_char.errors import InputError

HEAD = head()


def test_the_paper_is_reproduced_from_its_constants() -> None:
    found = published_account(Geometry())
    assert found["energy_J"]["head"] == pytest.approx(6.15e-9)
    assert found["energy_J"]["layer"] == pytest.approx(73.8e-9)
    assert found["latency"]["total_s"] == 65e-9
    assert {line["evidence"] for line in found["lines"]} == {"published"}
    for gpu in found["gpu"]:
        assert gpu["latency_ratio"] == pytest.approx(gpu["published_latency_ratio"], rel=1e-3)
        assert gpu["energy_ratio"] == pytest.approx(gpu["published_energy_ratio"], rel=1e-3)
    assert [gpu["published_latency_ratio"] for gpu in found["gpu"]] == [344, 7521]
    assert [gpu["published_energy_ratio"] for gpu in found["gpu"]] == [97266, 43981]
    assert "one query" in found["gpu_caveat"]


def test_the_bundled_circuits_are_within_what_they_were_designed_to() -> None:
    found = measured_account(load_model("cmos28"), Geometry())
    assert 0.4e-9 < found["energy_J"]["key"] <= 0.8e-9
    assert 0.4e-9 < found["energy_J"]["value"] <= 0.7e-9
    assert found["energy_J"]["head"] < 6.15e-9
    assert 45e-9 < found["latency"]["total_s"] <= 65e-9


def test_a_longer_window_of_the_paper_is_assumed() -> None:
    found = published_account(Geometry(window=2048))
    assert found["energy_J"]["head"] == pytest.approx(2 * 5.82e-9 + 0.33e-9)
    assert [line["evidence"] for line in found["lines"]] == ["assumed"] * 3 + ["published"]
    assert found["gpu"] == []  # they read 1024 tokens


def test_every_part_of_the_model_is_a_line() -> None:
    energy = HEAD.energy
    lines = {line.name: line for line in measured_lines(HEAD, Geometry())}
    for part in energy.parts:
        assert lines[part.name].energy_J == pytest.approx(part.count * part.energy_J)
        assert lines[part.name].largest_J == pytest.approx(part.count * part.largest_J)
        assert lines[part.name].evidence == part.evidence
    assert set(lines) == {part.name for part in energy.parts} | {"refresh"}
    account = measured_account(HEAD, Geometry(heads=3, layers=5))
    sums = account["energy_J"]
    assert sums["circuits"] == pytest.approx(sum(line.energy_J for line in lines.values()))
    assert sums["head"] == pytest.approx(sums["circuits"] + 4.33e-9)
    assert (sums["layer"], sums["model"]) == pytest.approx((3 * sums["head"], 15 * sums["head"]))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 64), st.integers(1, 8))
def test_lines_follow_what_they_are_paid_for(tiles: int, tall: int) -> None:
    small, large = (
        {line.name: line for line in measured_lines(HEAD, geometry)}
        for geometry in (Geometry(), Geometry(window=64 * tall * tiles, tile=64 * tall))
    )
    tokens, factor = tiles * tall / 16, tiles / 16
    for name in ("cells, key", "cells, value", "word lines, key", "ReLU converters", "word-line buffers"):
        assert large[name].energy_J == pytest.approx(tokens * small[name].energy_J)
        assert large[name].evidence == small[name].evidence
    for name in ("signed converters", "counters", "references, value"):
        assert large[name].energy_J == pytest.approx(factor * small[name].energy_J)
        assert large[name].evidence == ("measured" if tall == 1 else "assumed")
    assert large["write drivers"].energy_J == small["write drivers"].energy_J


def test_power_at_rest_is_that_of_the_columns_that_were_measured() -> None:
    assert measured_account(HEAD, Geometry(window=2048))["idle_W"] == pytest.approx(2 * HEAD.energy.idle_W)
    assert measured_account(HEAD, Geometry(tile=128))["idle_W"] is None


def test_a_started_tile_is_paid_in_full() -> None:
    assert measured_account(HEAD, Geometry(window=65))["geometry"]["tiles"] == 2
    whole, started = (measured_lines(HEAD, Geometry(window=window)) for window in (128, 65))
    assert [line.energy_J for line in whole] == [line.energy_J for line in started]


def test_tokens_that_outlive_their_cells_are_written_again() -> None:
    """0.8 us a token, tau 5 ms: 1024 tokens live 0.8 ms; 16384 live 13.1 ms and are written twice again."""
    kept, lost = (
        {line.name: line for line in measured_lines(HEAD, Geometry(window=window))} for window in (1024, 16384)
    )
    assert kept["refresh"].energy_J == 0
    assert lost["refresh"].energy_J == pytest.approx(2 * lost["write drivers"].energy_J)
    assert "2 times" in lost["refresh"].meaning


def at_supply(vdd_V: float, factor: float):
    """`HEAD` whose converters, with `factor` times the energy, were measured at `vdd_V` too."""
    converters = {}
    for name in ("charge_to_pulse", "signed_charge_to_pulse"):
        converter = getattr(HEAD, name)
        (nominal,) = converter.transfers
        there = nominal.condition.model_copy(update={"vdd_V": vdd_V})
        rows = (factor * np.array(nominal.energy_J.coefficients)).tolist()
        energy = piecewise(nominal.energy_J.knots, rows, "C", "J")
        other = nominal.model_copy(update={"condition": there, "energy_J": energy})
        converters[name] = converter.model_copy(update={"transfers": [nominal, other]})
    return HEAD.model_copy(update=converters)


def test_another_supply_is_measured_where_it_was_and_else_assumed() -> None:
    model = at_supply(0.8, 0.5)
    nominal, low = ({line.name: line for line in measured_lines(model, Geometry(), vdd)} for vdd in (None, 0.8))
    for name in ("ReLU converters", "signed converters", "references, key"):
        assert low[name].energy_J == pytest.approx(0.5 * nominal[name].energy_J)
        assert low[name].evidence == "measured"
    for name in ("cells, key", "counters", "write drivers"):
        assert low[name].energy_J == pytest.approx((0.8 / 0.9) ** 2 * nominal[name].energy_J)
        assert low[name].evidence == "assumed"
    assert measured_account(model, Geometry(), 0.8)["latency"] is None


def test_what_cannot_be_had_is_refused() -> None:
    with pytest.raises(InputError, match=r"--supply 0.7: synthetic has its converters at 0.9 V"):
        measured_lines(HEAD, Geometry(), 0.7)
    with pytest.raises(InputError, match="the energy of its circuits was not measured"):
        measured_lines(circuit(), Geometry())
    with pytest.raises(InputError, match="window: 0; expected 1 or more"):
        Geometry(window=0)


def test_gate_areas_are_those_of_the_netlists_by_hand() -> None:
    known = known_subcircuits()
    assert area(known, "inverter", {}).gate_m2 == pytest.approx(300e-9 * 30e-9)
    assert area(known, "inverter", {"wn": 1e-6, "lg": 60e-9}).gate_m2 == pytest.approx(1.2e-6 * 60e-9)
    cell = area(known, "gain_cell", {})
    read, select, write = 80e-9 * (2e-6 + 0.55e-6), 2 * 100e-9 * 30e-9, 2 * 100e-9 * 150e-9
    assert cell.gate_m2 == pytest.approx(read + select + write)
    assert cell.capacitance_F == pytest.approx(10e-15)
    front = area(known, "front_end", {"cint_F": 225e-15})
    assert front.gate_m2 == pytest.approx(2.0e-6 * 3.8 * 100e-9 + 800e-9 * (150e-9 + 30e-9))
    assert front.capacitance_F == pytest.approx(225e-15)
    units = area(known, "unit_source", {"units": 8.0, "scale": 3.0, "wp": 80e-9, "ckick_F": 14e-15})
    assert units.gate_m2 == pytest.approx(8 * (9 * 80e-9 * 0.55e-6 + 3 * 100e-9 * 30e-9))
    idle = area(known, "idle_column", {})
    assert idle.gate_m2 == pytest.approx(64 * cell.gate_m2)
    with pytest.raises(InputError, match="no subcircuit nothing"):
        area(known, "nothing", {})


def test_a_wider_cell_is_a_larger_head() -> None:
    wide = HEAD.model_copy(update={"parameters": {"gain_cell.wn": 160e-9}})
    before, after = ({line.name: line for line in head_area(Geometry(), model)} for model in (HEAD, wide))
    grown = after["gain_cell"].each.gate_m2 - before["gain_cell"].each.gate_m2
    assert grown == pytest.approx(80e-9 * 2e-6)
    assert before["gain_cell"].count == 2 * 65536
    assert {name: line for name, line in after.items() if name != "gain_cell"} == {
        name: line for name, line in before.items() if name != "gain_cell"
    }


def test_the_command_prints_what_it_counts(tmp_path) -> None:
    path = tmp_path / "head.json"
    save_model(HEAD, path)
    shown = CliRunner(env={"COLUMNS": "160"}).invoke(command, ["--model", str(path)])
    assert shown.exit_code == 0, shown.output
    found = json.loads(CliRunner().invoke(command, ["--model", str(path), "--json"]).output)
    assert found["sentence"] == sentence(found)
    assert found["sentence"] in shown.output
    for line in found["lines"]:
        assert re.search(rf"^{re.escape(line['name'])} .*{1e12 * line['energy_J']:.1f} .*{line['evidence']}",
                         shown.output, re.MULTILINE)  # fmt: skip
    published = CliRunner(env={"COLUMNS": "160"}).invoke(command, ["--constants", "published"])
    assert "6.15 nJ in one head, 73.8 nJ in 12 heads" in published.output


def test_published_figures_take_no_circuit(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["gaincell", "cost", "--constants", "published", "--supply", "0.8"])
    with pytest.raises(SystemExit) as left:
        main.main()
    assert left.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1

"""Open PDKs: found in an installed package, given our cell by name, swept and fitted. A stand-in package of square-law
devices takes the place of the real ones, so all of it runs on every machine; what needs the real ones skips without."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from open_pdks import VERSION, fake_package, read_current_A

from gaincell_char.circuits.ported import netlist_lines, ported
from gaincell_char.circuits.testbench import Setting, testbench
from gaincell_char.cli import circuits as circuits_command
from gaincell_char.cli import main
from gaincell_char.errors import EnvironmentFault, InputError
from gaincell_char.fit.iv import fit_iv
from gaincell_char.spice.types import Deck
from gaincell_char.sweep.identity import identify
from gaincell_char.sweep.overrides import Overrides, override
from gaincell_char.sweep.run import prepare, run_sweep
from gaincell_char.sweep.section import validated
from gaincell_char.sweep.spec import Spec, load_spec
from gaincell_char.sweep.translate import in_technology, translation
from gaincell_char.technology import technologies, technology
from gaincell_char.technology.open_pdk import OpenPdk

PDKS = ("freepdk45", "sky130")
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "technology.md"


def pdk(name: str) -> OpenPdk:
    found = technology(name)
    assert isinstance(found, OpenPdk)
    return found


@pytest.fixture(params=PDKS)
def faked(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenPdk:
    """A PDK whose package is the stand-in, before a real one on the path."""
    devices = pdk(request.param)
    fake_package(devices, tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    return devices


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)


def deck_of(devices: OpenPdk, corner: str = "tt") -> tuple[Setting, Deck]:
    bench = ported(testbench("gain_cell.iv"), devices)
    values = {each.name: each.default for each in bench.parameters}
    axes = {axis.name: axis.default for axis in bench.axes}
    setting = Setting(devices.name, corner, 27.0, devices.vdd_V, values, axes)
    return setting, bench.deck(setting)


def coarse(devices: OpenPdk) -> Spec:
    volts = devices.vdd_V
    axes = {"v_store_V": {"start": 0.0, "stop": volts, "num": 21},
            "v_bl_V": {"start": volts / 4, "stop": 3 * volts / 4, "num": 9}}  # fmt: skip
    document = {"name": "coarse", "testbench": "gain_cell.iv", "technology": devices.name, "axes": axes}
    return validated(Spec, document, "coarse")


def test_the_package_is_found_and_read_in_place(faked: OpenPdk, tmp_path: Path) -> None:
    assert faked.installed == f"{faked.distribution} {VERSION}"
    assert all(path.is_relative_to(tmp_path / "site") for path in faked.files)
    assert faked.lib_line("ss").splitlines() == [f".include '{path}'" for path in faked.files_at("ss")]


def test_corners_are_those_of_the_pdk() -> None:
    assert technology("freepdk45").corners == ("tt", "ff", "ss")
    assert technology("sky130").corners == ("tt", "ff", "ss", "sf", "fs")
    with pytest.raises(InputError, match="freepdk45: unknown corner 'fs'"):
        technology("freepdk45").files_at("fs")


def test_a_deck_names_the_devices_of_the_pdk_and_no_other(faked: OpenPdk) -> None:
    _, deck = deck_of(faked)
    models = [line.split()[5] for line in deck.text.splitlines() if re.match(r"m\w", line)]
    assert sorted(set(models)) == sorted(set(faked.models.values()))
    assert len(models) == 6


def test_the_key_hangs_on_the_pdks_files_of_the_corner_only(faked: OpenPdk) -> None:
    def key(corner: str) -> str:
        setting, deck = deck_of(faked, corner)
        assert set(faked.files_at(corner)) <= set(deck.files)
        return identify(testbench("gain_cell.iv"), setting, deck, "ngspice").key

    before = {corner: key(corner) for corner in ("tt", "ss")}
    edited = faked.files_at("tt")[-1]
    edited.write_text(edited.read_text() + "* edited\n")
    assert key("tt") != before["tt"]
    assert key("ss") == before["ss"]


@pytest.mark.ngspice
def test_the_cell_has_the_square_law_current_and_is_fitted(faked: OpenPdk, tmp_path: Path) -> None:
    dataset = run_sweep(coarse(faked), store=tmp_path / "s.sqlite", workers=1)
    held = dataset.good[np.isclose(dataset.good["v_bl_V"], faked.vdd_V / 2)]
    assert len(held) == 21
    expected = [read_current_A(faked, v) for v in held["v_store_V"]]
    assert np.allclose(held["current_A"], expected, rtol=0, atol=2e-4 * np.abs(expected).max())
    fitted = fit_iv(dataset)["tt"]
    assert fitted.zero_crossing_V == pytest.approx(np.interp(0.0, expected, held["v_store_V"]), abs=0.005)
    assert fitted.condition.vdd_V == faked.vdd_V


@pytest.mark.ngspice
def test_the_command_line_sweeps_a_bundled_spec_in_a_pdk(faked: OpenPdk, tmp_path: Path, monkeypatch, capsys) -> None:
    arguments = ["sweep", "run", "gain_cell_iv", "--technology", faked.name, "--corner", "tt", "-j", "1"]
    files = ["--store", str(tmp_path / "s.sqlite"), "-o", str(tmp_path / "iv.json")]
    monkeypatch.setattr("sys.argv", ["gaincell", *arguments, *files, "--json"])
    main.main()
    shown = capsys.readouterr()
    assert json.loads(shown.out)["limits"] == []
    assert f"scaled by {faked.vdd_V / 0.9:.4g} for {faked.name} ({faked.vdd_V:g} V)" in shown.err
    assert (tmp_path / "iv.json").is_file()


@pytest.mark.parametrize("name", PDKS)
def test_without_the_package_a_sweep_is_one_line_and_exit_4(name, nothing_installed, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["gaincell", "sweep", "run", "gain_cell_iv", "--technology", name])
    with pytest.raises(SystemExit) as left:
        main.main()
    assert left.value.code == 4
    shown = capsys.readouterr()
    assert shown.out == ""
    last = shown.err.splitlines()[-1]
    assert last == f"gaincell: {name}: the package {pdk(name).distribution} is not installed: {pdk(name).install}"


def test_a_package_without_the_file_says_which(faked: OpenPdk) -> None:
    gone = faked.files_at("ff")[0]
    gone.unlink()
    with pytest.raises(EnvironmentFault, match=re.escape(str(gone))):
        faked.lib_line("ff")


def test_no_code_of_a_pdk_is_imported(faked: OpenPdk) -> None:
    deck_of(faked)
    assert not any(module == "c4m" or module.startswith("c4m.") for module in sys.modules)


def test_circuits_lists_technologies_and_how_to_install_them(nothing_installed: None) -> None:
    shown = CliRunner().invoke(circuits_command.command, [])
    assert shown.exit_code == 0
    for name in PDKS:
        assert f"technology {name}" in shown.output
        assert f"not installed: {pdk(name).install}" in shown.output


def test_circuits_shows_a_circuit_in_a_technology() -> None:
    shown = CliRunner().invoke(circuits_command.command, ["gain_cell", "--technology", "sky130", "--json"])
    parameters = {each["name"]: each for each in json.loads(shown.output)["parameters"]}
    assert parameters["gain_cell.lsel"]["default"] == parameters["gain_cell.lsel"]["low"] == 150e-9
    assert parameters["gain_cell.bl_V"]["default"] == 0.9
    assert CliRunner().invoke(circuits_command.command, ["--technology", "sky130"]).exit_code == 2


@pytest.mark.parametrize("name", PDKS)
def test_sizes_are_within_the_bounds_and_the_bit_line_is_at_half_the_supply(name: str) -> None:
    devices = pdk(name)
    bench = ported(testbench("gain_cell.iv"), devices)
    assert all(each.low <= each.default <= each.high for each in bench.parameters)
    assert devices.design["gain_cell.bl_V"] == devices.design["gain_cell.wbl_hold_V"] == devices.vdd_V / 2
    assert {each.name for each in bench.parameters} >= devices.design.keys()


def test_a_circuit_without_sizes_is_refused() -> None:
    with pytest.raises(InputError, match="freepdk45 has no sizes for charge_to_pulse; it has them for gain_cell"):
        ported(testbench("charge_to_pulse.transfer"), technology("freepdk45"))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "freepdk45: gain_cell.wn is not given; the default of the netlist is of another technology"),
        ({"gain_cell.lsel": 40e-9}, "freepdk45: gain_cell.lsel: 40 nm is below 50 nm, the smallest here"),
    ],
)
def test_a_deck_with_a_size_that_the_pdk_does_not_have_is_refused(parameters, message: str) -> None:
    values = {**pdk("freepdk45").design, **parameters} if parameters else {}
    with pytest.raises(InputError, match=message):
        testbench("gain_cell.iv").deck(Setting("freepdk45", "tt", 27.0, 1.0, values))


def test_a_device_that_the_pdk_does_not_have_is_refused(tmp_path: Path) -> None:
    netlist = tmp_path / "odd.lib"
    netlist.write_text("* odd\n.subckt odd a b\nm1 a b 0 0 nfet_lvt w=1u l=1u\n.ends odd\n")
    with pytest.raises(InputError, match=r"odd.lib:3: 'nfet_lvt' is none of nfet, pfet"):
        netlist_lines(netlist, pdk("sky130").models)


def test_the_netlist_of_our_own_technology_is_included_as_it_is(tmp_path: Path) -> None:
    assert netlist_lines(tmp_path / "cell.lib", technology("cmos28").models) == f".include '{tmp_path / 'cell.lib'}'"
    bench = testbench("gain_cell.iv")
    assert ported(bench, technology("cmos28")) is bench


def test_a_spec_of_another_technology_has_its_voltages_scaled() -> None:
    spec = load_spec("gain_cell_iv")
    there = in_technology(spec, "freepdk45")
    stored, lines = there.axes["v_store_V"], there.axes["v_bl_V"]
    assert (len(stored), len(lines)) == (81, 17)
    assert {0.0, 1.0} <= set(stored)
    assert 0.5 in lines
    assert np.allclose(stored, np.linspace(-0.05, 0.95, 81) / 0.9, rtol=0, atol=1e-11)
    assert (there.corners, there.supplies_V, there.limits) == (["tt", "ff", "ss"], [1.0], {})
    assert "no corner sf, fs there" in translation(spec, "freepdk45")
    assert in_technology(spec, "cmos28") is spec
    assert translation(spec, "cmos28") == ""


def test_presets_zips_draws_and_parameters_in_volts_scale_and_others_do_not() -> None:
    document = {
        "name": "all", "testbench": "gain_cell.retention",
        "parameters": {"gain_cell.bl_V": 0.36, "gain_cell.lsel": 200e-9},
        "presets": {"hold": [{"wwl_V": -0.45, "wwlb_V": 1.35}]},
        "zip": {"z": {"gain_cell.edge_s": [1e-11, 2e-11], "gain_cell.wbl_hold_V": [0.0, 0.45]}},
        "draws": {"d": {"method": "random", "count": 2, "of": {"wbl_V": {"low": 0.36, "high": 0.45},
                                                               "gain_cell.wn": {"low": 1e-6, "high": 2e-6}}}},
    }  # fmt: skip
    there = in_technology(validated(Spec, document, "all"), "sky130").document()
    assert there["parameters"] == {"gain_cell.bl_V": 0.72, "gain_cell.lsel": 200e-9}
    assert there["presets"] == {"hold": [{"wwl_V": -0.9, "wwlb_V": 2.7}]}
    assert there["zip"] == {"z": {"gain_cell.edge_s": [1e-11, 2e-11], "gain_cell.wbl_hold_V": [0.0, 0.9]}}
    assert there["draws"]["d"]["of"]["wbl_V"] == {"low": 0.72, "high": 0.9}
    assert there["draws"]["d"]["of"]["gain_cell.wn"] == {"low": 1e-6, "high": 2e-6}


def test_what_the_command_line_gives_is_not_scaled() -> None:
    changes = Overrides(axes={"v_bl_V": [0.45]}, supplies_V=(0.95,), technology="freepdk45")
    there = override(load_spec("gain_cell_iv"), changes)
    assert (there.axes["v_bl_V"], there.supplies_V) == ([0.45], [0.95])


def test_a_relative_size_is_of_the_technologys_default(faked: OpenPdk) -> None:
    there = override(load_spec("gain_cell_iv"), Overrides(factors={"gain_cell.lrp": 1.1}, technology=faked.name))
    assert there.parameters["gain_cell.lrp"] == pytest.approx(1.1 * faked.design["gain_cell.lrp"])


def test_numbers_without_a_unit_are_not_translated() -> None:
    spec = load_spec("gain_cell_iv").model_copy(update={"filters": ["v_bl_V > 0.4"]})
    with pytest.raises(InputError, match="filters: written for cmos28; write a spec with `technology: sky130`"):
        in_technology(spec, "sky130")


def test_a_spec_of_a_pdk_has_its_supply_and_keeps_the_one_it_gives() -> None:
    document = {"name": "own", "testbench": "gain_cell.iv", "technology": "sky130"}
    assert validated(Spec, document, "own").supplies_V == [1.8]
    assert validated(Spec, {"name": "own", "testbench": "gain_cell.iv"}, "own").supplies_V == [0.9]
    given = validated(Spec, {**document, "supplies_V": [0.9]}, "own")
    assert validated(Spec, given.document(), "own").supplies_V == [0.9]


def test_a_spec_of_a_pdk_is_planned_at_the_pdks_voltages(faked: OpenPdk) -> None:
    spec = validated(Spec, {"name": "own", "testbench": "gain_cell.iv", "technology": faked.name}, "own")
    (task,) = prepare(spec).tasks
    assert task.setting.vdd_V == faked.vdd_V
    assert np.median(task.setting.axes["v_bl_V"]) == faked.vdd_V / 2
    assert dict(faked.design).items() <= dict(task.setting.parameters).items()


def row_of_document(name: str) -> list[float]:
    """The numbers of the technology's row in the comparison table."""
    line = next(line for line in DOCUMENT.read_text().splitlines() if line.startswith(f"| {name} | tt |"))
    return [float(cell) for cell in re.findall(r"(?<=\| )-?\d+\.\d+(?= \|)", line)]


@pytest.mark.ngspice
@pytest.mark.parametrize("name", ["cmos28", *PDKS])
def test_the_documented_currents_are_those_of_the_devices(name: str, tmp_path: Path) -> None:
    devices = technologies()[name]
    if devices.installed is None:
        pytest.skip(f"{name} is not installed: {devices.install}")
    vdd, empty_uA, full_uA, zero_V = row_of_document(name)[:4]
    axes = {"v_bl_V": [devices.vdd_V / 2], "v_store_V": [devices.vdd_V * step / 36 for step in range(37)]}
    changes = Overrides(axes=axes, corners=("tt",), technology=name)
    frame = run_sweep(load_spec("gain_cell_iv"), store=tmp_path / "s.sqlite", workers=1, overrides=changes).good
    current = frame["current_A"].to_numpy() * 1e6
    assert vdd == devices.vdd_V
    assert current[[0, -1]] == pytest.approx([empty_uA, full_uA], rel=0.002)
    assert np.interp(0.0, current, frame["v_store_V"]) == pytest.approx(zero_V, abs=2e-3)
    assert (np.diff(current) > 0).all()

"""Both engines with the real ngspice: against circuits with a known answer, against each other, and through faults."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from engine_circuits import DIVIDER, NMOS, oscillator, transistor

from gaincell_char.errors import InputError
from gaincell_char.spice.deck import build, include, library, options
from gaincell_char.spice.engine import open_engine
from gaincell_char.spice.keep import run_deck
from gaincell_char.spice.simulator import environment, program
from gaincell_char.spice.types import Engine, FailureKind, SimulationFailure

pytestmark = pytest.mark.ngspice


def test_a_divider(engine: Engine) -> None:
    waves = engine.run(DIVIDER)
    assert waves.scale_name == "v-sweep"
    np.testing.assert_allclose(waves.scale, [0, 0.25, 0.5, 0.75, 1], atol=1e-15)
    np.testing.assert_allclose(waves.vectors["v(out)"], 0.75 * waves.scale, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(waves.vectors["i(v1)"], -waves.scale / 4e3, rtol=1e-6, atol=1e-15)


def test_an_operating_point(engine: Engine) -> None:
    deck = build("point", ["v1 a 0 0.9", "r1 a b 1e3", "r2 b 0 2e3"], ".op", ["v(b)"])
    waves = engine.run(deck)
    assert waves.scale_name == "index"
    np.testing.assert_allclose(waves.vectors["v(b)"], [0.6], rtol=1e-9)


def test_a_capacitor_charges_exponentially(engine: Engine) -> None:
    lines = ["v1 in 0 pulse(0 1 1e-9 1e-15 1e-15 1 2)", "r1 in out 1e3", "c1 out 0 1e-12", options({"reltol": 1e-6})]
    waves = engine.run(build("rc", lines, ".tran 1e-11 6e-9 0 2e-12", ["v(out)"]))
    assert waves.scale_name == "time"
    assert waves.scale[-1] == pytest.approx(6e-9, rel=1e-9)
    after = waves.scale > 1.001e-9
    expected = 1 - np.exp(-(waves.scale[after] - 1e-9) / 1e-9)
    np.testing.assert_allclose(waves.vectors["v(out)"][after], expected, atol=2e-6)


def test_a_diode_follows_its_law(engine: Engine) -> None:
    deck = build("diode", ["v1 a 0 0", "d1 a 0 dd", ".model dd d is=1e-14 n=1.2"], ".dc v1 0.2 0.7 0.05", ["i(v1)"])
    waves = engine.run(deck)
    thermal = 1.38064852e-23 * 300.15 / 1.6021766208e-19
    expected = 1e-14 * np.expm1(waves.scale / (1.2 * thermal)) + 1e-12 * waves.scale  # gmin sits across the junction
    np.testing.assert_allclose(-waves.vectors["i(v1)"], expected, rtol=1e-5)


def test_an_initial_condition_without_uic(engine: Engine) -> None:
    """The stored node starts where `.ic` puts it, and everything around it at its operating point."""
    lines = ["v1 rail 0 0.9", "r1 rail mid 1e3", "r2 mid 0 1e3", "c1 st 0 1e-14", "r3 st mid 1e9", ".ic v(st)=0.2"]
    waves = engine.run(build("kept", lines, ".tran 1e-7 1e-5", ["v(st)", "v(mid)"]))
    np.testing.assert_allclose(waves.vectors["v(mid)"], 0.45, rtol=1e-5)
    expected = 0.45 - 0.25 * np.exp(-waves.scale / 1e-5)
    np.testing.assert_allclose(waves.vectors["v(st)"], expected, atol=1e-4)


def test_a_nested_sweep_is_flat_with_the_inner_source_fastest(engine: Engine) -> None:
    waves = engine.run(transistor(gate_points=4, drain_points=7))
    drain, gate = np.linspace(0, 0.9, 7), np.linspace(0, 0.9, 4)
    np.testing.assert_allclose(waves.scale, np.tile(drain, 4), atol=1e-12)
    np.testing.assert_allclose(waves.vectors["v(d)"].reshape(4, 7), np.broadcast_to(drain, (4, 7)), atol=1e-12)
    np.testing.assert_allclose(waves.vectors["v(g)"].reshape(4, 7), np.broadcast_to(gate[:, None], (4, 7)), atol=1e-12)
    current = -waves.vectors["i(vd)"].reshape(4, 7)
    assert np.all(np.diff(current[:, -1]) > 0)
    assert np.all(np.diff(current[-1]) > 0)


def test_both_engines_give_the_same_numbers() -> None:
    rc = build("rc", ["v1 a 0 pulse(0 1 1e-9 1e-11 1e-11 3e-9 1)", "r1 a b 1e3", "c1 b 0 1e-12", "d1 b 0 dd",
                      ".model dd d is=1e-12"], ".tran 1e-11 6e-9", ["v(b)", "i(v1)"])  # fmt: skip
    names = build("names", ["v1 a 0 1", "x1 a s", ".subckt s a", "vm a q 0", "r1 q 0 1e3", ".ends", "d1 a 0 dd",
                            ".model dd d is=1e-15"], ".dc v1 0 1 1", ["v(x1.q)", "i(v.x1.vm)", "@d1[id]"])  # fmt: skip
    batch, session = open_engine("batch"), open_engine("session")
    for deck in (DIVIDER, transistor(), rc, names):
        one, other = batch.run(deck), session.run(deck)
        assert one.scale_name == other.scale_name
        np.testing.assert_allclose(one.scale, other.scale, rtol=1e-6)
        for name in deck.vectors:
            size = np.abs(one.vectors[name]).max()
            np.testing.assert_allclose(one.vectors[name], other.vectors[name], rtol=1e-6, atol=1e-9 * size)
    session.close()


FAULTS = {
    "floating": (["i1 0 st 1e-9", "c1 st 0 1e-15", "v1 a 0 1"], FailureKind.SINGULAR, "node st"),
    "loop": (["v1 a 0 1", "v2 a 0 2", "r1 a 0 1e3"], FailureKind.SINGULAR, "loop of voltage sources"),
    "model parameter": (
        ["v1 a 0 1", "m1 a a 0 0 nch w=1e-6 l=1e-6", NMOS + " nonsense=3"],
        FailureKind.UNKNOWN_PARAMETER,
        "nonsense",
    ),
    "device parameter": (
        ["v1 a 0 1", "m1 a a 0 0 nch w=1e-6 l=1e-6 bogus=3", NMOS],
        FailureKind.UNKNOWN_PARAMETER,
        "bogus",
    ),
    "model": (["v1 a 0 1", "m1 a a 0 0 none w=1e-6 l=1e-6"], FailureKind.BAD_NETLIST, "no model none"),
    "undefined": (["v1 a 0 {nothing}", "r1 a 0 1e3"], FailureKind.BAD_NETLIST, "{nothing}"),
    "twice": (["v1 a 0 1", "r1 a 0 1e3", "r1 a 0 2e3"], FailureKind.BAD_NETLIST, "deck:4: r1 a 0 2e3"),
    "version": (
        [".model n nmos level=14 version=4.99", "v1 a 0 1", "m1 a a 0 0 n w=1e-6 l=1e-6"],
        FailureKind.BAD_NETLIST,
        "no BSIM4 version 4.99",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_the_next_deck_runs(engine: Engine, name: str) -> None:
    lines, kind, says = FAULTS[name]
    with pytest.raises(SimulationFailure) as caught:
        engine.run(build(name, lines, ".dc v1 0 1 0.5", ["v(a)"]))
    assert caught.value.kind is kind, caught.value
    assert says in caught.value.message
    assert engine.run(DIVIDER).vectors["v(out)"][-1] == pytest.approx(0.75)


def test_a_transient_that_does_not_converge(engine: Engine) -> None:
    lines = ["v1 a 0 pulse(0 1 1e-9 1e-12 1e-12 1e-9 2e-9)", "r1 b c 1", "c1 c 0 1e-12",
             "b1 b 0 v=v(b) > 0.5 ? -1e6*v(a) : 1e6*v(a)"]  # fmt: skip
    with pytest.raises(SimulationFailure) as caught:
        engine.run(build("jump", lines, ".tran 1e-12 1e-8", ["v(b)"]))
    assert caught.value.kind is FailureKind.NO_CONVERGENCE
    assert "s: trouble with node b" in caught.value.message
    assert float(caught.value.message.partition("at ")[2].split()[0]) == pytest.approx(1e-9, rel=0.01)


def test_a_stale_result_is_not_taken_for_a_new_one(engine: Engine) -> None:
    assert engine.run(transistor()).scale.size == 600
    with pytest.raises(SimulationFailure):
        engine.run(build("same names", ["vg g 0 0", "vd d 0 0", "vx d 0 1"], ".dc vd 0 1 1", ["i(vd)", "v(d)"]))


def test_a_vector_that_is_not_there(engine: Engine) -> None:
    with pytest.raises(SimulationFailure, match=r"no vector 'v\(ou\)'.*did you mean v\(out\)") as caught:
        engine.run(build("typo", ["v1 in 0 1", "r1 in out 1e3", "r2 out 0 1e3"], ".op", ["v(out)", "v(ou)"]))
    assert caught.value.kind is FailureKind.MISSING_VECTOR
    with pytest.raises(SimulationFailure) as caught:
        engine.run(build("typo", ["v1 in 0 1", "r1 in 0 1e3"], ".dc v1 0 1 1", ["v(nope)"]))
    assert caught.value.kind is FailureKind.MISSING_VECTOR


def test_gmin_stepping_is_a_note_not_a_failure(engine: Engine) -> None:
    lines = ["v1 a 0 5", "r1 a b 1e3", "b1 b 0 i=1e-9*(exp(60*v(b))-1)"]  # Newton's first step overshoots by e^300
    waves = engine.run(build("steep", lines, ".op", ["v(b)"]))
    assert "Note: Starting dynamic gmin stepping" in waves.notes
    out = waves.vectors["v(b)"][0]
    assert 1e-9 * np.expm1(60 * out) == pytest.approx((5 - out) / 1e3, rel=1e-4)


def test_one_deck_leaves_nothing_behind_for_the_next(engine: Engine) -> None:
    plain = build("plain", ["v1 a 0 0.5", "r1 a b 1e3", "d1 b 0 dd", ".model dd d is=1e-14"], ".op", ["v(b)"])
    lines = ["v1 a 0 0.5", ".param q=2e3", "r1 a b {q}", "d1 b 0 dd", ".model dd d is=1e-11", ".temp 125", ".global b",
             options({"gmin": 1e-3, "reltol": 1e-2, "tnom": 50.0, "method": "gear"})]  # fmt: skip
    before = engine.run(plain).vectors["v(b)"]
    other = engine.run(build("other", lines, ".op", ["v(b)"])).vectors["v(b)"]
    assert abs(other[0] - before[0]) > 1e-3
    np.testing.assert_array_equal(engine.run(plain).vectors["v(b)"], before)


def test_a_hang_is_stopped_and_the_next_deck_runs(engine: Engine) -> None:
    start = time.monotonic()
    with pytest.raises(SimulationFailure) as caught:
        engine.run(oscillator(), timeout_s=1.0)
    assert caught.value.kind is FailureKind.TIMEOUT
    assert time.monotonic() - start < 10
    engine.run(DIVIDER)


@pytest.mark.parametrize("kind", ["batch", "session"])
def test_the_users_startup_file_is_ignored(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    for folder in (home, here):
        folder.mkdir()
        for name in (".spiceinit", "spice.rc"):
            (folder / name).write_text("set temp=125\nset ngbehavior=hsa\noption temp=125\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SPICE_USERINIT_DIR", str(home))
    monkeypatch.setenv("SPICE_ASCIIRAWFILE", "1")
    monkeypatch.chdir(here)
    deck = build("diode", ["i1 0 a 1e-6", "d1 a 0 dd", ".model dd d is=1e-14"], ".op", ["v(a)"])
    (tmp_path / "deck.cir").write_text(deck.text)
    bare = subprocess.run([program(), "-b", tmp_path / "deck.cir"], capture_output=True, text=True, cwd=here)
    assert "TEMP = 125" in bare.stdout  # the file would change results
    opened = open_engine(kind)
    thermal = 1.38064852e-23 * 300.15 / 1.6021766208e-19
    assert opened.run(deck).vectors["v(a)"][0] == pytest.approx(thermal * np.log(1e8), rel=1e-4)
    opened.close()
    assert sorted(path.name for path in here.iterdir()) == [".spiceinit", "spice.rc"]


@pytest.mark.parametrize("name", ["plain", "with blanks and ü", "deep" + "/long" * 60])
def test_libraries_in_any_folder(engine: Engine, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    (folder / "Value.inc").write_text("r1 a 0 1e3\n")
    (folder / "Cards.lib").write_text(".lib TT\n.include Value.inc\n.endl TT\n.lib ff\nr1 a 0 500\n.endl ff\n")
    for section, current in (("TT", -1e-3), ("ff", -2e-3)):
        deck = build("lib", ["v1 a 0 1", library(folder / "Cards.lib", section)], ".op", ["i(v1)"])
        assert engine.run(deck).vectors["i(v1)"][0] == pytest.approx(current)
    deck = build("inc", ["v1 a 0 1", include(folder / "Value.inc")], ".op", ["i(v1)"])
    assert engine.run(deck).vectors["i(v1)"][0] == pytest.approx(-1e-3)


def test_a_kept_deck_runs_by_hand(tmp_path: Path) -> None:
    folder = tmp_path / "with blank"
    folder.mkdir()
    (folder / "c.lib").write_text(".lib tt\nr1 a 0 1e3\n.endl\n")
    deck = build("by hand", ["v1 a 0 1", library(folder / "c.lib", "tt")], ".op", ["v(a)", "v(b)"])
    with pytest.raises(SimulationFailure, match="deck: ") as caught:
        run_deck(open_engine("batch"), deck, folder=tmp_path / "failed here")
    path = Path(caught.value.message.rpartition("deck: ")[2])
    raw = tmp_path / "out.raw"
    by_hand = subprocess.run(
        [program(), "-n", "-b", "-r", raw, path], capture_output=True, env=environment(), cwd=tmp_path
    )
    assert by_hand.returncode == 0, by_hand.stderr
    assert b"v(a)" in raw.read_bytes()


def test_identities_differ_by_engine() -> None:
    batch, session = open_engine("batch"), open_engine("session")
    assert batch.identity.endswith(" batch")
    assert session.identity.endswith(" session")
    assert batch.identity.split()[0] == session.identity.split()[0]
    session.close()
    with pytest.raises(InputError, match="did you mean batch"):
        open_engine("bach")

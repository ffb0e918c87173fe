"""Plans too large to hold: the same dataset and states, and no deck is written again to know what is left."""

from __future__ import annotations

import dataclasses
import itertools
import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import rc_bench
from conftest import SPEC, Command, make_spec
from hypothesis import given, settings
from hypothesis import strategies as st
from rc_bench import AnalyticEngine

from gaincell_char.sweep import combinations, names, run
from gaincell_char.sweep.combinations import Combinations, Rows
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.run import Prepared, prepare, run_sweep
from gaincell_char.sweep.store import Store
from gaincell_char.sweep.survey import survey

AXES = {"v_step_V": ["0.5", "1"], "rc.r": {"start": "1k", "stop": "2k", "num": "10"}}


@pytest.fixture
def store(rc: Path, tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan of `AXES`, 40 decks, counts as too large to hold."""
    monkeypatch.setattr(combinations, "MANY", 10)
    monkeypatch.setattr(names, "_SAMPLES", 3)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A word for each deck that is written."""
    words: list[str] = []
    write = run.write

    def counted(*arguments):  # type: ignore[no-untyped-def]
        words.append("deck")
        return write(*arguments)

    monkeypatch.setattr(run, "write", counted)
    return words


def prepared(**changes: object) -> Prepared:
    return prepare(make_spec(axes=AXES, **changes), engine=AnalyticEngine)


def swept(store: Path) -> Dataset:
    return run_sweep(make_spec(axes=AXES), store=store, workers=1, engine=AnalyticEngine)


def test_the_same_dataset_as_of_a_plan_that_is_held(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = swept(tmp_path / "held.sqlite").to_bytes()
    monkeypatch.setattr(combinations, "MANY", 10)
    assert not isinstance(prepared().tasks, tuple)
    assert swept(store).to_bytes() == held
    assert swept(tmp_path / "held.sqlite").to_bytes() == held


def test_what_is_stored_is_known_without_its_decks(store: Path, large: None, written: list[str]) -> None:
    swept(store)
    assert len(written) == 2 * 40  # their keys, then to run them
    written.clear()
    swept(store)
    assert survey(prepared(), store).counts == {"stored": 40, "failed": 0, "missing": 0}
    assert len(written) == 2 * 3
    with sqlite3.connect(store) as database:
        database.execute("DELETE FROM result WHERE rowid IN (7, 8)")
    written.clear()
    assert survey(prepared(), store, verify=True).counts == {"stored": 38, "failed": 0, "missing": 2}
    swept(store)
    assert len(written) == 2 * 3 + 2


@pytest.mark.parametrize("change", ["netlist", "deck", "version", "engine", "source", "damage", "library"])
def test_keys_are_kept_only_as_long_as_they_are_right(
    store: Path, rc: Path, large: None, written: list[str], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    swept(store)
    left = 40
    if change == "netlist":
        (rc / "values.lib").write_text(".param unit=1.0\n")
    elif change in ("deck", "version"):
        bench = rc_bench.BENCH
        other = dataclasses.replace(
            bench, version=1 + (change == "version"), deck=lambda setting: _commented(bench.deck(setting))
        )
        monkeypatch.setattr(rc_bench, "CIRCUIT", dataclasses.replace(rc_bench.CIRCUIT, testbenches=(other,)))
    elif change == "engine":
        monkeypatch.setattr(AnalyticEngine, "identity", "analytic-2")
    elif change == "source":
        monkeypatch.setattr(names, "_source", lambda: "other")
        left = 0
    elif change == "library":
        monkeypatch.setattr(names, "version", lambda name: "0")
        left = 0
    else:
        with sqlite3.connect(store) as database:
            database.execute("UPDATE plan SET digests = zeroblob(40 * 32)")
        left = 0
    written.clear()
    found = survey(prepared(), store)
    assert len(written) >= 40
    assert found.counts == {"stored": 40 - left, "failed": 0, "missing": left}


def _commented(deck):  # type: ignore[no-untyped-def]
    return dataclasses.replace(deck, text=deck.text.replace(".end\n", "* another\n.end\n"))


def test_only_a_run_keeps_keys(store: Path, large: None, written: list[str]) -> None:
    Store(store).__exit__()
    before = store.read_bytes()
    assert survey(prepared(), store).counts["missing"] == 40
    assert store.read_bytes() == before


def test_states_come_one_by_one(gaincell: Command, store: Path, large: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "open_engine", lambda kind: AnalyticEngine())
    spec = store.with_name("rc.yaml")
    spec.write_text(SPEC)
    select = (spec, "--store", store, "--axis", "rc.r=1k:2k:10", "--axis", "v_step_V=-1,1")
    assert gaincell("sweep", "status", *select)[1].startswith("rc: 120 points in 40 decks: 0 stored, 0 failed, 40 mis")
    assert gaincell("sweep", "run", *select, "--stop-after", "1", "-j", "1")[0] == 3
    status, out, err = gaincell("sweep", "status", *select, "--json")
    document = json.loads(out)
    counts = {kind: sum(state["state"] == kind for state in document["states"]) for kind in ("stored", "failed")}
    assert (status, len(document["states"])) == (0, 40)
    assert counts == {kind: document[kind] for kind in counts}
    assert counts["failed"] >= 1
    assert "failed: tt, 27 C, 0.9 V, rc.r=1000, v_step_V=-1, v_start_V=0: measure_failed: a step below 0 V" in err
    assert [state["key"] for state in document["states"]] == list(names.names(prepare(
        make_spec(axes={"rc.r": AXES["rc.r"], "v_step_V": ["-1", "1"]}), engine=AnalyticEngine), None))  # fmt: skip


def test_a_store_of_before_is_read(store: Path, rc: Path) -> None:
    """It has all inputs with each result, and no tables for plans and for what results share."""
    swept(store)
    with sqlite3.connect(store) as database:
        for task in prepared().tasks:
            text = json.dumps(dict(task.identity.inputs))
            database.execute("UPDATE result SET inputs = ? WHERE key = ?", (text, task.identity.key))
        database.execute("DROP TABLE plan")
        database.execute("DROP TABLE context")
    assert survey(prepared(), store).counts["stored"] == 40
    (rc / "values.lib").write_text(".param unit=1.0\n")
    assert {state.reason for state in survey(prepared(), store)} == {"values.lib was edited"}
    assert swept(store).metadata["points_without_result"] == 0


@settings(max_examples=30, deadline=None)
@given(
    held=st.sets(st.binary(min_size=32, max_size=32), max_size=20),
    extra=st.lists(st.binary(min_size=32, max_size=32), max_size=5),
    zeros=st.integers(0, 32),
)
def test_present_is_being_in_the_set(
    tmp_path_factory: pytest.TempPathFactory, held: set[bytes], extra: list[bytes], zeros: int
) -> None:
    held = {key[: 32 - zeros] + bytes(zeros) if number % 2 else key for number, key in enumerate(held)}
    with Store(tmp_path_factory.mktemp("present") / "s.sqlite") as store:
        store._database.execute("PRAGMA synchronous = OFF")
        for key in held:
            store._database.execute("INSERT INTO result (key) VALUES (?)", (key.hex(),))
        wanted = [*held, *extra]
        found = store.present(names.Names(b"".join(wanted), {}).keys)
        assert found.tolist() == [key in held for key in wanted]
        assert not store.failed(names.Names(b"".join(wanted), {}).keys).any()


groups = st.lists(st.lists(st.integers(), min_size=1, max_size=4), min_size=1, max_size=4)


@given(groups)
def test_combinations_are_the_product(columns: list[list[int]]) -> None:
    found = Combinations([Rows({str(number): values}) for number, values in enumerate(columns)])
    wanted = [dict(zip(map(str, range(len(columns))), row, strict=True)) for row in itertools.product(*columns)]
    assert list(found) == wanted
    assert len(found) == len(wanted)
    assert found[-1] == wanted[-1]
    assert list(found[1:3]) == wanted[1:3]
    with pytest.raises(IndexError):
        found[len(wanted)]


def test_a_dataset_holds_numbers_and_packed_text(store: Path) -> None:
    frame = swept(store).frame
    assert frame["v_out_V"].dtype == np.float64
    frame.loc[0, "v_out_V"] = 1.0
    assert frame["v_out_V"][0] == 1.0
    assert frame["status"].dtype == frame["point_id"].dtype == "str"


@given(groups, st.sets(st.integers(0, 3)))
def test_alike_is_being_equal_in_the_other_values(columns: list[list[int]], apart: set[int]) -> None:
    found = Combinations([Rows({str(number): values}) for number, values in enumerate(columns)])
    others = [tuple(v for name, v in row.items() if int(name) not in apart) for row in found]
    numbers = found.alike({str(number) for number in apart}).tolist()
    assert len(numbers) == len(others)
    assert len(set(zip(numbers, others, strict=True))) == len(set(numbers)) == len(set(others))

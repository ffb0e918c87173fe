"""The store: what is committed stays, what is damaged is found, what cannot be written gets one line."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gaincell_char.errors import EnvironmentFault, GaincellError, InputError
from gaincell_char.spice.types import FailureKind
from gaincell_char.sweep.identity import Identity
from gaincell_char.sweep.lock import only_writer
from gaincell_char.sweep.store import Store

COLUMNS = {"x": [0.1, 0.2, 1e-300], "y": [1.0, -0.0, 5e-324]}


def identity(number: int, engine: str = "e") -> Identity:
    inputs = {"testbench": "a.b", "setting": {"n": number}, "engine": engine}
    return Identity(f"{number:064x}" if engine == "e" else f"{number:063x}f", inputs)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ein Ordner µ" / "store.sqlite"


@pytest.fixture
def store(path: Path) -> Store:
    path.parent.mkdir()
    return Store(path)


def test_what_is_put_comes_back_bit_for_bit(store: Store, path: Path) -> None:
    store.put(identity(1), COLUMNS)
    for each in (store, Store(path)):
        found = each.get(identity(1).key)
        assert found is not None
        assert {name: [value.hex() for value in values] for name, values in found.items()} == {
            name: [value.hex() for value in values] for name, values in COLUMNS.items()
        }
        assert each.get(identity(2).key) is None


def test_a_failure_has_a_kind_a_line_and_a_deck(store: Store) -> None:
    store.fail(identity(1), FailureKind.NO_CONVERGENCE, "at node st", "* deck\n.end\n", "the log")
    failure = store.failure(identity(1).key)
    assert failure is not None
    assert (failure.kind, failure.reason) == (FailureKind.NO_CONVERGENCE, "at node st")
    assert failure.deck.read_text() == "* deck\n.end\n"
    assert failure.deck.with_suffix(".log").read_text() == "the log"
    assert store.get(identity(1).key) is None
    store.put(identity(1), COLUMNS)
    assert store.failure(identity(1).key) is None
    assert not failure.deck.exists()


@pytest.mark.parametrize(
    "damage",
    ["UPDATE result SET payload = x'7b7d'", "UPDATE result SET payload = NULL", "UPDATE result SET checksum = 'x'",
     "UPDATE result SET payload = (SELECT payload FROM result WHERE key LIKE '%2'), checksum = "
     "(SELECT checksum FROM result WHERE key LIKE '%2') WHERE key LIKE '%1'"],
)  # fmt: skip
def test_a_damaged_payload_is_set_aside(
    store: Store, path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    store.put(identity(1), COLUMNS)
    store.put(identity(2), {"x": [9.0]})
    with sqlite3.connect(path) as raw:
        raw.execute(damage)
    with caplog.at_level(logging.WARNING):
        assert store.get(identity(1).key) is None
        assert store.get(identity(1).key) is None
    assert len(caplog.records) == 1
    assert "damaged" in caplog.text
    assert sqlite3.connect(path).execute("SELECT count(*) FROM quarantine").fetchone() == (1,)
    store.put(identity(1), COLUMNS)
    assert store.get(identity(1).key) == COLUMNS


def test_every_flipped_bit_of_a_payload_is_found(store: Store, path: Path) -> None:
    store.put(identity(1), COLUMNS)
    payload = sqlite3.connect(path).execute("SELECT payload FROM result").fetchone()[0]
    for position in range(len(payload)):
        store.put(identity(1), COLUMNS)
        flipped = bytearray(payload)
        flipped[position] ^= 1 << position % 8
        with sqlite3.connect(path) as raw:
            raw.execute("UPDATE result SET payload = ?", (bytes(flipped),))
        raw.close()
        assert store.get(identity(1).key) is None


def test_a_damaged_file_is_kept_aside_and_begun_anew(
    store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(200):
        store.put(identity(number), {"x": [float(number)] * 50})
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        again = Store(path)
    assert "damaged-1" in caplog.text
    assert again.get(identity(1).key) is None
    assert path.with_name("store.sqlite.damaged-1").read_bytes() == bytes(content)


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"x" * 5000, b"SQLite format 3\0" + b"x" * 5000])
def test_a_file_of_the_user_is_never_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(content)
    with pytest.raises(GaincellError, match=r"results\.csv"):
        Store(path)
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE t (x)")
    with pytest.raises(InputError, match="a database of another program"):
        Store(path)


def test_a_store_of_the_future_is_refused(store: Store, path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="a store of format 99, this tool reads 1"):
        Store(path)


def test_a_full_disk_loses_nothing(store: Store) -> None:
    store.put(identity(1), COLUMNS)
    (pages,) = store._database.execute("PRAGMA page_count").fetchone()
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(GaincellError, match=r"the disk is full \(\d+ bytes are needed\)") as caught:
        store.put(identity(2), {"x": [0.123456789] * 10_000})
    assert caught.value.exit_code == 3
    assert store.get(identity(1).key) == COLUMNS
    assert store.get(identity(2).key) is None
    store._database.execute(f"PRAGMA max_page_count = {pages + 1000}")
    store.put(identity(2), COLUMNS)
    assert store.get(identity(2).key) == COLUMNS


def test_relatives_are_the_same_point_by_other_means(store: Store) -> None:
    store.put(identity(1, "old"), COLUMNS)
    store.put(identity(2), COLUMNS)
    assert [inputs["engine"] for inputs in store.relatives(identity(1))] == ["old"]
    assert store.relatives(identity(3)) == []


def test_absent_is_said_where_nothing_may_be_made(path: Path) -> None:
    with pytest.raises(InputError, match="no store there"):
        Store(path, create=False)


_HOLD = """
import sys, time
from pathlib import Path
from gaincell_char.sweep.lock import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_told_the_pid_and_a_dead_one_is_forgotten(path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, path], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(EnvironmentFault, match=f"in use by process {holder.pid};"), only_writer(path):
            pass
    finally:
        holder.kill()
        holder.wait()
    with only_writer(path):
        assert path.with_name("store.sqlite.pid").read_text() == f"{os.getpid()}\n"
    assert not path.with_name("store.sqlite.pid").exists()


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(EnvironmentFault, match=r"file/store.sqlite: cannot write there"),
        only_writer(tmp_path / "file" / "store.sqlite"),
    ):
        pass

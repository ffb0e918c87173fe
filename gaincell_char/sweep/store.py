"""Where the results of a sweep are kept: SQLite, one committed transaction a deck, every payload with its checksum.

A point is done only when its rows are committed here. A payload that no longer matches its checksum is set aside and
counts as missing.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from gaincell_char import keys
from gaincell_char.errors import EnvironmentFault, GaincellError, InputError
from gaincell_char.spice.types import FailureKind
from gaincell_char.sweep.identity import Identity

_APPLICATION_ID = 0x6763_7374  # "gcst"
_FORMAT = 1
_SCHEMA = (
    "CREATE TABLE result (key TEXT PRIMARY KEY, point TEXT, inputs TEXT, payload BLOB, checksum TEXT)",
    "CREATE INDEX result_point ON result (point)",
    "CREATE TABLE failure (key TEXT PRIMARY KEY, kind TEXT, reason TEXT, deck TEXT)",
    "CREATE TABLE quarantine (key TEXT, payload BLOB, checksum TEXT)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_FORMAT}",
)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_log = logging.getLogger(__name__)
Columns = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class StoredFailure:
    """Why a deck has no result: kind, one line, and the deck to run by hand."""

    kind: FailureKind
    reason: str
    deck: Path


class Store:
    """Results by key. Open it as a context manager; with `create` it is made where it is absent."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self.failed_folder = path.with_name(f"{path.stem}.failed")
        self._writes = create
        self._database = self._open(create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writes:
            with suppress(sqlite3.OperationalError):  # someone reads: the file stays as it is
                self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()

    def get(self, key: str) -> dict[str, list[float]] | None:
        """The columns stored under `key`; None where there are none, or where they were damaged (one warning)."""
        payload = self._payload(key)
        columns: dict[str, list[float]] | None = None if payload is None else json.loads(payload)
        return columns

    def holds(self, key: str) -> bool:
        """Whether `get` would give something: checked as it would be, but not read."""
        return self._payload(key) is not None

    def _payload(self, key: str) -> bytes | None:
        with self._faults():
            found = self._database.execute("SELECT payload, checksum FROM result WHERE key = ?", (key,)).fetchone()
        if found is None:
            return None
        payload, checksum = found
        if not isinstance(payload, bytes) or _checksum(key, payload) != checksum:
            self._set_aside(key)
            return None
        return payload

    def put(self, identity: Identity, columns: Columns) -> None:
        """Commit `columns` under the identity's key; afterwards no kill can lose them.

        Raises
        ------
        GaincellError
            The disk is full; what was committed before is intact.
        """
        payload = keys.canonical_json(dict(columns)).encode()
        row = (
            identity.key,
            identity.point,
            keys.canonical_json(identity.inputs),
            payload,
            _checksum(identity.key, payload),
        )
        with self._transaction(len(payload)):
            self._database.execute("INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?, ?)", row)
            self._database.execute("DELETE FROM failure WHERE key = ?", (identity.key,))
        for leftover in self.failed_folder.glob(f"{identity.key[:16]}.*"):
            leftover.unlink(missing_ok=True)

    def fail(self, identity: Identity, kind: FailureKind, reason: str, deck: str, log: str) -> None:
        """Commit that a deck failed, with the deck's text (and the simulator's log) in a file beside the store."""
        path = self.failed_folder / f"{identity.key[:16]}.cir"
        keys.publish(path, deck.encode())
        if log:
            keys.publish(path.with_suffix(".log"), log.encode())
        with self._transaction(len(reason)):
            self._database.execute(
                "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?)", (identity.key, kind, reason, str(path))
            )

    def failure(self, key: str) -> StoredFailure | None:
        """How the deck of `key` failed when it was last tried; None where it did not."""
        with self._faults():
            found = self._database.execute("SELECT kind, reason, deck FROM failure WHERE key = ?", (key,)).fetchone()
        return StoredFailure(FailureKind(found[0]), found[1], Path(found[2])) if found else None

    def relatives(self, identity: Identity) -> list[dict[str, Any]]:
        """The inputs of other results of the same point, the latest last: what `--explain` compares with."""
        with self._faults():
            found = self._database.execute(
                "SELECT inputs FROM result WHERE point = ? AND key != ? ORDER BY rowid", (identity.point, identity.key)
            ).fetchall()
        return [json.loads(inputs) for (inputs,) in found]

    def _set_aside(self, key: str) -> None:
        _log.warning("%s: the stored result %s is damaged; it is set aside and computed again", self.path, key[:16])
        with self._transaction(0):
            self._database.execute(
                "INSERT INTO quarantine SELECT key, payload, checksum FROM result WHERE key = ?", (key,)
            )
            self._database.execute("DELETE FROM result WHERE key = ?", (key,))

    @contextmanager
    def _transaction(self, size: int) -> Iterator[None]:
        with self._faults(size):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _faults(self, size: int = 0) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._fault(error, size) from error

    def _fault(self, error: sqlite3.Error, size: int) -> GaincellError:
        code = _code(error)
        if code == sqlite3.SQLITE_FULL:
            return GaincellError(f"{self.path}: the disk is full ({size} bytes are needed); "
                                 "what was finished is kept, make room and run again")  # fmt: skip
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return EnvironmentFault(f"{self.path}: cannot write the store ({error}); choose another --store")
        if code in _DAMAGE:
            return EnvironmentFault(f"{self.path}: the store is damaged ({error}); run again, it will be set aside")
        return EnvironmentFault(f"{self.path}: the store cannot be used ({error})")

    def _open(self, create: bool) -> sqlite3.Connection:
        if not create and not self.path.is_file():
            raise InputError(f"{self.path}: no store there; `gaincell sweep run` makes it")
        try:
            return self._checked()
        except sqlite3.DatabaseError as error:
            if not (create and _code(error) in _DAMAGE and _is_ours(self.path)):
                raise self._fault(error, 0) from error
        self._move_away()
        with self._faults():
            return self._checked()

    def _checked(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, isolation_level=None, timeout=10)
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if application == 0 and tables == 0:
            database.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                database.execute(statement)
            database.execute("COMMIT")
        elif application != _APPLICATION_ID:
            raise InputError(f"{self.path}: a database of another program, not a store; choose another --store")
        elif version != _FORMAT:
            raise InputError(
                f"{self.path}: a store of format {version}, this tool reads {_FORMAT}; choose another --store"
            )
        elif database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            database.close()
            raise sqlite3.DatabaseError("quick_check failed")
        if self._writes:  # a write-ahead log commits with one fsync; a rollback journal needs four
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
        return database

    def _move_away(self) -> None:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        self.path.rename(aside)
        for suffix in ("-wal", "-shm", "-journal"):  # of the damaged file: they must not meet the new one
            sidecar = self.path.with_name(self.path.name + suffix)
            if sidecar.exists():
                sidecar.rename(aside.with_name(aside.name + suffix))
        _log.warning("%s: the store is damaged; it is kept as %s and begun anew", self.path, aside.name)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; `quick_check` has none, and means damage."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)) & 0xFF


def _is_ours(path: Path) -> bool:
    with path.open("rb") as stream:
        header = stream.read(100)
    return header.startswith(b"SQLite format 3\0") and header[68:72] == _APPLICATION_ID.to_bytes(4, "big")


def _checksum(key: str, payload: bytes) -> str:
    return keys.digest(key.encode() + payload)

"""The SQLite file of a store: opened and checked, one transaction at a time, every fault in one line."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gaincell_char.errors import EnvironmentFault, GaincellError, InputError

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
_ADDED = (  # an older store lacks them: as if they were empty
    "CREATE TABLE IF NOT EXISTS context (id INTEGER PRIMARY KEY, inputs TEXT UNIQUE)",
    "CREATE TABLE IF NOT EXISTS plan (label TEXT PRIMARY KEY, digests BLOB, files TEXT, checksum TEXT)",
)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_log = logging.getLogger(__name__)


class Database:
    """The file at `path`. One that `writes` is made where it is absent, and set aside where it is damaged; who only
    reads meets damage where it reads.

    Raises
    ------
    InputError
        There is no file and none is made, or it is no store.
    EnvironmentFault
        It cannot be read, or not be written.
    """

    def __init__(self, path: Path, *, writes: bool) -> None:
        self._path, self._writes = path, writes
        self._connection = self._open()

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Within `faults` or `transaction`."""
        return self._connection.execute(statement, values)

    def close(self) -> None:
        if self._writes:
            with suppress(sqlite3.OperationalError):  # someone reads: the file stays as it is
                self.execute("PRAGMA journal_mode = DELETE")
        self._connection.close()

    @contextmanager
    def transaction(self, size: int) -> Iterator[None]:
        """What happens inside is committed at its end, or not at all. `size`: bytes that it takes."""
        with self.faults(size):
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self.execute("ROLLBACK")
                raise

    @contextmanager
    def faults(self, size: int = 0) -> Iterator[None]:
        """SQLite's faults inside, in the words of this tool."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._fault(error, size) from error

    def _fault(self, error: sqlite3.Error, size: int) -> GaincellError:
        code = _code(error)
        if code == sqlite3.SQLITE_FULL:
            return GaincellError(f"{self._path}: the disk is full ({size} bytes are needed); "
                                 "what was finished is kept, make room and run again")  # fmt: skip
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return EnvironmentFault(f"{self._path}: cannot write the store ({error}); choose another --store")
        if code in _DAMAGE:
            return EnvironmentFault(f"{self._path}: the store is damaged ({error}); run again, it will be set aside")
        return EnvironmentFault(f"{self._path}: the store cannot be used ({error})")

    def _open(self) -> sqlite3.Connection:
        if not self._writes and not self._path.is_file():
            raise InputError(f"{self._path}: no store there; `gaincell sweep run` makes it")
        try:
            return self._checked()
        except sqlite3.DatabaseError as error:
            if not (self._writes and _code(error) in _DAMAGE and _is_ours(self._path)):
                raise self._fault(error, 0) from error
        self._move_away()
        with self.faults():
            return self._checked()

    def _checked(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, timeout=10)
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if application == 0 and tables == 0:
            database.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                database.execute(statement)
            database.execute("COMMIT")
        elif application != _APPLICATION_ID:
            raise InputError(f"{self._path}: a database of another program, not a store; choose another --store")
        elif version != _FORMAT:
            raise InputError(
                f"{self._path}: a store of format {version}, this tool reads {_FORMAT}; choose another --store"
            )
        if not self._writes:  # who only reads meets damage where it reads
            return database
        if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            database.close()
            raise sqlite3.DatabaseError("quick_check failed")
        # a write-ahead log commits with one fsync; a rollback journal needs four
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        for statement in _ADDED:
            database.execute(statement)
        return database

    def _move_away(self) -> None:
        number = 1
        while (aside := self._path.with_name(f"{self._path.name}.damaged-{number}")).exists():
            number += 1
        self._path.rename(aside)
        for suffix in ("-wal", "-shm", "-journal"):  # of the damaged file: they must not meet the new one
            sidecar = self._path.with_name(self._path.name + suffix)
            if sidecar.exists():
                sidecar.rename(aside.with_name(aside.name + suffix))
        _log.warning("%s: the store is damaged; it is kept as %s and begun anew", self._path, aside.name)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; `quick_check` has none, and means damage."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)) & 0xFF


def _is_ours(path: Path) -> bool:
    with path.open("rb") as stream:
        header = stream.read(100)
    return header.startswith(b"SQLite format 3\0") and header[68:72] == _APPLICATION_ID.to_bytes(4, "big")

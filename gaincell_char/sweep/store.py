"""Where the results of a sweep are kept: SQLite, one committed transaction a deck, every payload with its checksum.

A point is done only when its rows are committed here. A payload that no longer matches its checksum is set aside and
counts as missing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gaincell_char import keys
from gaincell_char.spice.types import FailureKind
from gaincell_char.sweep.database import Database
from gaincell_char.sweep.identity import Identity
from gaincell_char.sweep.names import Keys, Names

_PLANS = 4
_OF_CONTEXT = ("testbench", "version", "engine", "vectors", "files")
_OF_DECK = ("deck", "retries")
_AT_ONCE = 50_000
_log = logging.getLogger(__name__)
Columns = Mapping[str, Sequence[float]]
Found = npt.NDArray[np.bool_]


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
        self.writes = create
        self._contexts: dict[str, int] = {}
        self._database = Database(path, writes=create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def get(self, key: str) -> dict[str, list[float]] | None:
        """The columns stored under `key`; None where there are none, or where they were damaged (one warning)."""
        payload = self._payload(key)
        columns: dict[str, list[float]] | None = None if payload is None else json.loads(payload)
        return columns

    def holds(self, key: str) -> bool:
        """Whether `get` would give something: checked as it would be, but not read."""
        return self._payload(key) is not None

    def present(self, wanted: Keys) -> Found:
        """Whether each key has a result, (n,): by the keys alone, so that a damaged payload counts."""
        return self._among("result", wanted)

    def failed(self, wanted: Keys) -> Found:
        """Whether the deck of each key failed when it was last tried, (n,)."""
        return self._among("failure", wanted)

    def _among(self, table: str, wanted: Keys) -> Found:
        held = bytearray()
        with self._database.faults():
            cursor = self._database.execute(f"SELECT key FROM {table} ORDER BY key")
            while rows := cursor.fetchmany(_AT_ONCE):
                held += bytes.fromhex("".join(key for (key,) in rows))
        there = np.frombuffer(held, dtype=wanted.dtype)
        if not len(there):
            return np.zeros(len(wanted), dtype=bool)
        at = np.searchsorted(there, wanted)
        found: Found = there[np.minimum(at, len(there) - 1)] == wanted
        return found

    def _payload(self, key: str) -> bytes | None:
        with self._database.faults():
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
        inputs = {name: identity.inputs[name] for name in _OF_DECK if name in identity.inputs}
        inputs["context"] = self._context(identity)
        row = (
            identity.key,
            identity.point,
            keys.canonical_json(inputs),
            payload,
            _checksum(identity.key, payload),
        )
        with self._database.transaction(len(payload)):
            self._database.execute("INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?, ?)", row)
            self._database.execute("DELETE FROM failure WHERE key = ?", (identity.key,))
        for suffix in (".cir", ".log"):
            (self.failed_folder / f"{identity.key[:16]}{suffix}").unlink(missing_ok=True)

    def _context(self, identity: Identity) -> int:
        """The number of what most decks of a store have in common; it is kept once."""
        inputs = {name: identity.inputs[name] for name in _OF_CONTEXT if name in identity.inputs}
        text = keys.canonical_json(inputs)
        if text not in self._contexts:
            with self._database.transaction(len(text)):
                self._database.execute("INSERT OR IGNORE INTO context (inputs) VALUES (?)", (text,))
            found = self._database.execute("SELECT id FROM context WHERE inputs = ?", (text,)).fetchone()
            self._contexts[text] = found[0]
        return self._contexts[text]

    def fail(self, identity: Identity, kind: FailureKind, reason: str, deck: str, log: str) -> None:
        """Commit that a deck failed, with the deck's text (and the simulator's log) in a file beside the store."""
        path = self.failed_folder / f"{identity.key[:16]}.cir"
        keys.publish(path, deck.encode())
        if log:
            keys.publish(path.with_suffix(".log"), log.encode())
        with self._database.transaction(len(reason)):
            self._database.execute(
                "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?)", (identity.key, kind, reason, str(path))
            )

    def failure(self, key: str) -> StoredFailure | None:
        """How the deck of `key` failed when it was last tried; None where it did not."""
        with self._database.faults():
            found = self._database.execute("SELECT kind, reason, deck FROM failure WHERE key = ?", (key,)).fetchone()
        return StoredFailure(FailureKind(found[0]), found[1], Path(found[2])) if found else None

    def relatives(self, identity: Identity) -> list[dict[str, Any]]:
        """The inputs of other results of the same point, the latest last: what `--explain` compares with."""
        with self._database.faults():
            found = self._database.execute(
                "SELECT inputs FROM result WHERE point = ? AND key != ? ORDER BY rowid", (identity.point, identity.key)
            ).fetchall()
            return [self._whole(json.loads(inputs)) for (inputs,) in found]

    def _whole(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if "context" not in inputs:  # an older store has everything with each result
            return inputs
        (text,) = self._database.execute("SELECT inputs FROM context WHERE id = ?", (inputs.pop("context"),)).fetchone()
        return {**json.loads(text), **inputs}

    def keep_names(self, label: str, names: Names) -> None:
        """Commit the keys of a plan under `label`; the latest few plans are kept."""
        row = (label, names.digests, keys.canonical_json(dict(names.files)), _checksum(label, names.digests))
        with self._database.transaction(len(names.digests)):
            self._database.execute("INSERT OR REPLACE INTO plan VALUES (?, ?, ?, ?)", row)
            self._database.execute(
                "DELETE FROM plan WHERE rowid NOT IN (SELECT rowid FROM plan ORDER BY rowid DESC LIMIT ?)", (_PLANS,)
            )

    def names(self, label: str) -> Names | None:
        """The keys kept under `label`; None where there are none, or where they were damaged."""
        with self._database.faults():
            if not self._database.execute("SELECT 1 FROM sqlite_master WHERE name = 'plan'").fetchone():
                return None
            found = self._database.execute(
                "SELECT digests, files, checksum FROM plan WHERE label = ?", (label,)
            ).fetchone()
        if found is None or not isinstance(found[0], bytes) or _checksum(label, found[0]) != found[2]:
            return None
        return Names(found[0], json.loads(found[1]))

    def _set_aside(self, key: str) -> None:
        _log.warning("%s: the stored result %s is damaged; it is set aside and computed again", self.path, key[:16])
        with self._database.transaction(0):
            self._database.execute(
                "INSERT INTO quarantine SELECT key, payload, checksum FROM result WHERE key = ?", (key,)
            )
            self._database.execute("DELETE FROM result WHERE key = ?", (key,))


def _checksum(key: str, payload: bytes) -> str:
    return keys.digest(key.encode() + payload)

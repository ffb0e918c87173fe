"""One writer a store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from gaincell_char.errors import EnvironmentFault

_LAST_BREATH_S = 5.0


@contextmanager
def only_writer(store: Path) -> Iterator[None]:
    """Hold `store` for this process. The kernel drops the lock with the process, so that a kill leaves nothing to
    clean; the process that holds it is written beside it.

    Raises
    ------
    EnvironmentFault
        Another process has it (its pid is named), or the folder cannot be written.
    """
    holder = store.with_name(store.name + ".pid")
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(store.with_name(store.name + ".lock"))
        _acquire(lock, store, holder)
    except OSError as error:
        raise EnvironmentFault(
            f"{store}: cannot write there ({error.strerror}); choose another --store, or mend its permissions"
        ) from error
    try:
        holder.write_text(f"{os.getpid()}\n")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, store: Path, holder: Path) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        pid = _living(holder)
        try:
            # workers of a killed run keep its lock for the moment that they need to follow it
            lock.acquire(timeout=0 if pid else _LAST_BREATH_S)
        except Timeout:
            by = f"process {pid}" if pid else "another process"
            raise EnvironmentFault(f"{store}: in use by {by}; wait for it, or choose another --store") from None


def _living(holder: Path) -> int | None:
    try:
        pid = int(holder.read_text())
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    except PermissionError:
        pass
    return pid

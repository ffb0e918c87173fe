"""One key, one publish: what every stored result is named by, and how it reaches the disk whole.

A key is the hash of everything a result depends on. Two containers use it: the point store of a sweep and the
artifact folder of a pipeline stage.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from gaincell_char.errors import EnvironmentFault


def canonical_json(value: Any) -> str:
    """`value` as JSON that is equal exactly where the value is equal: sorted keys, shortest floats, no NaN.

    Raises
    ------
    ValueError
        A number that is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def key(inputs: Mapping[str, Any]) -> str:
    """The sha256 (64 hex digits) of the canonical JSON of `inputs`."""
    return digest(canonical_json(inputs).encode())


def digest(content: bytes) -> str:
    """sha256 of `content`, 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of the file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def publish(path: Path, content: bytes) -> None:
    """Put `content` at `path` atomically and durably: after a kill there is the old file or the new, never a part.

    Raises
    ------
    EnvironmentFault
        A full disk, a read-only folder: says which path, and how many bytes were needed.
    """
    with publishing(path, len(content)) as stream:
        stream.write(content)


@contextmanager
def publishing(path: Path, size: int = 0) -> Iterator[BinaryIO]:
    """`publish` what is written to the stream inside the block. `size`: bytes that will come, where that is known."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    except OSError as error:
        raise _no_room(path, size, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _no_room(path, size, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_room(path: Path, size: int, error: OSError) -> EnvironmentFault:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        needed = f"{size} bytes are" if size else "more room is"
        return EnvironmentFault(f"{path}: the disk is full; {needed} needed there")
    return EnvironmentFault(f"{path}: cannot write ({error.strerror}); choose another folder or mend its permissions")

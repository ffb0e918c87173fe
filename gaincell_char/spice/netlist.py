"""Reading netlists: statements with the file and line they stand in, and the files they include."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gaincell_char.errors import InputError


@dataclass(frozen=True)
class Statement:
    """One statement, its continuation lines joined and its comments removed. `path` is None in the deck itself."""

    text: str
    line: int
    path: Path | None = None

    @property
    def words(self) -> list[str]:
        return self.text.split()

    @functools.cached_property
    def card(self) -> str:
        """The first word in lower case: `.tran`, or an element's name."""
        return self.text.split(maxsplit=1)[0].lower()

    @property
    def reads_file(self) -> bool:
        return _INCLUDE.match(self.text) is not None or _LIBRARY.match(self.text) is not None

    @property
    def where(self) -> str:
        return f"{self.path or 'deck'}:{self.line}"


_TRAILING_COMMENT = re.compile(r"(?:;|//|(?:^|\s)\$\s).*$")
_INCLUDE = re.compile(r"\.inc(?:lude)?\s+(?P<path>\"[^\"]*\"|'[^']*'|\S+)\s*$", re.IGNORECASE)
_LIBRARY = re.compile(r"\.lib\s+(?P<path>\"[^\"]*\"|'[^']*'|\S+)\s+(?P<section>\S+)\s*$", re.IGNORECASE)


def statements(text: str, path: Path | None = None) -> tuple[Statement, ...]:
    """The statements of a netlist. A deck (`path` None) starts with a title line, an included file does not."""
    return _of_deck(text) if path is None else _split(text, path)


@functools.lru_cache(maxsize=8)
def _of_deck(text: str) -> tuple[Statement, ...]:
    """Kept for the few that look at a deck before and after it runs."""
    return _split(text, None)


def _split(text: str, path: Path | None) -> tuple[Statement, ...]:
    found: list[Statement] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if number == 1 and path is None:
            continue
        if line.lstrip().startswith("*"):
            continue
        bare = _TRAILING_COMMENT.sub("", line).strip() if '"' not in line else line.strip()
        if bare.startswith("+") and found:
            last = found[-1]
            found[-1] = Statement(f"{last.text} {bare[1:].strip()}", last.line, path)
        elif bare:
            found.append(Statement(bare, number, path))
    return tuple(found)


def inclusion(statement: Statement) -> Path | None:
    """The file that the statement reads (`.include file`, `.lib file section`), as written; None for any other.

    A `.lib name` without a section starts a section in a library: it reads nothing.
    """
    if not statement.text.startswith("."):
        return None
    match = _INCLUDE.match(statement.text) or _LIBRARY.match(statement.text)
    return Path(match["path"].strip("\"'")).expanduser() if match else None


def resolve(statement: Statement, written: Path) -> Path:
    """Where ngspice finds the file: relative paths start at the folder of the file that includes it.

    Raises
    ------
    InputError
        There is no such file, or a relative path in a deck, which has no folder.
    """
    if statement.path is None and not written.is_absolute():
        raise InputError(f"{statement.where}: {written} is relative; a deck includes files by absolute path")
    path = written if written.is_absolute() else statement.path.parent / written  # type: ignore[union-attr]
    if not path.is_file():
        raise InputError(f"{statement.where}: no file {path} to include")
    return path


def file_statements(path: Path) -> tuple[Statement, ...]:
    """The statements of an included file; read again only when it changed.

    Raises
    ------
    InputError
        Not readable, or not UTF-8.
    """
    status = path.stat()
    return _read(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=256)
def _read(path: Path, modified_ns: int, size: int) -> tuple[Statement, ...]:
    try:
        return statements(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable text file ({error})") from error


def _file_inclusions(path: Path) -> tuple[tuple[Statement, Path], ...]:
    status = path.stat()
    return _inclusions(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=256)
def _inclusions(path: Path, modified_ns: int, size: int) -> tuple[tuple[Statement, Path], ...]:
    found = ((statement, inclusion(statement)) for statement in _read(path, modified_ns, size))
    return tuple((statement, written) for statement, written in found if written is not None)


def walk(text: str) -> Iterator[tuple[Path | None, tuple[Statement, ...]]]:
    """The deck's statements, then those of every included file, transitively, each file once, in order of inclusion.

    Raises
    ------
    InputError
        An include that cannot be read.
    """
    own = statements(text)
    yield None, own
    pending = list(_included(own))
    seen: set[Path] = set()
    while pending:
        path = pending.pop(0)
        if path in seen:
            continue
        seen.add(path)
        yield path, file_statements(path)
        pending[:0] = (resolve(statement, written) for statement, written in _file_inclusions(path))


def _included(found: tuple[Statement, ...]) -> Iterator[Path]:
    for statement in found:
        if (written := inclusion(statement)) is not None:
            yield resolve(statement, written)


def included_files(text: str) -> tuple[Path, ...]:
    """Every file that a deck reads, transitively, in order: what its key must hash (`Deck.files`)."""
    return tuple(path for path, _ in walk(text) if path is not None)

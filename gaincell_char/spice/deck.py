"""Writing decks safely: numbers mean the same in every locale, names are names, paths survive blanks.

build("divider", ["vin in 0 1", "r1 in out 1e3", "r2 out 0 1e3"], ".dc vin 0 1 0.1", ["v(out)"])
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from gaincell_char.errors import InputError, unknown_name
from gaincell_char.spice.netlist import included_files
from gaincell_char.spice.types import Deck
from gaincell_char.spice.vocabulary import OPTIONS

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def number(value: float) -> str:
    """`value` as ngspice reads it, exactly and in every locale: `1e-09`.

    Raises
    ------
    InputError
        Not a finite number (a text with a line end could smuggle a command into the deck).
    """
    if isinstance(value, bool | str | bytes):
        raise InputError(f"{value!r} is not a number that a deck can hold")
    plain = float(value)
    if not math.isfinite(plain):
        raise InputError(f"{value!r} is not a finite number; a deck cannot hold it")
    return repr(plain)


def identifier(name: str) -> str:
    """`name`, if ngspice can read it as the name of an element, a subcircuit, a parameter or a library section.

    Raises
    ------
    InputError
        It is anything else.
    """
    if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
        raise InputError(f"{name!r} is not a name for a netlist: letters, digits and _, starting with a letter")
    return name


def assignments(values: Mapping[str, float]) -> str:
    """`wn=8e-08 wp=1e-07`, for the end of an instance line or after `.param`."""
    return " ".join(f"{identifier(name)}={number(value)}" for name, value in values.items())


def options(values: Mapping[str, float | str]) -> str:
    """An `.options` line: `.options gmin=1e-18 method=gear`.

    Raises
    ------
    InputError
        An option that ngspice would ignore.
    """
    words = []
    for name, value in values.items():
        if name.lower() not in OPTIONS:
            raise unknown_name("simulator option", name, OPTIONS)
        words.append(f"{name}={identifier(value) if isinstance(value, str) else number(value)}")
    return f".options {' '.join(words)}"


def include(path: Path) -> str:
    """An `.include` line with the absolute path."""
    return f".include {_quoted(path)}"


def library(path: Path, section: str) -> str:
    """A `.lib` line: one section (a corner) of a library, by its absolute path.

    Raises
    ------
    InputError
        A file name with blanks, which ngspice cannot read after `.lib` (blanks in its folder's name do no harm).
    """
    if any(character.isspace() for character in path.name):
        raise InputError(f"{path}: ngspice cannot read a library whose file name has blanks; rename the file")
    return f".lib {_quoted(path)} {identifier(section)}"


def _quoted(path: Path) -> str:
    text = str(path.absolute())
    if any(character in text for character in "\"'\n\r"):
        raise InputError(f"{text!r}: ngspice cannot read a path with quotes or line ends; move the file")
    return f'"{text}"'


def build(title: str, lines: Iterable[str], analysis: str, vectors: Iterable[str]) -> Deck:
    """A deck of `lines` (elements, includes, parameters, options) and one analysis that saves exactly `vectors`.

    Raises
    ------
    InputError
        A line end inside a line, or an included file that cannot be read.
    """
    names = tuple(dict.fromkeys(name.lower() for name in vectors))
    whole = [title, *lines, f".save {' '.join(names)}", analysis, ".end"]
    for line in whole:
        if any(ord(character) < 32 and character != "\t" for character in line):
            raise InputError(f"a line of a deck holds a line end or a control character: {line!r}")
    text = "\n".join(whole) + "\n"
    return Deck(text, names, included_files(text))

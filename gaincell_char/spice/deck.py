"""Decks, written line by line in plain SPICE: numbers mean the same in every locale, paths survive blanks.

    build("divider", [source("vin", "in", "0"), "r1 in out 1e3", "r2 out 0 1e3"], dc(("vin", 0, 1, 0.1)), ["v(out)"])
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gaincell_char.errors import InputError, unknown_name
from gaincell_char.spice.netlist import included_files
from gaincell_char.spice.types import Deck
from gaincell_char.spice.vocabulary import OPTIONS

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.#]*")
_NODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.#]*")


def number(value: float) -> str:
    """`value` as ngspice reads it, exactly and in every locale: `1e-09`.

    Raises
    ------
    InputError
        Not a finite number (a text with a newline could smuggle a command into the deck).
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
    """
    if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
        raise InputError(f"{name!r} is not a name for a netlist: letters, digits and _, starting with a letter")
    return name


def node(name: str) -> str:
    """`name`, if it can name a node (`0` is ground).

    Raises
    ------
    InputError
    """
    if not isinstance(name, str) or not _NODE.fullmatch(name):
        raise InputError(f"{name!r} is not a name for a node: letters, digits and _")
    return name


def parameters(values: Mapping[str, float]) -> str:
    """`wn=8e-08 wp=1e-07`, for an instance line or after `.param`."""
    return " ".join(f"{identifier(name)}={number(value)}" for name, value in values.items())


def param(**values: float) -> str:
    """A `.param` line."""
    return f".param {parameters(values)}"


def instance(name: str, nodes: Sequence[str], subcircuit: str, values: Mapping[str, float] | None = None) -> str:
    """An instance of a subcircuit: `x1 st bl 0 gain_cell wn=8e-08`. `name` starts with `x`."""
    if not name.lower().startswith("x"):
        raise InputError(f"{name!r}: an instance of a subcircuit has a name that starts with x")
    words = [identifier(name), *map(node, nodes), identifier(subcircuit), parameters(values or {})]
    return " ".join(word for word in words if word)


def source(name: str, plus: str, minus: str, dc: float = 0.0, waveform: str = "") -> str:
    """A voltage or current source by its name's first letter: `vbl bl 0 dc 0.45`, with a `pulse(...)` or `pwl(...)`."""
    if name[:1].lower() not in ("v", "i"):
        raise InputError(f"{name!r}: a source has a name that starts with v or i")
    return f"{identifier(name)} {node(plus)} {node(minus)} dc {number(dc)} {waveform}".rstrip()


def pulse(
    low: float, high: float, *, delay_s: float, rise_s: float, fall_s: float, width_s: float, period_s: float
) -> str:
    """A `pulse(...)` waveform; `width_s` is the time at `high`, between the edges."""
    return f"pulse({' '.join(map(number, (low, high, delay_s, rise_s, fall_s, width_s, period_s)))})"


def pwl(points: Iterable[tuple[float, float]]) -> str:
    """A `pwl(...)` waveform through `(time_s, value)`; times must rise.

    Raises
    ------
    InputError
    """
    pairs = [(float(time), float(value)) for time, value in points]
    if not pairs or any(later[0] <= earlier[0] for earlier, later in itertools.pairwise(pairs)):
        raise InputError(f"a pwl waveform needs rising times, given {[time for time, _ in pairs][:6]}")
    return f"pwl({' '.join(f'{number(time)} {number(value)}' for time, value in pairs)})"


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


def temperature(temperature_C: float) -> str:
    """The `.temp` line."""
    return f".temp {number(temperature_C)}"


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


def initial(voltages: Mapping[str, float]) -> str:
    """An `.ic` line: the operating point before t = 0 is solved with these nodes held (never together with `uic`)."""
    return ".ic " + " ".join(f"v({node(name)})={number(value)}" for name, value in voltages.items())


def dc(*sweeps: tuple[str, float, float, float]) -> str:
    """A `.dc` analysis over one or two `(source, start, stop, step)`; the first one runs fastest."""
    if not 1 <= len(sweeps) <= 2:
        raise InputError(f".dc sweeps one or two sources, given {len(sweeps)}")
    for name, start, stop, step in sweeps:
        if step == 0 or (stop - start) * step < 0:
            raise InputError(f".dc {name}: a step of {step} does not lead from {start} to {stop}")
    return ".dc " + " ".join(f"{identifier(name)} {number(a)} {number(b)} {number(c)}" for name, a, b, c in sweeps)


def tran(step_s: float, stop_s: float, *, max_step_s: float | None = None, start_s: float = 0.0) -> str:
    """A `.tran` analysis, from an operating point that honors `.ic` (`uic` would start every internal node at 0 V)."""
    if not 0 < step_s <= stop_s or not 0 <= start_s < stop_s:
        raise InputError(f".tran: step {step_s} s, start {start_s} s and stop {stop_s} s do not fit together")
    tail = "" if max_step_s is None and not start_s else f" {number(start_s)}"
    return f".tran {number(step_s)} {number(stop_s)}{tail}" + ("" if max_step_s is None else f" {number(max_step_s)}")


def op() -> str:
    """An `.op` analysis."""
    return ".op"


def build(title: str, lines: Iterable[str], analysis: str, vectors: Iterable[str]) -> Deck:
    """A deck of `lines` (elements, includes, parameters, options) and one analysis that saves exactly `vectors`.

    Raises
    ------
    InputError
        A line end inside a line, or an included file that cannot be read.
    """
    names = tuple(dict.fromkeys(name.lower() for name in vectors))
    text_lines = [title, *lines, f".save {' '.join(names)}", analysis, ".end"]
    for line in text_lines:
        if any(ord(character) < 32 and character != "\t" for character in line):
            raise InputError(f"a line of a deck holds a line end or control character: {line!r}")
    text = "\n".join(text_lines) + "\n"
    return Deck(text, names, included_files(text))

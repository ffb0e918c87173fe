"""Decks that differ in their elements only, written as one: their circuits stand side by side and do not couple.

Every circuit gets names of its own. What they share is ground, and a node that the same ideal voltage source holds in
each of them: whatever current flows, its voltage stays, so nothing passes from one circuit to another. They do share
the time steps of the simulator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

_GROUND = frozenset(("0", "gnd"))
_TWO_NODES = frozenset("vircl")
_SPACED = re.compile(r"\s*=\s*")
_VOLTAGE = re.compile(r"\bv\(([^()\s,]+)\)", re.IGNORECASE)
_VECTOR = re.compile(r"(?P<kind>[vi])\((?P<name>[^()\s,]+)\)")
_MARK = "__"
Rename = Callable[[str], str]


@dataclass(frozen=True)
class SharedDeck(Deck):
    """One deck of several. `names`: for each of them, its vectors and what they are called here."""

    names: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class _Parts:
    """A deck taken apart: what must be equal in all, its own elements, and their initial conditions."""

    frame: tuple[str, ...]
    elements: tuple[str, ...]
    initial: tuple[str, ...]


def share(decks: Sequence[Deck]) -> SharedDeck:
    """The circuits of `decks`, all with the same title, models, options and analysis, as one deck. It saves the vectors
    asked for and no others.

    Raises
    ------
    InputError
        They differ in more than elements and initial conditions, or hold something whose names this does not know.
    """
    parts = [_apart(deck.text) for deck in decks]
    frame = parts[0].frame
    for deck, own in zip(decks, parts, strict=True):
        if own.frame != frame or deck.files != decks[0].files:
            raise InputError(f"{frame[0]!r}, {own.frame[0]!r}: decks that differ in more than their elements; run each")
    common = _common_sources(decks, parts)
    _check_swept(frame, common)
    kept = _GROUND | {word.lower() for line in common for word in line.split()[1:3]}
    lines, names = [*frame, *common], []
    for number, (deck, own) in enumerate(zip(decks, parts, strict=True)):
        rename = _renamer(kept, f"{_MARK}{number}")
        lines += [_element(line, rename) for line in own.elements if line not in common]
        lines += [_initial(line, rename) for line in own.initial]
        names.append({name: _vector(name, rename) for name in deck.vectors})
    vectors = tuple(dict.fromkeys(name for each in names for name in each.values()))
    quiet = ".options noinit"  # a listing of every node at the start would be most of the log
    text = "\n".join([*lines, quiet, f".save {' '.join(vectors)}", ".end", ""])
    return SharedDeck(text, vectors, decks[0].files, tuple(names))


def split(deck: SharedDeck, waveforms: Waveforms) -> Iterator[Waveforms]:
    """The waveforms of each deck that `deck` was made of, under the names it asked for, at the time points of all."""
    for names in deck.names:
        vectors = {name: waveforms.vectors[here] for name, here in names.items()}
        yield Waveforms(waveforms.scale_name, waveforms.scale, vectors, waveforms.notes)


def _apart(text: str) -> _Parts:
    title, *lines = text.splitlines()
    frame, elements, initial = [title], [], []
    inside = False
    for line in lines:
        card = line.split(maxsplit=1)[0].lower() if line.startswith(".") else ""
        if card == ".end":
            break
        if card in (".global", ".save") or (line.startswith("+") and not inside):
            raise InputError(f"{title!r}: {line!r}: not in a deck that shares a simulation; run each by itself")
        if card in (".ic", ".nodeset"):
            initial.append(line)
        elif inside or card or line.startswith("*"):
            frame.append(line)
        elif line:
            elements.append(line)
        inside = (inside or card == ".subckt") and card not in (".ends", ".eom")
    return _Parts(tuple(frame), tuple(elements), tuple(initial))


def _common_sources(decks: Iterable[Deck], parts: Sequence[_Parts]) -> dict[str, None]:
    """The lines of voltage sources to ground that every deck has and whose current none asks for, in order."""
    asked = {name.lower() for deck in decks for name in deck.vectors}
    everywhere = frozenset[str].intersection(*(frozenset(own.elements) for own in parts))

    def holds_a_node(line: str) -> bool:
        name, *nodes = line.lower().split(maxsplit=3)[:3]
        return name.startswith("v") and not _GROUND.isdisjoint(nodes) and f"i({name})" not in asked

    return {line: None for line in parts[0].elements if line in everywhere and holds_a_node(line)}


def _check_swept(frame: Iterable[str], common: Iterable[str]) -> None:
    names = {line.split()[0].lower() for line in common}
    for line in frame:
        words = line.lower().split()
        if words and words[0] == ".dc" and (own := [word for word in words[1::4] if word not in names]):
            raise InputError(f"{line!r}: {own[0]} is no source that all decks have in common; run each by itself")


def _renamer(kept: frozenset[str], mark: str) -> Rename:
    def rename(name: str) -> str:
        if name.lower() in kept:
            return name
        if _MARK in name:
            raise InputError(f"{name!r}: a name with {_MARK!r} could be one that is given to another deck's; rename it")
        if "." not in name:
            return name + mark
        outer, _, inner = name.partition(".")
        return f"{outer}{mark}.{inner}"

    return rename


def _element(line: str, rename: Rename) -> str:
    name, *words = (_SPACED.sub("=", line) if " =" in line or "= " in line else line).split()
    kind = name[0].lower()
    if kind == "x":
        count = next((at for at, word in enumerate(words) if "=" in word or word.lower() == "params:"), len(words)) - 1
    elif kind in _TWO_NODES and not _VOLTAGE.search(line):
        count = 2
    else:
        raise InputError(f"{line!r}: an element whose names are not known here; run its deck by itself")
    return " ".join([rename(name), *map(rename, words[:count]), *words[count:]])


def _initial(line: str, rename: Rename) -> str:
    return _VOLTAGE.sub(lambda found: f"v({rename(found[1])})", line)


def _vector(name: str, rename: Rename) -> str:
    """`v(st)`, `v(x1.st)`, `i(vb)`, and `i(v.x1.vb)`, where the instance comes second."""
    if not (found := _VECTOR.fullmatch(name)):
        raise InputError(f"{name!r}: a vector of another kind than v(..) and i(..); run its deck by itself")
    kind, inner = found["kind"], found["name"]
    if kind == "i" and inner.startswith("v."):
        return f"i(v.{rename(inner[2:])})"
    return f"{kind}({rename(inner)})"

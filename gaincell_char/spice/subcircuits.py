"""Copies of subcircuits for single instances of a deck, so that two instances of one subcircuit can differ inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gaincell_char.errors import InputError
from gaincell_char.spice.netlist import Statement, statements, walk

Rewrite = Callable[[str, Statement], str]
"""From the hierarchical name of a transistor (`x1.xamp.m1`) and its line to the line of the copy."""

_ASSIGNED = re.compile(r"\s*=\s*")


@dataclass(frozen=True)
class Subcircuit:
    """`.subckt` to `.ends`. `twice`: another one of this name was read, so a copy could be of the wrong one."""

    head: Statement
    body: tuple[Statement, ...]
    twice: bool = False


def subcircuits(text: str) -> dict[str, Subcircuit]:
    """Every subcircuit that a deck reads, by its name in lower case.

    Raises
    ------
    InputError
        One is defined inside another.
    """
    found: dict[str, Subcircuit] = {}
    for _, lines in walk(text):
        for each in _definitions(lines):
            name = each.head.words[1].lower()
            found[name] = Subcircuit(each.head, each.body, twice=name in found)
    return found


def _definitions(lines: Iterable[Statement]) -> Iterable[Subcircuit]:
    head: Statement | None = None
    body: list[Statement] = []
    for line in lines:
        if line.card == ".subckt":
            if head is not None:
                raise InputError(f"{line.where}: a subcircuit inside {head.words[1]}; write it outside")
            head, body = line, []
        elif line.card in (".ends", ".eom") and head is not None:
            yield Subcircuit(head, tuple(body))
            head = None
        elif head is not None:
            body.append(line)


def specialize(text: str, identities: Callable[[str], str | None], rewrite: Rewrite) -> str:
    """The deck `text` with a copy of its subcircuit, however deeply nested, for each top-level instance to which
    `identities` gives a name; the transistors of the copies are rewritten. Instances with one name share a copy.

    Node names and instance names stay, so the vectors asked for stay. Comments of the deck are dropped.

    Raises
    ------
    InputError
        A subcircuit that is not there, or is there twice; an instance with a multiplier.
    """
    copies = _Copies(subcircuits(text), rewrite)
    own = [copies.instance(each, name) if (name := _identity(each, identities)) else each.text
           for each in statements(text)]  # fmt: skip
    if own[-1].lower() != ".end":
        raise InputError(f"deck: its last line is {own[-1]!r}; a deck ends with .end")
    return "\n".join([text.splitlines()[0], *own[:-1], *copies.text, ".end", ""])


def _identity(line: Statement, identities: Callable[[str], str | None]) -> str | None:
    return identities(line.card) if line.card.startswith("x") else None


class _Copies:
    """The copies made so far, innermost first."""

    def __init__(self, known: dict[str, Subcircuit], rewrite: Rewrite) -> None:
        self.text: list[str] = []
        self._known = known
        self._rewrite = rewrite
        self._made: set[str] = set()

    def instance(self, line: Statement, identity: str) -> str:
        """The line of an instance, pointing at its copy."""
        words = _ASSIGNED.sub("=", line.text).split()
        at = next((n for n, word in enumerate(words) if "=" in word or word.lower() == "params:"), len(words)) - 1
        if any(word.lower().startswith("m=") for word in words[at + 1 :]):
            raise InputError(f"{line.where}: {words[0]} has a multiplier m; devices that vary are written one by one")
        name = words[at].lower()
        copy = f"{name}__{identity.replace('.', '_')}"
        if copy not in self._made:
            self._made.add(copy)
            self._copy(line, name, copy, identity)
        return " ".join([*words[:at], copy, *words[at + 1 :]])

    def _copy(self, line: Statement, name: str, copy: str, identity: str) -> None:
        if name not in self._known or self._known[name].twice:
            problem = "is defined twice" if name in self._known else "is not defined"
            raise InputError(f"{line.where}: the subcircuit {name} {problem}; it cannot be copied for {identity}")
        source = self._known[name]
        body = [self._line(each, identity) for each in source.body]
        head = re.sub(r"(?i)^(\.subckt\s+)\S+", lambda match: match[1] + copy, source.head.text)
        self.text += [head, *body, f".ends {copy}"]

    def _line(self, line: Statement, identity: str) -> str:
        inner = f"{identity}.{line.card}"
        if line.card.startswith("x"):
            return self.instance(line, inner)
        return self._rewrite(inner, line) if line.card.startswith("m") else line.text

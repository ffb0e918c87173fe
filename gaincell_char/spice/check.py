"""Deck validation before the run: what ngspice would ignore, misread or execute is refused with its file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gaincell_char.errors import InputError, unknown_name
from gaincell_char.spice import vocabulary
from gaincell_char.spice.netlist import Statement, walk
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure

_AMBIGUOUS = re.compile(r"(?<![\w.])(?P<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?P<letter>M|F)(?![\w.])")
_SUFFIXED = re.compile(r"[\d.][MF]")
_CONTROL = re.compile(r"[^\t\n\r -~\u00a0-\U0010ffff]")
_SEPARATOR = re.compile(r"[\s,()]+")
_ASSIGNED = re.compile(r"\s*=\s*")
_PARAMETER = re.compile(r"(?P<name>[^\s=,()]+)\s*=")
_QUOTING = frozenset("{'\"")
_EXPRESSION = re.compile(r"\{[^}]*\}|'[^']*'|\"[^\"]*\"")
_READINGS = {"M": ("milli", "mega", ("m", "Meg")), "F": ("femto", "farad", ("f", ""))}
_CLOSES = {".ends": ".subckt", ".eom": ".subckt", ".endif": ".if", ".endl": ".lib"}


def check(deck: Deck) -> None:
    """Refuse a deck that cannot be trusted to mean what it says.

    Raises
    ------
    SimulationFailure
        BAD_NETLIST or UNKNOWN_PARAMETER; the message starts with `file:line`.
    """
    _check_text(deck.text)
    try:
        files = [found for _, found in walk(deck.text)]
    except InputError as error:
        raise SimulationFailure(FailureKind.BAD_NETLIST, str(error)) from error
    for found in files:
        _check_nesting(found)
        for statement in found:
            _check_statement(statement)
    _check_analysis(files[0])
    _check_instances([statement for found in files for statement in found])


def _refuse(at: Statement, why: str, kind: FailureKind = FailureKind.BAD_NETLIST) -> SimulationFailure:
    return SimulationFailure(kind, f"{at.where}: {at.text[:60]!r}: {why}")


def _check_text(text: str) -> None:
    title = text.partition("\n")[0].strip()
    if not title or title.startswith((".", "+")) or title.lower().startswith("*ng_script"):
        message = f"deck:1: ngspice takes the first line as the title; {title!r} is none"
        raise SimulationFailure(FailureKind.BAD_NETLIST, message)
    if bad := _CONTROL.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise SimulationFailure(FailureKind.BAD_NETLIST, f"deck:{line}: a control character {bad[0]!r}")


def _check_nesting(found: Iterable[Statement]) -> None:
    opened: list[Statement] = []
    for statement in found:
        card = statement.card
        if card in (".subckt", ".if") or (card == ".lib" and len(statement.words) == 2):
            opened.append(statement)
        elif card in _CLOSES:
            if not opened or opened[-1].card != _CLOSES[card]:
                raise _refuse(statement, f"there is no {_CLOSES[card]} to close here")
            _check_same_name(opened.pop(), statement)
        elif card == ".end":
            break
    if opened:
        raise _refuse(opened[-1], "is never closed")


def _check_same_name(start: Statement, end: Statement) -> None:
    names = [statement.words[1].lower() for statement in (start, end) if len(statement.words) > 1]
    if start.card != ".if" and len(names) == 2 and names[0] != names[1]:
        raise _refuse(end, f"closes {names[1]}, but {names[0]} is open (line {start.line})")


def _check_statement(statement: Statement) -> None:
    _check_suffixes(statement)
    card = statement.card
    if card.startswith("."):
        _check_card(statement)
    elif not card[0].isalpha():
        raise _refuse(statement, "is no element, no statement and no comment")
    else:
        words = [word for word in _without_expressions(statement.text).split() if word != "="]
        needed = vocabulary.ELEMENT_WORDS.get(card[0], 1)
        if len(words) < needed:
            raise _refuse(statement, f"an element {card[0]}... has {needed} words or more: name, nodes, value or model")


def _check_suffixes(statement: Statement) -> None:
    if not _SUFFIXED.search(statement.text):  # quicker than what follows, and nearly always enough
        return
    if not (match := _AMBIGUOUS.search(statement.text)) or statement.reads_file:
        return
    number, letter = match["number"], match["letter"]
    spice, others, suffixes = _READINGS[letter]
    better = " or ".join(number + suffix for suffix in suffixes)
    readings = f"SPICE reads {number} {spice}, others {number} {others}"
    raise _refuse(statement, f"{match[0]} is ambiguous: {readings}; write {better}")


def _without_expressions(text: str) -> str:
    return _EXPRESSION.sub("{}", text) if _QUOTING.intersection(text) else text


def _check_card(statement: Statement) -> None:
    card = statement.card
    if card in vocabulary.COMMANDS:
        raise _refuse(statement, "a deck has no .control block: it could run commands; move it out of this file")
    if card in vocabulary.DROPPED_WITH_RAW_FILE:
        raise _refuse(statement, f"ngspice drops {card} where it writes a raw file; ask for vectors and measure those")
    if card in vocabulary.OTHER_ANALYSES:
        raise _refuse(statement, f"{card} is not supported; use .dc, .tran or .op")
    if card not in vocabulary.CARDS:
        raise _refuse(statement, str(unknown_name("statement", card, vocabulary.CARDS)) + "; ngspice would ignore it")
    if card in (".option", ".options", ".opt"):
        for word in _ASSIGNED.sub("=", statement.text).split()[1:]:
            name = word.partition("=")[0].lower()
            if name not in vocabulary.OPTIONS:
                message = str(unknown_name("simulator option", name, vocabulary.OPTIONS))
                raise _refuse(statement, message, FailureKind.UNKNOWN_PARAMETER)
    if card in (".param", ".subckt"):
        for match in _PARAMETER.finditer(statement.text):
            if match["name"].lower() in vocabulary.FUNCTIONS:
                raise _refuse(statement, f"{match['name']} is a function to ngspice; give the parameter another name")


def _check_analysis(own: tuple[Statement, ...]) -> None:
    analyses = [statement for statement in own if statement.card in vocabulary.ANALYSES]
    if len(analyses) != 1:
        lines = ", ".join(f"line {statement.line}" for statement in analyses) or "none"
        message = f"deck: one analysis is needed (.dc, .tran or .op); found {lines}"
        raise SimulationFailure(FailureKind.BAD_NETLIST, message)
    if own[-1].card != ".end":
        raise _refuse(own[-1], "a deck ends with .end")
    if "uic" in analyses[0].text.lower().split():
        raise _refuse(analyses[0], "uic starts every node at 0 V; set .ic and leave uic out")


def _check_instances(every: list[Statement]) -> None:
    """A parameter that a subcircuit does not have is dropped by ngspice without a word."""
    known: dict[str, set[str]] = {}
    for statement in every:
        if statement.card == ".subckt" and len(statement.words) > 1:
            names = {match["name"].lower() for match in _PARAMETER.finditer(statement.text)}
            known.setdefault(statement.words[1].lower(), set()).update(names)
    for statement in every:
        if statement.card.startswith("x"):
            _check_instance(statement, known)


def _check_instance(statement: Statement, known: dict[str, set[str]]) -> None:
    text = _ASSIGNED.sub("=", _without_expressions(statement.text))
    before, equal, _ = text.partition("=")
    words = before.split()[: -1 if equal else None]
    nodes = [word.lower() for word in words if word.lower() != "params:"]
    subcircuit = nodes[-1]
    if subcircuit not in known:
        raise _refuse(statement, str(unknown_name("subcircuit", subcircuit, known)))
    assigned = (name for word in _SEPARATOR.split(text) for name in word.lower().split("=")[:-1] if name)
    for name in assigned:
        if name != "m" and name not in known[subcircuit]:
            message = str(unknown_name(f"parameter of {subcircuit}", name, known[subcircuit]))
            raise _refuse(statement, message, FailureKind.UNKNOWN_PARAMETER)

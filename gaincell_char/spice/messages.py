"""What ngspice says, and what it means. Observed with ngspice 39; the first rule that matches names the failure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gaincell_char.spice.types import FailureKind


@dataclass(frozen=True)
class _Rule:
    """A message that condemns a run. `text` may use the groups of `pattern`."""

    kind: FailureKind
    pattern: re.Pattern[str]
    text: str


def _rule(kind: FailureKind, pattern: str, text: str) -> _Rule:
    return _Rule(kind, re.compile(pattern, re.IGNORECASE | re.MULTILINE), text)


# Causes come before the consequences that ngspice reports after them.
_RULES = (
    _rule(
        FailureKind.BAD_NETLIST,
        r"could not find include file (?P<file>.*)",
        "include file not found: {file}",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"library file (?P<file>.*?),? section definition (?P<section>\S+) not found",
        "no section {section} in the library {file}",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"could not find library file (?P<file>.*)",
        "library file not found: {file}",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"undefined parameter \[(?P<name>[^\]]*)\]",
        "undefined parameter {{{name}}}",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"unknown subckt: (?P<line>.*)",
        "unknown subcircuit in: {line}",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"too (?P<how>few|many) (?:parameters|nodes) for subcircuit type (?P<name>.*)",
        "too {how} nodes for the subcircuit {name}",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"mismatch of \.subckt",
        ".subckt and .ends do not balance",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"device type (?P<device>.*) not available in this binary",
        "this ngspice has no {device}",
    ),
    _rule(
        FailureKind.UNKNOWN_PARAMETER,
        r"unrecognized parameter \(?(?P<name>[^)\s]*)\)?.*ignored",
        "unknown model parameter {name}, which ngspice would ignore",
    ),
    _rule(
        FailureKind.UNKNOWN_PARAMETER,
        r"unknown parameter \((?P<name>[^)]*)\)",
        "unknown parameter {name}",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"can't find model '(?P<name>[^']*)'",
        "no model {name}",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"^\s*(?:warning: )?(?P<name>\S+): resistance to low",
        "the value of {name} is zero or missing",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"error on line (?P<line>\d+)[^\n]*\n\s*(?P<element>[^\n]*)\n\s*(?P<why>[^\n]*)",
        "deck:{line}: {element}: {why}",
    ),
    _rule(
        FailureKind.MISSING_VECTOR,
        r"no data saved for (?P<analysis>.*?) analysis",
        "none of the vectors asked for exists",
    ),
    _rule(
        FailureKind.SINGULAR,
        r"singular matrix:\s*check node (?P<node>\S+)#branch",
        "singular matrix: {node} closes a loop of voltage sources or inductors",
    ),
    _rule(
        FailureKind.SINGULAR,
        r"singular matrix:\s*check node (?P<node>\S+)",
        "singular matrix: node {node} has no path for direct current to ground",
    ),
    _rule(
        FailureKind.SINGULAR,
        r"singular matrix",
        "singular matrix: a node has no path for direct current to ground",
    ),
    _rule(
        FailureKind.NO_CONVERGENCE,
        r"timestep too small; time = (?P<time>[^,;\s]+)[^\n]*?trouble with (?P<what>[^\n]*)",
        "timestep too small at {time} s: trouble with {what}",
    ),
    _rule(
        FailureKind.NO_CONVERGENCE,
        r"timestep too small; time = (?P<time>[^,;\s]+)",
        "timestep too small at {time} s",
    ),
    _rule(
        FailureKind.NO_CONVERGENCE,
        r"timestep too small;\s*(?P<where>[^:\n]*): trouble with (?P<what>[^\n]*)",
        "no operating point at {where}: trouble with {what}",
    ),
    _rule(
        FailureKind.NO_CONVERGENCE,
        r"timestep too small;\s*(?P<where>[^:\n]*)",
        "no operating point at {where}",
    ),
    _rule(
        FailureKind.NO_CONVERGENCE,
        r"timestep too small|dc solution failed|iteration limit reached|no convergence in",
        "no operating point found",
    ),
    _rule(
        FailureKind.MEASURE_FAILED,
        r"^(?P<line>[^\n]*(?:failed!|out of interval))",
        "{line}",
    ),
    _rule(
        FailureKind.DISK,
        r"no space left on device|disk full|file size limit exceeded",
        "the disk is full",
    ),
    _rule(
        FailureKind.CRASHED,
        r"out of memory|can't allocate|malloc:",
        "ngspice ran out of memory",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"^\s*(?:fatal|internal)?\s*error\b[:, ]+(?P<why>[^\n]*)",
        "{why}",
    ),
    _rule(
        FailureKind.BAD_NETLIST,
        r"circuit not parsed|there aren't any circuits loaded",
        "the netlist was not understood",
    ),
    _rule(
        FailureKind.INCOMPLETE,
        r"run simulation\(s\) aborted|simulation interrupted",
        "the simulation was aborted",
    ),
)
_TITLE = re.compile(r"^Circuit: .*$", re.MULTILINE)
_NOTE = re.compile(r"(?:note|warning)\b[: ].*", re.IGNORECASE)
_ROUTINE = re.compile(r"no compatibility mode|no resource usage information|can't find init file", re.IGNORECASE)
_PROGRESS = re.compile(r"(?:reference value|trying gmin|supplies reduced to|%)[\s=:]*[-+.\deE]*\s*%?\s*", re.IGNORECASE)


def clean(text: str) -> str:
    """A log without the progress that ngspice writes between its messages, separated by carriage returns."""
    lines = (_PROGRESS.sub("", line.strip(), count=1) for line in re.split(r"[\r\n]+", text))
    return "\n".join(line for line in lines if line)


def notes(log: str) -> tuple[str, ...]:
    """What ngspice remarked on the way to success (gmin stepping, model warnings): each remark once, in order."""
    return tuple(dict.fromkeys(line for line in log.splitlines() if _NOTE.match(line) and not _ROUTINE.search(line)))


def fault(log: str) -> tuple[FailureKind, str] | None:
    """The failure that a cleaned log tells of: its kind and one line; None where there is none."""
    messages = _TITLE.sub("", log)  # the user's own words: a circuit may well be called "error amplifier"
    for rule in _RULES:
        if match := rule.pattern.search(messages):
            groups = {name: value.replace('"', "").strip(" ,'") for name, value in match.groupdict().items()}
            return rule.kind, rule.text.format(**groups)
    return None

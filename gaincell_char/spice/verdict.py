"""The one place that says whether a simulation succeeded. The exit code proves nothing: ngspice ends with 0 after most faults."""

from __future__ import annotations

import difflib
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gaincell_char.spice.rawfile import Plot
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms


@dataclass(frozen=True)
class Outcome:
    """What a run left behind, from either engine. `exit_code` is None through the shared library, where it means nothing;
    `fault` names what the engine itself saw: a deadline missed, a raw file that cannot be read."""

    stdout: str
    stderr: str
    plots: tuple[Plot, ...]
    exit_code: int | None = None
    fault: tuple[FailureKind, str] | None = None


@dataclass(frozen=True)
class _Rule:
    """A message that condemns a run. `text` may use the groups of `pattern`."""

    kind: FailureKind
    pattern: re.Pattern[str]
    text: str


def _rule(kind: FailureKind, pattern: str, text: str) -> _Rule:
    return _Rule(kind, re.compile(pattern, re.IGNORECASE | re.MULTILINE), text)


# The first rule that matches names the failure: causes come before the consequences ngspice reports after them.
_RULES = (
    _rule(FailureKind.BAD_NETLIST, r"could not find include file (?P<file>.*)", "include file not found: {file}"),
    _rule(FailureKind.BAD_NETLIST, r"library file (?P<file>.*?),? section definition (?P<section>\S+) not found",
          "no section {section} in the library {file}"),
    _rule(FailureKind.BAD_NETLIST, r"could not find library file (?P<file>.*)", "library file not found: {file}"),
    _rule(FailureKind.BAD_NETLIST, r"undefined parameter \[(?P<name>[^\]]*)\]", "undefined parameter {{{name}}}"),
    _rule(FailureKind.BAD_NETLIST, r"unknown subckt: (?P<line>.*)", "unknown subcircuit in: {line}"),
    _rule(FailureKind.BAD_NETLIST, r"too few parameters for subcircuit type (?P<name>.*)", "wrong number of nodes for subcircuit {name}"),
    _rule(FailureKind.BAD_NETLIST, r"mismatch of \.subckt", ".subckt and .ends do not balance"),
    _rule(FailureKind.BAD_NETLIST, r"device type (?P<device>.*) not available in this binary", "this ngspice has no {device}"),
    _rule(FailureKind.UNKNOWN_PARAMETER, r"unrecognized parameter \(?(?P<name>[^)\s]*)\)?.*ignored",
          "unknown model parameter {name!r}, which ngspice would ignore"),
    _rule(FailureKind.UNKNOWN_PARAMETER, r"unknown parameter \((?P<name>[^)]*)\)", "unknown parameter {name!r}"),
    _rule(FailureKind.BAD_NETLIST, r"can't find model '(?P<name>[^']*)'", "no model {name!r}"),
    _rule(FailureKind.BAD_NETLIST, r"^\s*(?:warning: )?(?P<name>\S+): resistance to low", "the value of {name} is zero or missing"),
    _rule(FailureKind.BAD_NETLIST, r"error on line (?P<line>\d+)[^\n]*\n\s*(?P<element>[^\n]*)\n\s*(?P<why>[^\n]*)",
          "line {line}: {element}: {why}"),
    _rule(FailureKind.MISSING_VECTOR, r"no data saved for (?P<analysis>.*?) analysis", "none of the vectors asked for exists"),
    _rule(FailureKind.SINGULAR, r"singular matrix:\s*check node (?P<node>\S+)#branch",
          "singular matrix: {node} closes a loop of voltage sources or inductors"),
    _rule(FailureKind.SINGULAR, r"singular matrix(?::\s*check node (?P<node>\S+))?",
          "singular matrix: node {node} has no path for direct current to ground"),
    _rule(FailureKind.NO_CONVERGENCE, r"timestep too small; time = (?P<time>[^,;\s]+)[^\n]*?(?:trouble with (?P<node>[^\n]*)|cause unrecorded)",
          "timestep too small at {time} s, trouble with {node}"),
    _rule(FailureKind.NO_CONVERGENCE, r"timestep too small[^\n]*?(?P<where>[^;:\n]*)(?:: trouble with (?P<node>[^\n]*)|: cause unrecorded)",
          "no operating point at {where}, trouble with {node}"),
    _rule(FailureKind.NO_CONVERGENCE, r"timestep too small|dc solution failed|iteration limit reached|no convergence in",
          "no operating point found"),
    _rule(FailureKind.MEASURE_FAILED, r"^[^\n]*(?:failed!|out of interval)", "{whole}"),
    _rule(FailureKind.DISK, r"no space left on device|disk full|file size limit exceeded", "the disk is full"),
    _rule(FailureKind.CRASHED, r"out of memory|can't allocate|malloc:", "ngspice ran out of memory"),
    _rule(FailureKind.BAD_NETLIST, r"^\s*(?:fatal|internal)?\s*error\b[:, ]+(?P<why>[^\n]*)", "{why}"),
    _rule(FailureKind.BAD_NETLIST, r"circuit not parsed|there aren't any circuits loaded", "the netlist was not understood"),
    _rule(FailureKind.INCOMPLETE, r"run simulation\(s\) aborted|simulation interrupted", "the simulation was aborted"),
)  # fmt: skip
# An operating point that needed help is reported as an error on the way to success.
_TRANSIENT_OP = re.compile(r"error: transient op failed[^\n]*", re.IGNORECASE)
_NOTE = re.compile(r"^(?:note|warning)\b[: ].*", re.IGNORECASE)
_UNHELPFUL = re.compile(r"no compatibility mode|no resource usage information|can't find init file|spinit", re.IGNORECASE)
_PROGRESS = re.compile(r"^\s*(?:%|reference value|trying gmin =\s*\S+|supplies reduced to\s*\S+%?)\s*[-+.\deE%]*\s*", re.IGNORECASE)


def judge(deck: Deck, outcome: Outcome) -> Waveforms:
    """The waveforms of a run that can be trusted: no fault in its messages, one whole plot, every vector asked for, finite.

    Raises
    ------
    SimulationFailure
        With the kind, one line that says why, and the log.
    """
    log = "\n".join(part for part in (clean(outcome.stdout), clean(outcome.stderr)) if part)
    _refuse_signals(outcome, log)
    _refuse_messages(outcome, log)
    if outcome.fault:
        raise SimulationFailure(*outcome.fault, log)
    if outcome.exit_code:
        raise SimulationFailure(FailureKind.CRASHED, f"ngspice ended with exit code {outcome.exit_code}: {_last_line(log)}", log)
    plot = _the_plot(outcome.plots, log)
    return Waveforms(*_scale(plot), _vectors(deck, plot, log), notes(log))


def clean(text: str) -> str:
    """A log without the progress that ngspice writes between its messages, separated by carriage returns."""
    lines = (_PROGRESS.sub("", line).strip() if _PROGRESS.match(line) else line.rstrip() for line in re.split(r"[\r\n]+", text))
    return "\n".join(line for line in lines if line.strip())


def notes(log: str) -> tuple[str, ...]:
    """What ngspice remarked on the way to success (gmin stepping, model warnings): each remark once, in order."""
    remarks = (line.strip() for line in log.splitlines())
    return tuple(dict.fromkeys(line for line in remarks if _NOTE.match(line) and not _UNHELPFUL.search(line)))


def _refuse_signals(outcome: Outcome, log: str) -> None:
    if outcome.fault and outcome.fault[0] is FailureKind.TIMEOUT:
        raise SimulationFailure(*outcome.fault, log)
    code = outcome.exit_code or 0
    number = -code if code < 0 else code - 128 if 128 < code < 160 else 0
    if not number:
        return
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    if name == "SIGXFSZ":
        raise SimulationFailure(FailureKind.DISK, "the raw file is larger than the file-size limit (ulimit -f)", log)
    died = name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL")
    kind = FailureKind.CRASHED if died else FailureKind.KILLED
    raise SimulationFailure(kind, f"ngspice was ended by {name}", log)


def _refuse_messages(outcome: Outcome, log: str) -> None:
    # the title is the user's own text: a circuit may well be called "error amplifier"
    messages = re.sub(r"^Circuit: .*$", "", log, flags=re.MULTILINE)
    if outcome.exit_code in (None, 0) and any(plot.points for plot in outcome.plots):
        messages = _TRANSIENT_OP.sub("", messages)
    for rule in _RULES:
        if match := rule.pattern.search(messages):
            raise SimulationFailure(rule.kind, _explain(rule, match), log)


def _explain(rule: _Rule, match: re.Match[str]) -> str:
    groups = {name: (value or "unknown").strip(" ,\"'") for name, value in match.groupdict().items()}
    return rule.text.format(whole=match[0].strip(), **groups)


def _the_plot(plots: tuple[Plot, ...], log: str) -> Plot:
    if not plots:
        raise SimulationFailure(FailureKind.INCOMPLETE, "ngspice wrote no result", log)
    if len(plots) > 1:
        kinds = ", ".join(plot.kind for plot in plots)
        raise SimulationFailure(FailureKind.BAD_NETLIST, f"{len(plots)} analyses ran ({kinds}); a deck has one", log)
    plot = plots[0]
    if plot.points == 0:
        raise SimulationFailure(FailureKind.INCOMPLETE, "the result has no points: the run did not reach its end", log)
    if np.iscomplexobj(plot.data):
        raise SimulationFailure(FailureKind.BAD_NETLIST, f"{plot.kind} gives complex vectors; use .dc, .tran or .op", log)
    return plot


def _scale(plot: Plot) -> tuple[str, np.ndarray]:
    if plot.kind.lower().startswith("operating point"):
        return "index", np.arange(plot.points, dtype=np.float64)
    return plot.names[0], plot.data[0]


def _vectors(deck: Deck, plot: Plot, log: str) -> dict[str, np.ndarray]:
    have = dict(zip(plot.names, plot.data, strict=True))
    missing = [name for name in deck.vectors if name.lower() not in have]
    if missing:
        raise SimulationFailure(FailureKind.MISSING_VECTOR, "; ".join(_nearest(name, have) for name in missing), log)
    vectors = {name: have[name.lower()] for name in deck.vectors}
    for name, values in _with_scale(plot, vectors):
        if not np.isfinite(values).all():
            first = int(np.flatnonzero(~np.isfinite(values))[0])
            message = f"{name} is {values[first]} at point {first} of {values.size}"
            raise SimulationFailure(FailureKind.INCOMPLETE, message, log)
    return vectors


def _with_scale(plot: Plot, vectors: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    yield plot.names[0], plot.data[0]
    yield from vectors.items()


def _nearest(name: str, have: dict[str, np.ndarray]) -> str:
    close = difflib.get_close_matches(name.lower(), have, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(list(have)[:8])}"
    return f"no vector {name!r} in the result; {hint}"


def _last_line(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"

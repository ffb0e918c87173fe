"""The one place that says whether a simulation succeeded. The exit code proves nothing: after most faults it is 0."""

from __future__ import annotations

import difflib
import math
import signal
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gaincell_char.spice.messages import clean, fault, notes
from gaincell_char.spice.netlist import statements
from gaincell_char.spice.rawfile import Plot
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

Vector: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What a run left behind, from either engine. `exit_code` is None through the shared library, where it means
    nothing; `fault` names what the engine itself saw: a deadline missed, a raw file that cannot be read."""

    stdout: str
    stderr: str
    plots: tuple[Plot, ...]
    exit_code: int | None = None
    fault: tuple[FailureKind, str] | None = None


def judge(deck: Deck, outcome: Outcome) -> Waveforms:
    """The waveforms of a run that can be trusted: no fault in its messages, one plot that is whole and reaches the end
    of the analysis, every vector asked for, every value finite.

    Raises
    ------
    SimulationFailure
        With the kind, one line that says why, and the log.
    """
    log = "\n".join(part for part in (clean(outcome.stdout), clean(outcome.stderr)) if part)
    if seen := _process_fault(outcome) or fault(log) or outcome.fault or _exit_fault(outcome, log):
        raise SimulationFailure(*seen, log)
    try:
        plot = _the_plot(outcome.plots)
        _reached_its_end(deck, plot)
        vectors = _vectors(deck, plot)
    except SimulationFailure as failure:
        raise SimulationFailure(failure.kind, failure.message, log) from None
    if plot.kind.lower().startswith("operating point"):
        return Waveforms("index", np.arange(plot.points, dtype=np.float64), vectors, notes(log))
    return Waveforms(plot.names[0], plot.data[0].real, vectors, notes(log))


def _process_fault(outcome: Outcome) -> tuple[FailureKind, str] | None:
    """A deadline or a signal: it explains whatever else is missing."""
    if outcome.fault and outcome.fault[0] is FailureKind.TIMEOUT:
        return outcome.fault
    code = outcome.exit_code or 0
    number = -code if code < 0 else code - 128  # a shell reports a signal as 128 + its number
    if number not in set(signal.Signals):
        return None
    name = signal.Signals(number).name
    if name == "SIGXFSZ":
        return FailureKind.DISK, "the raw file is larger than the file-size limit allows (ulimit -f)"
    died = name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL")
    return FailureKind.CRASHED if died else FailureKind.KILLED, f"ngspice was ended by {name}"


def _exit_fault(outcome: Outcome, log: str) -> tuple[FailureKind, str] | None:
    if not outcome.exit_code:
        return None
    last = log.splitlines()[-1] if log else "it said nothing"
    return FailureKind.CRASHED, f"ngspice ended with exit code {outcome.exit_code}: {last}"


def _the_plot(plots: tuple[Plot, ...]) -> Plot:
    if not plots:
        raise SimulationFailure(FailureKind.INCOMPLETE, "ngspice wrote no result")
    if len(plots) > 1:
        kinds = ", ".join(plot.kind for plot in plots)
        raise SimulationFailure(FailureKind.BAD_NETLIST, f"{len(plots)} analyses ran ({kinds}); a deck has one")
    if plots[0].points == 0:
        raise SimulationFailure(FailureKind.INCOMPLETE, "the result has no points: the run did not reach its end")
    if np.iscomplexobj(plots[0].data):
        raise SimulationFailure(FailureKind.BAD_NETLIST, f"{plots[0].kind} is complex; use .dc, .tran or .op")
    return plots[0]


def _reached_its_end(deck: Deck, plot: Plot) -> None:
    """A run that was cut short may leave a raw file that is whole in itself."""
    analysis = next((found for found in statements(deck.text) if found.card in (".dc", ".tran")), None)
    if analysis is None:
        return
    words = analysis.words[1:]
    try:
        if analysis.card == ".tran":
            stop, reached = float(words[1]), float(plot.data[0, -1])
            if reached < stop * (1 - 1e-6):
                message = f"the transient ends at {reached:g} s, not at {stop:g} s"
                raise SimulationFailure(FailureKind.INCOMPLETE, message)
            return
        sweeps = [tuple(map(float, words[start + 1 : start + 4])) for start in range(0, len(words), 4)]
        points = math.prod(math.floor((stop - start) / step + 1e-6) + 1 for start, stop, step in sweeps)
    except (ValueError, IndexError, ZeroDivisionError):
        return  # written with parameters or suffixes: the end is not known here
    if plot.points != points:
        raise SimulationFailure(FailureKind.INCOMPLETE, f"the sweep has {plot.points} of {points} points")


def _vectors(deck: Deck, plot: Plot) -> dict[str, Vector]:
    have: dict[str, Vector] = {name: values.real for name, values in zip(plot.names, plot.data, strict=True)}
    missing = [name for name in deck.vectors if name.lower() not in have]
    if missing:
        raise SimulationFailure(FailureKind.MISSING_VECTOR, "; ".join(_nearest(name, have) for name in missing))
    vectors = {name: have[name.lower()] for name in deck.vectors}
    for name, values in [(plot.names[0], have[plot.names[0]]), *vectors.items()]:
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            message = f"{name} is {values[bad[0]]} at point {bad[0]} of {values.size}"
            raise SimulationFailure(FailureKind.INCOMPLETE, message)
    return vectors


def _nearest(name: str, have: dict[str, Vector]) -> str:
    close = difflib.get_close_matches(name.lower(), have, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(list(have)[:8])}"
    return f"no vector {name!r} in the result; {hint}"

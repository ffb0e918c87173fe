"""Success is judged from what was said, written and asked for: recorded messages of ngspice 39, and plots by hand."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from gaincell_char.spice.rawfile import Plot
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms
from gaincell_char.spice.verdict import Outcome, judge

DC = Plot(
    "DC transfer characteristic",
    ("v-sweep", "v(out)", "i(v1)"),
    np.array([[0.0, 0.5, 1.0], [0.0, 0.25, 0.5], [1, 2, 3]]),
)
DECK = Deck("t\nv1 in 0 1\n.dc v1 0 1 0.5\n.end\n", ("V(out)",))


def _judge(
    stderr: str = "", *, plots: tuple[Plot, ...] = (DC,), exit_code: int | None = 0, deck: Deck = DECK, stdout: str = ""
) -> Waveforms:
    return judge(deck, Outcome(stdout, stderr, plots, exit_code))


def _failure(stderr: str = "", **given: object) -> SimulationFailure:
    with pytest.raises(SimulationFailure) as caught:
        _judge(stderr, **given)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_good_run() -> None:
    waves = _judge(stdout="Circuit: error amplifier, failed! aborted\nNo. of Data Rows : 3\n")
    assert waves.scale_name == "v-sweep"
    np.testing.assert_array_equal(waves.scale, [0, 0.5, 1])
    np.testing.assert_array_equal(waves.vectors["V(out)"], [0, 0.25, 0.5])
    assert waves.notes == ()


@pytest.mark.parametrize("exit_code", [0, None])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize(
    ("said", "kind", "names"),
    [
        ("Warning: singular matrix:  check node st\n", FailureKind.SINGULAR, "node st has no path"),
        ("Warning: singular matrix:  check node v1#branch\n", FailureKind.SINGULAR, "v1 closes a loop"),
        (
            "Warning: Model issue on line 2 :\n  .model m nmos level=14 ...\nunrecognized parameter (foo) - ignored\n",
            FailureKind.UNKNOWN_PARAMETER,
            "foo",
        ),
        ("Warning: r1: resistance to low, set to 1 mOhm\n", FailureKind.BAD_NETLIST, "r1"),
        ("Error: Could not find include file /x y/z.lib\n", FailureKind.BAD_NETLIST, "/x y/z.lib"),
        ("ERROR, library file /a.lib, section definition tt not found\n", FailureKind.BAD_NETLIST, "no section tt"),
        (
            "warning, can't find model 'm1' from line\n    m1 a a 0 0 m1\nError on line 3 or its substitute:\n",
            FailureKind.BAD_NETLIST,
            "no model m1",
        ),
        (
            "Error on line 4 or its substitute:\n  r1 a 0 2k\ndevice already exists, existing one being used\n",
            FailureKind.BAD_NETLIST,
            "deck:4: r1 a 0 2k: device already exists",
        ),
        ("Undefined parameter [foo]\n", FailureKind.BAD_NETLIST, "{foo}"),
        ("Error: unknown subckt: x1 a 0 nosub\n", FailureKind.BAD_NETLIST, "x1 a 0 nosub"),
        (
            'doAnalyses: TRAN:  Timestep too small; time = 1e-09, timestep = 1e-24: trouble with node "x1.st"\n\n'
            "run simulation(s) aborted\n",
            FailureKind.NO_CONVERGENCE,
            "at 1e-09 s: trouble with node x1.st",
        ),
        (
            "Error: Transient op failed, timestep too small\n\n"
            "doAnalyses: DC:  Timestep too small;  v1 = 0: cause unrecorded.\n",
            FailureKind.NO_CONVERGENCE,
            "no operating point at v1 = 0",
        ),
        ("doAnalyses: iteration limit reached\n", FailureKind.NO_CONVERGENCE, "no operating point"),
        ("tmax  find v(a) at 1 failed!\n", FailureKind.MEASURE_FAILED, "tmax"),
        ("Error: measure  x  find(AT) : out of interval\n", FailureKind.MEASURE_FAILED, "out of interval"),
        ("run simulation(s) aborted\n", FailureKind.INCOMPLETE, "aborted"),
        ("Error: something new went wrong\n", FailureKind.BAD_NETLIST, "something new went wrong"),
    ],
)
def test_a_message_condemns_a_run_that_looks_whole(
    said: str, kind: FailureKind, names: str, stream: str, exit_code: int | None
) -> None:
    failure = (
        _failure(**{stream: said, "exit_code": exit_code})
        if stream == "stdout"
        else _failure(said, exit_code=exit_code)
    )
    assert failure.kind is kind
    assert names in failure.message
    assert failure.log


def test_progress_between_carriage_returns_hides_nothing() -> None:
    said = " Reference value :  1.00000e-09\r Reference value :  2.00000e-09\rWarning: singular matrix:  check node b\n"
    assert _failure(said).kind is FailureKind.SINGULAR
    said = "Trying gmin =   1.0000E-03 Warning: singular matrix:  check node b\n"
    assert "node b" in _failure(said).message


def test_convergence_help_with_a_good_end_is_a_note() -> None:
    said = (
        "Note: Starting dynamic gmin stepping\nTrying gmin =   1.0000E-03 Note: One successful gmin step\n"
        "Trying gmin =   1.0000E-04 Note: One successful gmin step\nWarning: Dynamic gmin stepping failed\n"
        "Note: Starting source stepping\nSupplies reduced to   0.0000% Note: One successful source step\n"
        "Note: Source stepping completed\n"
    )
    assert _judge(said, stdout="\nNote: No compatibility mode selected!\n").notes == (
        "Note: Starting dynamic gmin stepping",
        "Note: One successful gmin step",
        "Warning: Dynamic gmin stepping failed",
        "Note: Starting source stepping",
        "Note: One successful source step",
        "Note: Source stepping completed",
    )


@pytest.mark.parametrize(
    ("exit_code", "kind", "names"),
    [
        (-9, FailureKind.KILLED, "SIGKILL"),
        (137, FailureKind.KILLED, "SIGKILL"),
        (143, FailureKind.KILLED, "SIGTERM"),
        (-11, FailureKind.CRASHED, "SIGSEGV"),
        (153, FailureKind.DISK, "ulimit -f"),
        (-25, FailureKind.DISK, "ulimit -f"),
        (1, FailureKind.CRASHED, "exit code 1: last words"),
    ],
)
def test_exit_codes(exit_code: int, kind: FailureKind, names: str) -> None:
    failure = _failure("last words\n", exit_code=exit_code)
    assert failure.kind is kind
    assert names in failure.message


def test_no_plot_no_points_or_two_plots() -> None:
    empty = Plot(DC.kind, DC.names, np.empty((3, 0)))
    assert _failure(plots=()).kind is FailureKind.INCOMPLETE
    assert "no points" in _failure(plots=(empty,)).message
    assert "2 analyses" in _failure(plots=(DC, DC)).message
    assert "complex" in _failure(plots=(Plot("AC Analysis", DC.names, DC.data + 0j),)).message


def test_a_vector_that_is_not_there_offers_the_nearest() -> None:
    failure = _failure(deck=Deck(DECK.text, ("v(out)", "v(ou)", "v(nowhere)")))
    assert failure.kind is FailureKind.MISSING_VECTOR
    assert "no vector 'v(ou)' in the result; did you mean v(out)?" in failure.message
    assert "v(nowhere)" in failure.message


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 1])
def test_a_number_that_is_none(bad: float, row: int) -> None:
    data = DC.data.copy()
    data[row, 1] = bad
    failure = _failure(plots=(Plot(DC.kind, DC.names, data),))
    assert failure.kind is FailureKind.INCOMPLETE
    assert "at point 1 of 3" in failure.message
    other = data.copy()
    other[row] = DC.data[row]
    other[2, 1] = bad  # nobody asked for i(v1)
    assert _judge(plots=(Plot(DC.kind, DC.names, other),))


def test_a_run_that_stops_short() -> None:
    longer = Deck(DECK.text.replace("0.5\n", "0.25\n"), DECK.vectors)
    assert "3 of 5 points" in _failure(deck=longer).message
    nested = Deck(DECK.text.replace("0.5\n", "0.5\n+ v2 0 1 1\n"), DECK.vectors)
    assert "3 of 6 points" in _failure(deck=nested).message
    transient = Plot("Transient Analysis", ("time", "v(out)"), np.array([[0.0, 1e-9, 1.9e-9], [0.0, 1, 1]]))
    deck = Deck("t\n.tran 1e-10 2e-9\n.end\n", ("v(out)",))
    assert "ends at 1.9e-09 s, not at 2e-09 s" in _failure(plots=(transient,), deck=deck).message


def test_an_operating_point_has_an_index() -> None:
    plot = Plot("Operating Point", ("v(out)",), np.array([[0.3]]))
    waves = _judge(plots=(plot,), deck=Deck("t\n.op\n.end\n", ("v(out)",)))
    assert (waves.scale_name, waves.scale.tolist(), waves.vectors["v(out)"].tolist()) == ("index", [0.0], [0.3])


def test_a_failure_survives_the_way_between_processes() -> None:
    failure = _failure("Warning: singular matrix:  check node st\n")
    again = pickle.loads(pickle.dumps(failure))
    assert (again.kind, again.message, again.log) == (failure.kind, failure.message, failure.log)

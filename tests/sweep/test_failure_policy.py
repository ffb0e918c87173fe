"""What a run does where decks fail: `--stop-after`, `--only-failed`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from conftest import SPEC, Command
from rc_bench import AnalyticEngine

from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

TWENTY = SPEC.replace("[0.5, 1.0, 2.0]", "{start: 1, stop: 20, num: 20}").replace("rc.r: [1k, 2k]", "rc.r: [1k]")


class Failing(AnalyticEngine):
    """Fails every deck while there is a file `broken`."""

    def __init__(self, folder: Path) -> None:
        self._broken = folder / "broken"

    def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
        if self._broken.exists() and " tt" in deck.text:
            raise SimulationFailure(FailureKind.NO_CONVERGENCE, "at node out")
        return super().run(deck, timeout_s)


@pytest.fixture
def spec(tmp_path: Path, rc: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("gaincell_char.sweep.run.open_engine", lambda kind: Failing(tmp_path))
    path = tmp_path / "rc.yaml"
    path.write_text(TWENTY)
    return path


def counts(store: Path) -> tuple[int, int]:
    with sqlite3.connect(store) as raw:
        return tuple(raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("result", "failure"))  # type: ignore[return-value]


def test_a_run_goes_on_past_failures_unless_told_to_stop(gaincell: Command, spec: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    store = tmp_path / "s.sqlite"
    status, _, err = gaincell("sweep", "run", spec, "--store", store, "-j", 2, "--stop-after", 3)
    assert status == 3
    stored, failed = counts(store)
    assert 3 <= failed <= 7, "three, and what was running"
    assert stored == 0
    assert f"{(40 - failed) * 3} of 120 points were not run" in err
    assert "no_convergence: at node out" in err

    status, _, err = gaincell("sweep", "run", spec, "--store", store, "-j", 2)
    assert status == 3
    assert counts(store) == (20, 20)
    assert "were not run" not in err


def test_only_failed_runs_what_failed_and_nothing_else(gaincell: Command, spec: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    store = tmp_path / "s.sqlite"
    gaincell("sweep", "run", spec, "--store", store, "-j", 1, "--corner", "tt", "--axis", "v_step_V=1,2,3")
    assert counts(store) == (0, 3)
    (tmp_path / "broken").unlink()
    status, out, err = gaincell("sweep", "run", spec, "--store", store, "-j", 1, "--only-failed")
    assert status == 3
    assert counts(store) == (3, 0)
    assert "111 of 120 points were not run" in err
    assert "rc: 9 of 120 points" in out


def test_a_deck_may_take_as_long_as_the_user_says(
    gaincell: Command, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Limited(AnalyticEngine):
        def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
            if timeout_s < 3:
                raise SimulationFailure(FailureKind.TIMEOUT, f"no result after {timeout_s:g} s")
            return super().run(deck, timeout_s)

    monkeypatch.setattr("gaincell_char.sweep.run.open_engine", lambda kind: Limited())
    store = tmp_path / "s.sqlite"
    status, _, err = gaincell("sweep", "run", spec, "--store", store, "-j", 1, "--stop-after", 1, "--timeout", "2.5")
    assert status == 3
    assert "timeout: no result after 2.5 s" in err
    assert gaincell("sweep", "run", spec, "--store", store, "-j", 1, "--timeout", "60")[0] == 0
    assert gaincell("sweep", "run", spec, "--store", store, "--timeout", "0")[0] == 2

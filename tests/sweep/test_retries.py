"""The retry ladder: declared in the spec, taken only where a deck does not converge, recorded in the dataset."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import SPEC, make_spec
from rc_bench import AnalyticEngine

from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms
from gaincell_char.sweep.run import prepare, run_sweep


class Fussy(AnalyticEngine):
    """A step of 1 V converges at a reltol of 1e-2 only, one of 2 V never; 0.5 V runs out of time."""

    def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
        loose = "reltol=0.01\n" in deck.text
        if "dc 2.0\n" in deck.text or ("dc 1.0\n" in deck.text and not loose):
            raise SimulationFailure(FailureKind.NO_CONVERGENCE, "at node out, at 1 us")
        if "dc 0.5\n" in deck.text:
            assert "reltol=0.0001\n" in deck.text, "a timeout is not tried with other numerics"
            raise SimulationFailure(FailureKind.TIMEOUT, "late")
        return super().run(deck, timeout_s)


def test_a_deck_that_does_not_converge_climbs_the_ladder_and_says_so(rc: Path, tmp_path: Path) -> None:
    spec = make_spec(
        axes={"v_step_V": ["0.5", "1", "2", "3"]}, corners=["tt"], retries=[{"reltol": "1m"}, {"reltol": "10m"}]
    )
    frame = run_sweep(spec, store=tmp_path / "s.sqlite", engine=Fussy, workers=1).frame
    first = frame.drop_duplicates("v_step_V").set_index("v_step_V")
    assert first["status"].to_dict() == {0.5: "timeout", 1.0: "ok", 2.0: "no_convergence", 3.0: "ok"}
    assert first.loc[[1.0, 3.0], "attempt"].tolist() == [2.0, 0.0]
    assert first.loc[2.0, "reason"] == "at node out, at 1 us"


def test_a_ladder_is_part_of_the_key_and_absent_from_a_spec_without(rc: Path) -> None:
    plain, laddered = (prepare(make_spec(SPEC, **change), engine=AnalyticEngine).tasks[0].identity
                       for change in ({}, {"retries": [{"reltol": "1m"}]}))  # fmt: skip
    assert plain.key != laddered.key
    assert plain.point == laddered.point
    assert "retries" not in plain.inputs


def test_an_unknown_numeric_setting_is_refused(rc: Path) -> None:
    with pytest.raises(InputError, match=r"rc: retries\[0\]: unknown numeric setting 'reltool'; did you mean reltol"):
        prepare(make_spec(SPEC, retries=[{"reltool": "1m"}]), engine=AnalyticEngine)

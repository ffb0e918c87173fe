"""The comparison: what the model says, how it is judged, and that finished cases are kept."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from characterized import STEP_S, T_MAX_S, characterized
from click.testing import CliRunner
from recorded_head import PlaybackEngine

from gaincell_char.behavior import load_model, save_model
from gaincell_char.behavior.schema import Condition
from gaincell_char.cli.verify import command
from gaincell_char.errors import InputError
from gaincell_char.verification import head, page, predict, simulate
from gaincell_char.verification.cases import Size
from gaincell_char.verification.statistics import CORNER_LIMITS, NOMINAL_LIMITS, failures, statistics

SIZE = Size(6, 5, 2)
WIDTHS_S = predict.input_widths_s(characterized())


def _request(cases: int = 3) -> head.Request:
    return head.Request(cases, 1, SIZE, Condition())


@pytest.fixture
def playback(monkeypatch: pytest.MonkeyPatch) -> PlaybackEngine:
    engine = PlaybackEngine(SIZE.columns)
    for module in (head, simulate, page):
        monkeypatch.setattr(module, "open_engine", lambda kind: engine)
    return engine


def _run(model: object, store: Path, cases: int = 3) -> tuple[head.Prepared, head.Simulated, list[int]]:
    counts: list[int] = []
    notes: list[str] = []

    def advance(done: int, total: int, note: str) -> None:
        counts.append(done)
        notes.append(note)

    prepared = head.prepare(_request(cases), model)  # type: ignore[arg-type]
    simulated = head.simulate(prepared, store, 1, advance)
    if len(counts) > cases and not simulated.failed:
        largest = max(abs(each.errors_LSB["circuit"]) for each in simulated.compared)
        assert notes[-1] == f"largest error {largest:.3f} LSB"
    return prepared, simulated, counts


def test_the_model_of_a_case_by_hand() -> None:
    model = predict.at(characterized(), Condition())
    queries, keys, values = np.array([15, 0]), np.array([[7, 3], [0, 7]]), np.array([7, 0])
    said = predict.circuit(model, queries, keys, values)
    charge = model.cell.pulse_charge
    assert charge is not None
    # one cell of a column is read, the other's pulse has no width; the cell stores its highest level
    pulse_s = charge.surface(0.9, T_MAX_S) / model.charge_to_pulse.full_scale_C * T_MAX_S
    output_s = charge.surface(0.9, pulse_s) / model.signed_charge_to_pulse.full_scale_C * T_MAX_S
    assert said.relu_pulse_s == pytest.approx([pulse_s, 0.0], rel=1e-3)
    assert said.signed_pulse_s == pytest.approx(output_s, rel=2e-3)
    assert said.code == round(said.signed_pulse_s / STEP_S)


def test_paper_fidelity_clamps_at_full_scale() -> None:
    queries, keys, values = np.full(64, 15), np.full((64, 64), 7), np.full(64, 7)
    said = predict.paper(characterized(), queries, keys, values)
    assert said.relu_pulse_s == pytest.approx(np.full(64, T_MAX_S))
    assert (said.signed_pulse_s, said.code) == (pytest.approx(T_MAX_S), 16)


def test_a_model_that_is_not_characterized_is_refused() -> None:
    bare = load_model("leroux2025")
    with pytest.raises(InputError, match="pulse-charge is not measured"):
        head.prepare(_request(), bare)
    with pytest.raises(InputError, match="not measured at"):
        head.prepare(head.Request(1, 1, SIZE, Condition(corner="ss")), characterized())


@pytest.mark.parametrize("size", [Size(4, 4, 5), Size(65, 4, 1), Size(4, 0, 1)])
def test_a_size_that_cannot_be_is_refused(size: Size) -> None:
    with pytest.raises(InputError, match="key columns"):
        head.prepare(head.Request(1, 1, size, Condition()), characterized())


def test_stored_levels_of_the_model_follow_the_supply() -> None:
    model = characterized()
    cell = model.cell
    assert cell.pulse_charge is not None
    low = Condition(vdd_V=0.855)
    assert model.pulse_counter is not None
    moved = cell.pulse_charge.model_copy(update={"condition": low})
    parts = {
        "cell": cell.model_copy(update={"pulse_charges": [moved]}),
        **{
            name: getattr(model, name).model_copy(
                update={"transfers": [getattr(model, name).transfers[0].model_copy(update={"condition": low})]}
            )
            for name in ("charge_to_pulse", "signed_charge_to_pulse")
        },
        "pulse_counter": model.pulse_counter.model_copy(
            update={"figures": [model.pulse_counter.figures[0].model_copy(update={"condition": low})]}
        ),
    }
    assert predict.at(model.model_copy(update=parts), low).cell.level_range_V == pytest.approx((0.0, 0.855))


@pytest.mark.parametrize("corner", ["ff", "ss", "sf", "fs"])
def test_the_charge_of_a_pulse_is_that_of_the_corner(corner: str) -> None:
    model, where = load_model("cmos28"), Condition(corner=corner)  # type: ignore[arg-type]
    assert model.pulse_counter is not None
    (figures, *_) = model.pulse_counter.figures
    counter = {"figures": [figures.model_copy(update={"condition": where})]}
    model = model.model_copy(update={"pulse_counter": model.pulse_counter.model_copy(update=counter)})
    (charge,) = (each for each in model.cell.pulse_charges if each.condition == where)
    queries, keys, values = np.array([0, 15]), np.array([[3, 7], [3, 0]]), np.array([7, 0])
    said = predict.circuit(predict.at(model, where), queries, keys, values)
    width_s = predict.input_widths_s(model)[15]
    drawn_C = [charge.surface(volts, width_s) for volts in (0.9, 0.0)]
    assert said.key_charge_C == pytest.approx(drawn_C, rel=1e-3)


def test_errors_are_circuit_minus_model_in_steps(playback: PlaybackEngine, tmp_path: Path) -> None:
    prepared, simulated, _ = _run(characterized(), tmp_path / "s.sqlite")
    for each, said in zip(simulated.compared, prepared.predictions, strict=True):
        assert each.code == 3
        assert each.errors_LSB["circuit"] == pytest.approx(3 - said["circuit"].signed_pulse_s / STEP_S, abs=1e-4)
        assert each.errors_LSB["null"] == pytest.approx(3, abs=1e-4)
        assert len(each.key_pulses_s) == SIZE.columns
    null = statistics(simulated.compared, "null")
    assert (null.equal, null.code_off) == (0.0, 3)
    missed = " ".join(failures(null, NOMINAL_LIMITS))
    assert all(name in missed for name in ("rms_LSB is 3", "max_LSB is 3", "equal is 0", "code_off is 3"))
    assert failures(null, CORNER_LIMITS) == ["max_LSB is 3, the limit is 0.75"]


def test_a_perfect_model_passes(playback: PlaybackEngine, tmp_path: Path) -> None:
    prepared, simulated, _ = _run(characterized(), tmp_path / "s.sqlite", 1)
    playback.pulse_s = float(prepared.predictions[0]["circuit"].signed_pulse_s)
    prepared, simulated, _ = _run(characterized(), tmp_path / "t.sqlite", 1)
    found = head.result(prepared, simulated)
    assert found["passed"], found["missed"]
    assert sum(found["histogram"].values()) == 1
    json.dumps(found, allow_nan=False)


def test_finished_cases_are_kept_and_a_failed_one_is_tried_again(playback: PlaybackEngine, tmp_path: Path) -> None:
    playback.fails_at = 1
    store = tmp_path / "s.sqlite"
    prepared, simulated, _ = _run(characterized(), store)
    assert [each.index for each in simulated.compared] == [0, 2]
    (failed,) = simulated.failed
    assert (failed.index, failed.kind.value) == (1, "no_convergence")
    assert failed.deck.read_text().startswith("* head, key tile")
    found = head.result(prepared, simulated)
    assert not found["passed"]
    assert "1 of 3 cases have no result" in found["missed"]
    playback.fails_at = None
    _, again, counts = _run(characterized(), store)
    assert [each.index for each in again.compared] == [0, 1, 2]
    assert counts == [2, 3], "only the failed case was run"
    _, third, counts = _run(characterized(), store)
    assert counts == [3]
    assert third.rows == again.rows


def test_a_case_that_does_not_converge_is_tried_with_other_numerics_and_says_so(
    playback: PlaybackEngine, tmp_path: Path
) -> None:
    playback.fails_at, playback.retry_helps = 1, True
    prepared, simulated, _ = _run(characterized(), tmp_path / "s.sqlite")
    assert not simulated.failed
    found = head.result(prepared, simulated)
    assert [case["attempt"] for case in found["cases"]] == [0, 1, 0]
    assert found["retries"] == [dict(each) for each in simulate.RETRIES]


def test_what_the_first_deck_does_not_hold_is_part_of_the_key_too(playback: PlaybackEngine) -> None:
    (made,) = head.prepare(_request(1), characterized()).tasks
    assert isinstance(made.deck, simulate.HeadDeck)
    known = made.deck
    for change in ({"clock_phase": 0.5}, {"pulses_s": (1e-9, *known.case.pulses_s[1:])}):
        other = dataclasses.replace(known.case, **change)
        again = simulate.task(known.setting, 0, 1, other, known.phases, WIDTHS_S, playback.identity)
        assert again.deck.text == known.text
        assert again.identity.key != made.identity.key
    later = dataclasses.replace(known.phases, latch_s=known.phases.latch_s + 1e-12)
    again = simulate.task(known.setting, 0, 1, known.case, later, WIDTHS_S, playback.identity)
    assert again.identity.key != made.identity.key


def test_the_command(playback: PlaybackEngine, tmp_path: Path) -> None:
    save_model(characterized(), tmp_path / "model.json")
    size = ["--tokens", "6", "--rows", "5", "--columns", "2"]
    files = ["--model", str(tmp_path / "model.json"), "--store", str(tmp_path / "s.sqlite"), "-o", str(tmp_path)]
    arguments = ["head", "--cases", "2", *size, "-j", "1", "--json", *files]
    outcome = CliRunner().invoke(command, arguments)
    found = json.loads(outcome.stdout)
    assert outcome.exit_code == (0 if found["passed"] else 1)
    assert [case["case"] for case in found["cases"]] == [0, 1]
    assert {"pulse_error_LSB", "code", "model_code"} <= found["cases"][0].keys()
    assert json.loads((tmp_path / "head.json").read_text()) == found
    written = (tmp_path / "head.html").read_text()
    assert written.count("<svg") == 5
    assert "K conversion = V integration" in written

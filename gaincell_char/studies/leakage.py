"""How long must a cell hold its charge, and what helps a cell that does not?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.schema import ExponentialRetention
from gaincell_char.cost.geometry import Geometry
from gaincell_char.cost.lines import measured_lines
from gaincell_char.errors import InputError
from gaincell_char.studies import decay_aware
from gaincell_char.studies.change import Change
from gaincell_char.studies.holds import held
from gaincell_char.studies.plan import AS_TRAINED, Variant
from gaincell_char.studies.study import Row, Study

TAUS_S = (10e-6, 30e-6, 100e-6, 300e-6, 1e-3, 2e-3, 5e-3, 20e-3, 100e-3, 1.0)
BUDGET = 0.05
"""Loss over the linear model, nats a token, that defines the knee."""
FULL_WINDOW, WINDOW = 1024, 256
TOKEN_PERIOD_S = 0.8e-6
REFRESH_TOKENS = 256
OTHER_PERIODS, AT_TAU_S = (64, 128, 512), 300e-6
PLAIN, SCALERS, SHORT = "as it is", "scalers adapted", f"window {WINDOW}"
BY_AGE, REFRESHED = "gain by age", f"refresh {REFRESH_TOKENS}"
MITIGATIONS = (SCALERS, SHORT, BY_AGE, REFRESHED)
MEASURED, TUNED = "measured cell", "fine-tuned"
CELL = "cmos28"
HELD = "held"
"""Beginning of the label of a measured cell at another hold voltage or temperature."""


def variants() -> list[Variant]:
    """Straight cells of every tau: as they are, and with each mitigation; our cell with its measured law, which is no
    exponential; and held at the other voltages, and as hot, as was measured."""
    linear = load_model("leroux2025_linear")
    found = []
    for tau_s in TAUS_S:
        model = leaking(linear, tau_s)
        for what, adaptation, window, change in (
            (PLAIN, AS_TRAINED, FULL_WINDOW, None),
            (SCALERS, "offset-aware", FULL_WINDOW, None),
            (SHORT, AS_TRAINED, WINDOW, None),
            (BY_AGE, AS_TRAINED, FULL_WINDOW, Change(gain_by_age=True)),
            (REFRESHED, AS_TRAINED, FULL_WINDOW, Change(refresh_tokens=REFRESH_TOKENS)),
        ):
            name = f"tau {tau_s:g} s, {what}"
            found.append(Variant(name, _labels(tau_s, what), model, adaptation, window, change=change))
    for period in OTHER_PERIODS:
        what = f"refresh {period}"
        change = Change(refresh_tokens=period)
        model = leaking(linear, AT_TAU_S)
        found.append(Variant(f"tau {AT_TAU_S:g} s, {what}", _labels(AT_TAU_S, what), model, change=change))
    return [*found, *_measured_cells()]


def _measured_cells() -> list[Variant]:
    ours = load_model(CELL)
    adapted = Variant(f"{CELL}, offset-aware", _labels(time_constant_s(ours), MEASURED), ours, "offset-aware")
    found = [adapted]
    for table in ours.cell.retention_tables:
        what = f"{HELD} {table.wwl_V:g} V, {table.condition.temperature_C:g} C"
        labels = _labels(table.tau_worst_s, what)
        found.append(Variant(what, labels, held(ours, table), "offset-aware", scalers_of=adapted.name))
    return found


def fine_tuned(out: Path) -> list[Variant]:
    """The networks of `decay_aware` in a folder of results, each on the cell that it was tuned on."""
    linear = load_model("leroux2025_linear")
    return [
        Variant(f"tau {tau_s:g} s, {TUNED}", _labels(tau_s, TUNED), leaking(linear, tau_s), weights=str(folder))
        for tau_s, folder in decay_aware.fine_tuned(out).items()
    ]


def _labels(tau_s: float, what: str) -> dict[str, Any]:
    return {"tau_s": tau_s, "tau_tokens": tau_s / TOKEN_PERIOD_S, "what": what}


def refresh_J(period: int | None, window: int = FULL_WINDOW) -> float:
    """What a token's cells cost in one head to be written again every `period` tokens while they are in the window, as
    our cell's write was measured; where the level comes from (a copy, or a read) is not in it."""
    if period is None:
        return 0.0
    lines = measured_lines(load_model(CELL), Geometry(window=window))
    write_J = sum(line.energy_J for line in lines if line.product == "write" and line.name != "refresh")
    return (math.ceil(window / period) - 1) * write_J


def leaking(model: BehavioralModel, tau_s: float) -> BehavioralModel:
    """`model` with an exponential retention of time constant `tau_s` toward mid-supply."""
    retention = ExponentialRetention(tau_s=tau_s, v_inf_V=0.45, token_period_s=TOKEN_PERIOD_S)
    cell = model.cell.model_copy(update={"retention": retention})
    return model.model_copy(update={"name": f"tau-{tau_s:g}-s", "cell": cell})


def time_constant_s(model: BehavioralModel) -> float:
    """The one time constant that describes the model's retention best (of a measured law: `single_tau_s`).

    Raises
    ------
    InputError
        The model has no retention, or a law without one.
    """
    law = model.cell.retention
    found = law.tau_s if isinstance(law, ExponentialRetention) else law.single_tau_s if law else None
    if found is None:
        raise InputError(f"model {model.name}: cell.retention has no time constant")
    return found


def conclude(rows: Sequence[Row]) -> tuple[Mapping[str, Any], str]:
    """The knee (tau at which the plain cell adds `BUDGET`), that of each mitigation, the share of the loss at half the
    plain knee that each takes back, what refresh costs, and the measured cell at each hold."""
    curves = {what: [row for row in rows if row.labels["what"] == what] for what in (PLAIN, *MITIGATIONS)}
    knees = {what: knee(mine) for what, mine in curves.items() if mine}
    plain = knees[PLAIN]
    recovered: dict[str, float] = {}
    if plain is not None:
        lost = _added_at(curves[PLAIN], plain / 2)
        recovered = {what: 1 - _added_at(curves[what], plain / 2) / lost for what in knees if what != PLAIN}
    (ours,) = (row for row in rows if row.labels["what"] == MEASURED)
    numbers = {
        "knee_s": knees,
        "knee_tokens": {what: None if tau is None else tau / TOKEN_PERIOD_S for what, tau in knees.items()},
        "recovered_at_half_the_knee": recovered,
        "refresh": _refreshes(rows),
        "fine_tuned": _tuned(rows),
        "measured_cell": {"tau_s": ours.labels["tau_s"], "added": ours.added, "interval": ours.interval},
        "held": {
            row.labels["what"]: {"worst_tau_s": row.labels["tau_s"], "added": row.added, "interval": row.interval}
            for row in rows
            if row.labels["what"].startswith(HELD)
        },
    }
    if plain is None:
        return numbers, f"No time constant of {TAUS_S[0]:g} to {TAUS_S[-1]:g} s crosses {BUDGET} nats."
    helps = [f"{what} takes back {100 * share:.0f} %" for what, share in recovered.items() if share > 0]
    sentence = (
        f"A cell may leak with tau = {1e3 * plain:.2g} ms ({plain / TOKEN_PERIOD_S:.0f} tokens) before it costs "
        f"{BUDGET} nats; at half of that {', '.join(helps) or 'nothing tried helps'}; our cell has "
        f"{1e3 * ours.labels['tau_s']:.3g} ms and adds {ours.added:+.3f} nats."
    )
    return numbers, sentence


def _refreshes(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Of the cell of `AT_TAU_S`: what each period between two writes leaves of the loss, and costs."""
    periods = {PLAIN: None, **{f"refresh {period}": period for period in (*OTHER_PERIODS, REFRESH_TOKENS)}}
    mine = {
        row.labels["what"]: row for row in rows if row.labels["tau_s"] == AT_TAU_S and row.labels["what"] in periods
    }
    return [
        {"period_tokens": periods[what], "added": row.added, "head_J": refresh_J(periods[what])}
        for what, row in mine.items()
    ]


def _tuned(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What fine-tuning takes back of the loss of the same cell; none where no network was fine-tuned."""
    plain = {row.labels["tau_s"]: row.added for row in rows if row.labels["what"] == PLAIN}
    return [
        {"tau_s": tau_s, "added": row.added, "recovered": 1 - row.added / plain[tau_s]}
        for row in rows
        if row.labels["what"] == TUNED and (tau_s := row.labels["tau_s"]) in plain
    ]


def knee(rows: Sequence[Row]) -> float | None:
    """Largest tau (s) at which the added loss crosses `BUDGET`, interpolated over log tau; None where it does not."""
    ordered = sorted(rows, key=lambda row: row.labels["tau_s"])
    for short, long in zip(reversed(ordered[:-1]), reversed(ordered[1:]), strict=True):
        if short.added > BUDGET >= long.added:
            share = (short.added - BUDGET) / (short.added - long.added)
            low, high = np.log([short.labels["tau_s"], long.labels["tau_s"]])
            return float(np.exp(low + share * (high - low)))
    return None


def _added_at(rows: Sequence[Row], tau_s: float) -> float:
    ordered = sorted(rows, key=lambda row: row.labels["tau_s"])
    taus = np.log([row.labels["tau_s"] for row in ordered])
    return float(np.interp(np.log(tau_s), taus, [row.added for row in ordered]))


STUDY = Study(
    name="leakage",
    question=__doc__,
    variants=variants,
    conclude=conclude,
    x="tau_s",
    group="what",
    log=True,
    trained=fine_tuned,
)

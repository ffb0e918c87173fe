"""How long must a cell hold its charge, and what helps a cell that does not?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.schema import ExponentialRetention
from gaincell_char.errors import InputError
from gaincell_char.studies.plan import AS_TRAINED, Variant
from gaincell_char.studies.study import Row, Study

TAUS_S = (10e-6, 30e-6, 100e-6, 300e-6, 1e-3, 2e-3, 5e-3, 20e-3, 100e-3, 1.0)
BUDGET = 0.05
"""Loss over the linear model, nats a token, that defines the knee."""
WINDOW = 256
TOKEN_PERIOD_S = 0.8e-6
PLAIN, SCALERS, SHORT = "as it is", "scalers adapted", f"window {WINDOW}"
MEASURED = "measured cell"


def variants() -> list[Variant]:
    """Straight cells of every tau: as they are, with scalers adapted to them, with a shorter window; and our cell with
    its measured law, which is no exponential."""
    linear = load_model("leroux2025_linear")
    found = []
    for tau_s in TAUS_S:
        model = leaking(linear, tau_s)
        for what, adaptation, window in (
            (PLAIN, AS_TRAINED, 1024),
            (SCALERS, "offset-aware", 1024),
            (SHORT, AS_TRAINED, WINDOW),
        ):
            labels = {"tau_s": tau_s, "tau_tokens": tau_s / TOKEN_PERIOD_S, "what": what}
            found.append(Variant(f"tau {tau_s:g} s, {what}", labels, model, adaptation, window))
    ours = load_model("cmos28")
    tau_s = time_constant_s(ours)
    labels = {"tau_s": tau_s, "tau_tokens": tau_s / TOKEN_PERIOD_S, "what": MEASURED}
    return [*found, Variant("cmos28, offset-aware", labels, ours, "offset-aware")]


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
    """The knee (tau at which the plain cell adds `BUDGET`), that of each mitigation, and the share of the loss at the
    plain knee that each takes back."""
    curves = {what: [row for row in rows if row.labels["what"] == what] for what in (PLAIN, SCALERS, SHORT)}
    knees = {what: knee(mine) for what, mine in curves.items()}
    plain = knees[PLAIN]
    recovered = {}
    if plain is not None:
        lost = _added_at(curves[PLAIN], plain / 2)
        recovered = {what: 1 - _added_at(mine, plain / 2) / lost for what, mine in curves.items() if what != PLAIN}
    (ours,) = (row for row in rows if row.labels["what"] == MEASURED)
    numbers = {
        "knee_s": knees,
        "knee_tokens": {what: None if tau is None else tau / TOKEN_PERIOD_S for what, tau in knees.items()},
        "recovered_at_half_the_knee": recovered,
        "measured_cell": {"tau_s": ours.labels["tau_s"], "added": ours.added, "interval": ours.interval},
    }
    if plain is None:
        return numbers, f"No time constant of {TAUS_S[0]:g} to {TAUS_S[-1]:g} s crosses {BUDGET} nats."
    helps = [f"{what} takes back {100 * share:.0f} %" for what, share in recovered.items() if share > 0]
    sentence = (
        f"A cell may leak with tau = {1e3 * plain:.2g} ms ({plain / TOKEN_PERIOD_S:.0f} tokens) before it costs "
        f"{BUDGET} nats; at half of that {' and '.join(helps) or f'neither {SCALERS} nor {SHORT} helps'}; our cell has "
        f"{1e3 * ours.labels['tau_s']:.3g} ms."
    )
    return numbers, sentence


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
)

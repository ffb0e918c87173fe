"""How long a token takes in one head, from measured times of its circuits and the plan of the control lines."""

from __future__ import annotations

from typing import Literal

from gaincell_char.behavior.energy import Latency, Phase
from gaincell_char.behavior.schema import BehavioralModel, Condition, Converter
from gaincell_char.circuits.charge_to_pulse import tile as key_tile
from gaincell_char.circuits.signed_charge_to_pulse import tile as value_tile
from gaincell_char.circuits.testbench import Setting
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.sweep.dataset import Dataset

SPECS = ("charge_to_pulse", "signed_charge_to_pulse")
_READ_STEPS = 0.7
"""Counter steps after the window at which pulse_counter.count reads the bits: by then all have rippled through."""


def fit_latency(
    model: BehavioralModel, relu: Dataset, signed: Dataset, condition: Condition | None = None
) -> Latency:  # fmt: skip
    """The section `latency` at `condition` (None: the model's), for the longest query pulse and the longest count.

    `relu` and `signed` are sweeps of the converters' transfers: their column `opening_s` says when a window opens after
    the replica currents are enabled. Waits are those of the testbenches and of the chain's plan.

    Raises
    ------
    InputError
        A section is missing or was not measured at `condition`, or a converter settles more slowly than its wait.
    """
    here = model.condition if condition is None else condition
    driver, counter = model.word_line_driver, model.pulse_counter
    key, value = model.charge_to_pulse.transfer(here), model.signed_charge_to_pulse.transfer(here)
    if driver is None or counter is None or key is None or value is None or value.negative is None:
        raise InputError(f"latency: the model needs word_line_driver, pulse_counter and both transfers at {here}")
    opening_s = [float(grids.at_condition(each, here)[1]["opening_s"].max()) for each in (relu, signed)]
    at = value_tile.phases(Setting())
    settle_s = key_tile.ENABLE_S - key_tile.READ_S - key_tile.LONGEST_READ_S
    latch_s = grids.parameter(signed, "signed_charge_to_pulse.latch_s")
    _check_settled("charge_to_pulse", model.charge_to_pulse, settle_s)
    _check_settled("signed_charge_to_pulse", model.signed_charge_to_pulse, latch_s)
    counted_s = max(value.positive.clamp_s, value.negative.clamp_s)
    return Latency(
        condition=here,
        phases=[
            _phase("query pulses", driver.widths_s[-1], "measured", "the longest at the last cells; keys are read"),
            _phase("key tile settles", settle_s, "planned", "edges of the pulses, integrators"),
            _phase("key window opens", opening_s[0], "measured", "from the enable until the reference crosses"),
            _phase("ReLU pulses", key.positive.clamp_s, "measured", "keys are converted while values are read"),
            _phase("value tile settles", latch_s, "planned", "the last pulse ends, integrators; signs are latched"),
            _phase("replicas enabled", at.enable - at.latch, "planned", "from the latch of the signs"),
            _phase("value windows open", opening_s[1], "measured", "until both references have crossed"),
            _phase("signed pulses", counted_s, "measured", "values are converted while the counters count"),
            _phase("bits ripple", _READ_STEPS * counter.clock_period_s, "measured", "no later than this"),
        ],
        overlapped=[
            _phase("reset of key tiles", grids.parameter(relu, "charge_to_pulse.reset_s"), "planned",
                   "for the next token, while values are converted"),
            _phase("reset of value tiles", grids.parameter(signed, "signed_charge_to_pulse.reset_s"), "planned",
                   "while key cells are read"),
        ],
    )  # fmt: skip


def _phase(name: str, duration_s: float, evidence: Literal["measured", "planned"], meaning: str) -> Phase:
    return Phase(name=name, duration_s=duration_s, evidence=evidence, meaning=meaning)


def _check_settled(name: str, converter: Converter, wait_s: float) -> None:
    if converter.settling is not None and converter.settling.settled_s > wait_s:
        raise InputError(
            f"latency: {name} settles in {converter.settling.settled_s:g} s, and the plan waits {wait_s:g} s; "
            "give the plan more time"
        )

"""The circuits of the bundled model: not older than their sweeps, and within what the chain was designed to."""

from __future__ import annotations

import numpy as np
import pytest

from gaincell_char.behavior import load_model
from gaincell_char.behavior.schema import Condition, Converter
from gaincell_char.fit.bundled import NAME, REMAKE
from gaincell_char.fit.chain import chain_specs
from gaincell_char.sweep.spec import load_spec

MODEL = load_model(NAME)
LSB_S = MODEL.charge_to_pulse.t_max_s / 15.5
CONVERTERS = pytest.mark.parametrize("converter", [MODEL.charge_to_pulse, MODEL.signed_charge_to_pulse])
ONE_AT_A_TIME = [
    *(Condition(corner=corner, temperature_C=27.0, vdd_V=0.9) for corner in ("tt", "ff", "ss", "sf", "fs")),
    *(Condition(corner="tt", temperature_C=t, vdd_V=0.9) for t in (0.0, 85.0)),
    *(Condition(corner="tt", temperature_C=27.0, vdd_V=v) for v in (0.855, 0.945)),
]


def test_they_are_not_older_than_their_sweeps() -> None:
    for spec in chain_specs():
        made_from = MODEL.provenance.specs.get(spec)
        assert load_spec(spec).digest == made_from, f"{spec} changed since models/{NAME}.json; remake: {REMAKE}"


@CONVERTERS
def test_transfers_are_straight_at_every_condition(converter: Converter) -> None:
    for condition in ONE_AT_A_TIME:
        transfer = converter.transfer(condition)
        assert transfer is not None, condition
        nominal = condition == MODEL.condition
        for figures in filter(None, (transfer.positive, transfer.negative)):
            assert figures.inl_s <= (0.05 if nominal else 0.1) * LSB_S
            assert abs(figures.offset_s) <= (0.3 if nominal else 0.6) * LSB_S


@CONVERTERS
def test_converters_of_a_wafer_are_alike(converter: Converter) -> None:
    """rms over the transfer of the deviation from converter to converter, offset and gain: 0.15 LSB."""
    spread = converter.mismatch
    assert spread is not None
    assert spread.samples >= 40
    width = np.linspace(0.0, converter.t_max_s, 101)
    signs = [(spread.offset_s, spread.gain), (spread.offset_negative_s, spread.gain_negative)]
    for offset, gain in signs:
        if offset is None or gain is None:
            continue
        assert np.sqrt(np.mean(offset**2 + (gain * width) ** 2)) <= 0.15 * LSB_S
        assert np.hypot(offset, gain * converter.t_max_s) <= 0.17 * LSB_S


@CONVERTERS
def test_24_cells_at_once_cost_half_a_step_at_most(converter: Converter) -> None:
    assert converter.burst is not None
    shifts = dict(zip(converter.burst.cells_on, converter.burst.pulse_shift_s, strict=True))
    assert abs(shifts[24]) <= 0.5 * LSB_S
    assert abs(shifts[24]) < abs(shifts[64])


def test_cells_vary_most_where_they_carry_most() -> None:
    assert MODEL.cell.mismatch is not None
    sigma = MODEL.cell.mismatch.current_sigma_A(np.linspace(0, 0.9, 91))
    assert np.all(sigma > 0)
    assert sigma.argmax() == 0  # the P branch has a quarter of the N branch's area
    assert 0.03 <= sigma[0] / abs(MODEL.cell.current(0.0)) <= 0.08

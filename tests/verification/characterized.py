"""The bundled cell with converters and a counter of known figures, so that codes can be worked out by hand."""

from __future__ import annotations

from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import CounterFigures, FitError, PulseCounter, PulseFigures, Transfer

T_MAX_S = 15e-9
STEP_S = T_MAX_S / 15.5


def characterized(offset_s: float = 0.0) -> BehavioralModel:
    """Straight transfers through `offset_s` for positive charges, clamped at T_max (ReLU) and at 16 steps (signed)."""
    model = load_model("cmos28")
    relu, signed = model.charge_to_pulse, model.signed_charge_to_pulse
    assert relu.full_scale_C is not None
    assert signed.full_scale_C is not None
    slope, signed_slope = T_MAX_S / relu.full_scale_C, T_MAX_S / signed.full_scale_C
    longest = 16 * STEP_S
    relu_curve = _curve([-1e-12, 0.0, (T_MAX_S - offset_s) / slope, 1e-12],
                        [[0.0, 0.0], [offset_s, slope], [T_MAX_S, 0.0]])  # fmt: skip
    signed_curve = _curve(
        [-1e-12, -longest / signed_slope, 0.0, (longest - offset_s) / signed_slope, 1e-12],
        [[-longest, 0.0], [-longest, signed_slope], [offset_s, signed_slope], [longest, 0.0]],
    )
    counter = PulseCounter(
        bits=5, largest_count=16, clock_period_s=STEP_S,
        figures=[CounterFigures(condition=model.condition, phase_s=STEP_S / 2, maximum_clock_Hz=1e10,
                                energy_per_count_J=1e-15, energy_per_conversion_J=0.0)],
    )  # fmt: skip
    return model.model_copy(
        update={
            "charge_to_pulse": relu.model_copy(update={"transfers": [_transfer(model, relu_curve, signed=False)]}),
            "signed_charge_to_pulse": signed.model_copy(
                update={"transfers": [_transfer(model, signed_curve, signed=True)]}
            ),
            "pulse_counter": counter,
            "word_line_driver": None,
        }
    )


def _curve(knots: list[float], coefficients: list[list[float]]) -> PiecewisePolynomial:
    return PiecewisePolynomial(knots=knots, coefficients=coefficients, x_unit="C", y_unit="s")


def _transfer(model: BehavioralModel, curve: PiecewisePolynomial, signed: bool) -> Transfer:
    figures = PulseFigures(offset_s=0.0, gain_error=0.0, inl_s=0.0, dnl_s=0.0, clamp_s=T_MAX_S)
    return Transfer(
        condition=model.condition, stimulus="cells", pulse_s=curve,
        pulse_error=FitError(rms=0.0, maximum=0.0, full_scale=T_MAX_S, n_fit=1, n_held_out=0),
        positive=figures, negative=figures if signed else None, dead_zone_C=0.0,
    )  # fmt: skip

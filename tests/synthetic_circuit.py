"""A made-up circuit: every effect large enough to be seen, no two of the same shape, nothing measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.functions import PiecewisePolynomial, Polynomial, TensorSpline
from gaincell_char.behavior.schema import (
    ArrayModel,
    CellMismatch,
    Condition,
    CounterFigures,
    FitError,
    PulseCharge,
    PulseCounter,
    PulseFigures,
    PulseMismatch,
    PulseNoise,
    ReadDisturb,
    TileCurrent,
    Transfer,
    Wires,
    WordLineDriver,
    WriteDriver,
)

T_MAX_S = 15e-9
STEP_S = T_MAX_S / 15.5
ERROR = FitError(rms=0.0, maximum=0.0, full_scale=1.0, n_fit=1, n_held_out=1)
HERE = Condition()


def piecewise(knots: Any, rows: Any, x_unit: str = "C", y_unit: str = "s") -> PiecewisePolynomial:
    rows = [[float(c) for c in row] for row in rows]
    return PiecewisePolynomial(knots=[float(x) for x in knots], coefficients=rows, x_unit=x_unit, y_unit=y_unit)


def transfer(pulse_s: PiecewisePolynomial, signed: bool) -> Transfer:
    figures = PulseFigures(offset_s=0.0, gain_error=0.0, inl_s=0.0, dnl_s=0.0, clamp_s=float(pulse_s(1.0)))
    return Transfer(
        condition=HERE,
        stimulus="cells",
        pulse_s=pulse_s,
        pulse_error=ERROR,
        positive=figures,
        negative=figures if signed else None,
        dead_zone_C=0.0,
    )


def bent(full_C: float, signed: bool) -> PiecewisePolynomial:
    """Dead zone, a jump, two bends and a clamp; over x = charge/full scale, for both signs where `signed`."""
    x = np.array([-1.4, -1.1, 0.0, 0.03, 0.5, 1.05, 1.4])
    rows = [
        [-1.02, 0.0, 0.0, 0.0],
        [-1.02, 0.95, 0.04, -0.02],
        [0.0, 0.0, 0.0, 0.0],
        [0.01, 0.97, 0.05, -0.03],
        [0.485, 1.0, -0.02, 0.02],
        [1.01, 0.0, 0.0, 0.0],
    ]
    if not signed:
        rows[0] = rows[1] = [0.0, 0.0, 0.0, 0.0]
    powers = full_C ** np.arange(4)
    return piecewise(x * full_C, T_MAX_S * np.array(rows) / powers)


def ideal(full_C: float, signed: bool) -> PiecewisePolynomial:
    """A straight transfer; the signed one goes on to 16.275 steps, so that its clamp is no tie of the counter."""
    low, high = (-1.05, 1.05) if signed else (0.0, 1.0)
    return piecewise([low * full_C, high * full_C], [[low * T_MAX_S, T_MAX_S / full_C]])


def about_zero(coefficients: list[float]) -> Any:
    """Coefficients about 0 V of a polynomial about 0.45 V."""
    return np.polynomial.Polynomial(coefficients)(np.polynomial.Polynomial([-0.45, 1.0])).coef


def pulse_charge(model: BehavioralModel, fixed: list[float], extra_A: float = 0.0) -> PulseCharge:
    """Q = (I(V) + extra_A) T + fixed charge: the surface, and beside it the polynomials without `extra_A`."""
    current = model.cell.current.coefficients
    orders = max(len(current), len(fixed))
    slope, intercept = (
        np.append(row, np.zeros(orders - row.size))
        for row in (about_zero([current[0] + extra_A, *current[1:]]), about_zero(fixed))
    )
    patch = np.stack([intercept + slope * 1e-9, slope], axis=1)
    surface = TensorSpline(
        x_knots=[0.0, 0.9],
        y_knots=[1e-9, T_MAX_S],
        coefficients=[[patch.tolist()]],
        x_unit="V",
        y_unit="s",
        z_unit="C",
    )
    zero = piecewise([0.0, 0.9], [[0.0]], "V", "V")
    return PulseCharge(
        condition=HERE,
        surface=surface,
        surface_error=None,
        read_current=model.cell.current,
        read_current_error=None,
        fixed_charge=Polynomial(center=0.45, coefficients=fixed, domain=(0.0, 0.9), x_unit="V", y_unit="C"),
        linearity_error_C=0.0,
        kick_V=zero,
        disturb_V=zero,
    )


def array_model(unit_A: float) -> ArrayModel:
    """A tile whose wires take about a percent: a branch to each rail, both weaker where a wire gives in."""
    knots = [0.0, 0.45, 0.9]
    sink = [[0.5, 1.0, 12.0], [3.4, 9.0, 8.0]]
    source = [[4.6, -14.0, 10.0], [0.4, -0.5, 0.3]]
    per_volt = {(1, 0, 0): (0.3, -0.25), (0, 1, 0): (-1.2, 0.0), (0, 0, 1): (0.0, -1.4)}

    def table(rows: list[list[float]], factor: float) -> PiecewisePolynomial:
        return piecewise(knots, unit_A * factor * np.array(rows), "V", "A")

    return ArrayModel(
        rows=64,
        columns=64,
        wires=Wires(
            bl_resistance_ohm=3e-6 / unit_A,
            bl_capacitance_F=3e-16,
            wl_resistance_ohm=3e-6 / unit_A,
            wl_capacitance_F=3e-16,
            rail_resistance_ohm=3e-6 / unit_A,
        ),
        current=TileCurrent(
            condition=HERE,
            hold_V=0.45,
            powers=[(0, 0, 0), *per_volt],
            sink_A=[table(sink, 1.0), *(table(sink, slopes[0]) for slopes in per_volt.values())],
            source_A=[table(source, 1.0), *(table(source, slopes[1]) for slopes in per_volt.values())],
            largest_bl_shift_V=0.5,
            largest_rail_shift_V=0.5,
            error=ERROR,
        ),
    )


def synthetic(base: BehavioralModel | None = None, shape: Any = bent, phase: float = 0.41) -> BehavioralModel:
    """`base` (the published nonlinear cell) with every section that circuit fidelity reads."""
    model = load_model("leroux2025") if base is None else base
    unit_C = model.cell.unit_current_A * T_MAX_S
    converters = {}
    for name, units, signed in (("charge_to_pulse", 80.0, False), ("signed_charge_to_pulse", 40.0, True)):
        spread = PulseMismatch(condition=HERE, samples=9, seed=1, offset_s=0.3 * STEP_S, gain=0.03)
        if signed:
            spread = spread.model_copy(update={"offset_negative_s": 0.2 * STEP_S, "gain_negative": 0.05})
        converters[name] = getattr(model, name).model_copy(
            update={
                "full_scale_C": units * unit_C,
                "transfers": [transfer(shape(units * unit_C, signed), signed)],
                "mismatch": spread,
                "noise": PulseNoise(condition=HERE, jitter_s=0.15 * STEP_S, samples=9),
            }
        )
    levels = np.linspace(0, 0.9, 8)
    cell = model.cell.model_copy(
        update={
            "pulse_charge": pulse_charge(
                model, [0.05 * unit_C, 0.2 * unit_C, -0.3 * unit_C], 0.1 * model.cell.unit_current_A
            ),
            "mismatch": CellMismatch(
                condition=HERE,
                samples=9,
                seed=1,
                current_sigma_A=piecewise(
                    [0.0, 0.9], [[0.1 * model.cell.unit_current_A, 0.3 * model.cell.unit_current_A]], "V", "A"
                ),
            ),
            "read_disturb": ReadDisturb(
                condition=HERE,
                pulse_s=T_MAX_S,
                levels_V=levels.tolist(),
                reads=[1, 10, 100],
                shift_V=np.outer(0.05 - 0.1 * levels, [0.1, 0.3, 1.0]).tolist(),
            ),
        }
    )
    return model.model_copy(
        update={
            "name": "synthetic",
            "cell": cell,
            "pulse_counter": PulseCounter(
                bits=5,
                largest_count=16,
                clock_period_s=STEP_S,
                phase_spread_s=0.1 * STEP_S,
                figures=[
                    CounterFigures(
                        condition=HERE,
                        phase_s=phase * STEP_S,
                        maximum_clock_Hz=1e10,
                        energy_per_count_J=1e-14,
                        energy_per_conversion_J=1e-13,
                    )
                ],
            ),
            "word_line_driver": WordLineDriver(
                condition=HERE,
                widths_s=[0.0, *(T_MAX_S / 15 * n + 0.05e-9 * (n % 3) for n in range(1, 16))],
                rise_s=3e-11,
                fall_s=3e-11,
                energy_per_pulse_J=1e-14,
                buffer_stretch_s=-0.04e-9,
            ),
            "write_driver": WriteDriver(
                condition=HERE,
                driven_V=levels.tolist(),
                stored_V=(levels + 0.02 * np.cos(5 * levels)).tolist(),
                settle_s=1e-9,
                energy_per_write_J=1e-14,
            ),
            "array": array_model(model.cell.unit_current_A),
            **converters,
        }
    )

"""Sections of the behavioral model from charge to code: charge-to-pulse converters and the pulse counter.

A converter makes a pulse of `t_max_s` of its full scale. The width of a pulse for a negative charge is negative.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gaincell_char.behavior.base import (
    Condition,
    Finite,
    FitError,
    NotNegative,
    Part,
    Positive,
    ascending,
    check_shape,
    one_each,
)
from gaincell_char.behavior.functions import PiecewisePolynomial


class PulseFigures(Part):
    """The pulses of one sign: widths over |charge|, compared with a line.

    width = (1 + gain_error) t_max_s |charge|/full_scale_C + offset_s, least squares over the points that have a pulse
    and are not clamped. One LSB of charge is full_scale_C/15.5, one step of the counter.
    """

    offset_s: Finite
    gain_error: Finite
    inl_s: NotNegative = Field(description="largest distance of a width from the line")
    dnl_s: NotNegative = Field(
        description="largest deviation of a width's growth over one LSB of charge from the line's"
    )
    clamp_s: Positive = Field(description="the longest pulse")


class Transfer(Part):
    """Pulse width over charge, at one condition: offset, dead zone, bends and clamp are all in `pulse_s`."""

    condition: Condition
    stimulus: Literal["cells", "current_source"] = Field(description="what delivered the charge")
    pulse_s: PiecewisePolynomial = Field(
        description="over charge_C, the charge that the cells deliver with the bit line held"
    )
    pulse_error: FitError
    positive: PulseFigures
    negative: PulseFigures | None = Field(default=None, description="of a signed converter")
    dead_zone_C: NotNegative = Field(
        description="width of the interval of charges, from 0 up or about 0, without a pulse"
    )
    energy_J: PiecewisePolynomial | None = Field(default=None, description="of one conversion, over charge_C")
    energy_error: FitError | None = None


class PulseNoise(Part):
    """Spread of the pulse width from conversion to conversion, rms."""

    condition: Condition
    jitter_s: NotNegative
    samples: int = Field(ge=2)
    contributions_s: dict[str, NotNegative] = Field(default={}, description="by cause, rms")


class PulseMismatch(Part):
    """Spread of offset and gain from converter to converter, standard deviations; `_negative` of a signed converter."""

    condition: Condition
    samples: int = Field(ge=2)
    seed: int = Field(ge=0)
    offset_s: NotNegative
    gain: NotNegative
    offset_negative_s: NotNegative | None = None
    gain_negative: NotNegative | None = None

    @model_validator(mode="after")
    def _both_negative(self) -> PulseMismatch:
        if (self.offset_negative_s is None) != (self.gain_negative is None):
            raise ValueError("offset_negative_s and gain_negative: expected both, of a signed converter, or neither")
        return self


class Settling(Part):
    """How long after the last charge the conversion may begin: shift of the pulse against the longest wait's."""

    condition: Condition
    waits_s: list[NotNegative]
    pulse_shift_s: list[Finite]
    tolerance_s: Positive
    settled_s: NotNegative = Field(description="the shortest wait from which on the shift is within tolerance_s")

    @model_validator(mode="after")
    def _shape(self) -> Settling:
        ascending("waits_s", self.waits_s)
        check_shape("pulse_shift_s", self.pulse_shift_s, "waits", (len(self.waits_s),))
        return self


class Burst(Part):
    """Many cells on at once: shift of the pulse against the same charge delivered one after the other."""

    condition: Condition
    cells_on: list[Annotated[int, Field(ge=1)]]
    bl_V: list[Finite] = Field(description="the bit line's voltage farthest from where it is held")
    pulse_shift_s: list[Finite]

    @model_validator(mode="after")
    def _shape(self) -> Burst:
        ascending("cells_on", self.cells_on)
        for name in ("bl_V", "pulse_shift_s"):
            check_shape(name, getattr(self, name), "cells_on", (len(self.cells_on),))
        return self


class Converter(Part):
    """A charge-to-pulse converter, ideal until its circuit is characterized: clip(charge / full scale)."""

    full_scale_units: Positive = Field(description="80 (ReLU) or 40 (signed): cells at unit current for t_max_s")
    full_scale_C: Positive | None = Field(
        description="full_scale_units x unit current x t_max_s; None: published units"
    )
    t_max_s: Positive
    transfers: list[Transfer] = Field(default=[])
    noise: PulseNoise | None = None
    mismatch: PulseMismatch | None = None
    settling: Settling | None = None
    burst: Burst | None = None

    @model_validator(mode="after")
    def _one_transfer_a_condition(self) -> Converter:
        one_each("transfers", [transfer.condition for transfer in self.transfers])
        return self

    def transfer(self, condition: Condition) -> Transfer | None:
        """What was measured at `condition`."""
        return next((transfer for transfer in self.transfers if transfer.condition == condition), None)


class CounterFigures(Part):
    """The counter at one condition."""

    condition: Condition
    phase_s: NotNegative = Field(description="the narrowest pulse that counts: the window opens, then the first edge")
    maximum_clock_Hz: Positive
    energy_per_count_J: Positive
    energy_per_conversion_J: NotNegative


class PulseCounter(Part):
    """count = 0 for width < phase_s, else min(largest_count, floor((width - phase_s)/clock_period_s) + 1)."""

    bits: int = Field(ge=1, le=16)
    largest_count: int = Field(ge=1)
    clock_period_s: Positive
    phase_spread_s: NotNegative = Field(default=0.0, description="width of the interval in which the phase is unknown")
    figures: Annotated[list[CounterFigures], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> PulseCounter:
        one_each("figures", [figures.condition for figures in self.figures])
        if self.largest_count >= 2**self.bits:
            raise ValueError(f"largest_count is {self.largest_count}, and {self.bits} bits hold {2**self.bits - 1}")
        return self

    def at(self, condition: Condition) -> CounterFigures | None:
        """What was measured at `condition`."""
        return next((figures for figures in self.figures if figures.condition == condition), None)

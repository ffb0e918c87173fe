"""Sections of the behavioral model that belong to the gain cell, from its current to the spread of its current."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gaincell_char.behavior.base import (
    Condition,
    Corner,
    Finite,
    FitError,
    Part,
    Positive,
    ascending,
    check_shape,
    one_each,
)
from gaincell_char.behavior.functions import PiecewisePolynomial, Polynomial, TensorSpline


class LinearRange(Part):
    """Where the cell is linear within 5 %, under each of three definitions (V, stored voltage).

    `tangent_full_scale`: deviation from the tangent at the zero crossing <= 5 % of full scale.
    `tangent_relative`: the same deviation <= 5 % of the tangent's own value.
    `best_line_half_width_V`: the widest interval centered on the zero crossing in which a best line is within 5 % of
    that interval's full scale.
    """

    tangent_full_scale_V: tuple[Finite, Finite]
    tangent_relative_V: tuple[Finite, Finite]
    best_line_half_width_V: Positive


class IvSurface(Part):
    """Direct current of the read branch, positive into the cell from the bit line, at one condition."""

    condition: Condition
    published_degree: Polynomial
    polynomial: Polynomial
    surface: TensorSpline
    published_degree_error: FitError | None
    polynomial_error: FitError | None
    surface_error: FitError | None
    zero_crossing_V: Finite
    slope_A_per_V: Finite = Field(description="least squares over the stored range, bit line at its hold voltage")
    linear_range: LinearRange


class PulseCharge(Part):
    """Charge drawn from the bit line in one read pulse, Q(V_store, T) = read_current(V) T + fixed_charge(V).

    The kick of the read pulse on the storage node makes `read_current` differ from the direct current.
    """

    condition: Condition
    surface: TensorSpline = Field(description="charge_C over (v_store_V, pulse_s)")
    surface_error: FitError | None
    read_current: Polynomial
    read_current_error: FitError | None
    fixed_charge: Polynomial
    linearity_error_C: Finite = Field(description="largest deviation from the line over pulse widths, any level")
    kick_V: PiecewisePolynomial = Field(description="storage-node shift while the pulse is on, over v_store_V")
    disturb_V: PiecewisePolynomial = Field(description="storage-node shift left after one read, over v_store_V")


class ExponentialRetention(Part):
    """Every level goes to `v_inf_V` with one time constant; the paper's law (v_inf = 0.45 V)."""

    form: Literal["exponential"] = "exponential"
    tau_s: Positive
    v_inf_V: Finite
    token_period_s: Positive
    lambda_per_token: Finite | None = Field(
        default=None, ge=0, description="as published, where it is; else token_period_s / tau_s"
    )

    @property
    def decay_per_token(self) -> float:
        """lambda of r = exp(-lambda age), age in tokens."""
        return self.token_period_s / self.tau_s if self.lambda_per_token is None else self.lambda_per_token


class RetentionTable(Part):
    """V_store(t) of every stored level in hold, at one hold condition: the figures of the datasheet."""

    condition: Condition
    storage_capacitance_F: Positive
    wwl_V: Finite
    wwlb_V: Finite
    wbl_V: Finite
    levels_V: list[Finite]
    ages_s: list[Finite]
    voltages_V: list[list[Finite]] = Field(description="levels x ages")
    level_tau_s: list[Positive] = Field(description="time in which each level loses 10 % of its way to WBL, / 0.105")
    level_tau_is_lower_bound: list[bool]
    tau_worst_s: Positive = Field(
        description="time until the first level has lost 10 % of full scale (the farthest level's way to WBL), / 0.105"
    )
    tau_worst_is_lower_bound: bool
    single_tau_s: Positive
    single_tau_misfit_V: Finite

    @model_validator(mode="after")
    def _shape(self) -> RetentionTable:
        levels = len(self.levels_V)
        check_shape("voltages_V", self.voltages_V, "levels x ages", (levels, len(self.ages_s)))
        if not len(self.level_tau_s) == len(self.level_tau_is_lower_bound) == levels:
            raise ValueError(f"level_tau_s and level_tau_is_lower_bound need one value for each of {levels} levels")
        return self


class LowRankRetention(Part):
    """I(level, age) = sum_r level_factors[r](V) age_factors[r](age): the measured law, as rank terms.

    V is the voltage at age 0; the age factors are functions of log10(1 + age_s / age_scale_s). A fitted law is exactly
    the cell's current at age 0: the first level factor is that current, its age factor is 1 there and the others are 0.
    """

    form: Literal["low_rank"] = "low_rank"
    token_period_s: Positive
    age_scale_s: Positive
    level_factors: list[PiecewisePolynomial] = Field(description="A, over v_store_V")
    age_factors: list[PiecewisePolynomial] = Field(description="1, over log10(1 + age_s / age_scale_s)")
    error: FitError | None
    single_tau_s: Positive | None
    single_tau_error: FitError | None
    condition: Condition

    @model_validator(mode="after")
    def _ranks_agree(self) -> LowRankRetention:
        if not self.level_factors or len(self.level_factors) != len(self.age_factors):
            raise ValueError(
                f"level_factors has {len(self.level_factors)} terms and age_factors {len(self.age_factors)}; "
                "both need the same number, at least 1"
            )
        return self


class WriteModel(Part):
    """Level error of a write (V, reached minus asked) against level, pulse width and the level stored before."""

    condition: Condition
    levels_V: list[Finite]
    pulse_widths_s: list[Finite]
    previous_levels_V: list[Finite]
    error_V: list[list[list[Finite]]] = Field(description="levels x pulse widths x previous levels")
    design_pulse_s: Positive
    worst_error_V: Finite = Field(description="largest |error| at the design pulse")

    @model_validator(mode="after")
    def _shape(self) -> WriteModel:
        wanted = (len(self.levels_V), len(self.pulse_widths_s), len(self.previous_levels_V))
        check_shape("error_V", self.error_V, "levels x pulse_widths x previous", wanted)
        return self


class ReadDisturb(Part):
    """Shift of the stored voltage after many reads, with the cell in hold between them."""

    condition: Condition
    pulse_s: Positive = Field(description="width of each read")
    levels_V: Annotated[list[Finite], Field(min_length=2)]
    reads: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
    shift_V: list[list[Finite]] = Field(description="levels x reads")

    @model_validator(mode="after")
    def _shape(self) -> ReadDisturb:
        ascending("levels_V", self.levels_V)
        ascending("reads", self.reads)
        check_shape("shift_V", self.shift_V, "levels x reads", (len(self.levels_V), len(self.reads)))
        return self


class CellMismatch(Part):
    """Spread of the current from cell to cell: standard deviation over the stored voltage."""

    condition: Condition
    samples: int = Field(ge=2)
    seed: int = Field(ge=0)
    current_sigma_A: PiecewisePolynomial


class Cell(Part):
    """The gain cell. Attention divides `read_current` (or `current`) by `unit_current_A`.

    `unit_current_A` belongs to the *nominal* cell of the technology: (least-squares slope over the stored range)/19.3.
    It is 1 where the coefficients are in the paper's arbitrary units. It does not follow a changed cell.
    """

    kind: Literal["linear", "nonlinear"]
    n_levels: int = Field(ge=2, le=256)
    level_range_V: tuple[Finite, Finite]
    unit_current_A: Positive
    current: Polynomial = Field(description="what attention uses: read current over stored voltage, bit line held")
    iv: dict[Corner, IvSurface] = Field(default={})
    pulse_charge: PulseCharge | None = None
    pulse_charges: list[PulseCharge] = Field(default=[], description="of pulse_charge at other conditions")
    retention: Annotated[ExponentialRetention | LowRankRetention, Field(discriminator="form")] | None = None
    retention_tables: list[RetentionTable] = Field(default=[])
    write: WriteModel | None = None
    read_disturb: ReadDisturb | None = None
    mismatch: CellMismatch | None = None

    @model_validator(mode="after")
    def _one_charge_a_condition(self) -> Cell:
        charges = [*([self.pulse_charge] if self.pulse_charge else []), *self.pulse_charges]
        one_each("pulse_charges", [charge.condition for charge in charges])
        return self

    @property
    def zero_crossing_V(self) -> float:
        """The stored voltage without current (the root of `current` nearest to its center)."""
        return self.current.root()

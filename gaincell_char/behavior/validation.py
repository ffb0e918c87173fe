"""What the schema cannot say: a model whose parts contradict each other."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gaincell_char.behavior.schema import BehavioralModel, Cell, Converter, ExponentialRetention

# figures that are stored twice may differ by the rounding of what was printed in a paper or a datasheet
_AGREE = 1e-3
# the last value of a transfer is its clamp, up to the error of the fit
_CLAMP = 0.02
# pulses on the word line differ from T_max by edges and a clock, not by a level
_WIDEST = 0.05


def validate(model: BehavioralModel) -> list[str]:
    """Every contradiction within `model`, one line each that begins with the field; empty for a consistent model."""
    return [
        *_cell_faults(model.cell),
        *_converter_faults("charge_to_pulse", model.charge_to_pulse, model.cell.unit_current_A),
        *_converter_faults("signed_charge_to_pulse", model.signed_charge_to_pulse, model.cell.unit_current_A),
        *_transfer_faults("charge_to_pulse", model.charge_to_pulse, signed=False),
        *_transfer_faults("signed_charge_to_pulse", model.signed_charge_to_pulse, signed=True),
        *_periphery_faults(model),
    ]


def _cell_faults(cell: Cell) -> Iterator[str]:
    low, high = cell.level_range_V
    if not low < high:
        yield f"cell.level_range_V: [{low:g}, {high:g}] is not ascending"
    domain_low, domain_high = cell.current.domain
    if low < domain_low or high > domain_high:
        yield (
            f"cell.current.domain: [{domain_low:g}, {domain_high:g}] V does not cover the stored range "
            f"[{low:g}, {high:g}] V"
        )
    if math.isnan(cell.zero_crossing_V):
        yield "cell.current: no stored voltage in its domain has zero current, so no weight can be zero"
    if cell.kind == "linear" and cell.current.degree > 1:
        yield f"cell.current: degree {cell.current.degree} in a cell of kind linear; expected at most 1"
    law = cell.retention
    if isinstance(law, ExponentialRetention):
        derived = law.token_period_s / law.tau_s
        if not math.isclose(law.decay_per_token, derived, rel_tol=_AGREE):
            yield (
                f"cell.retention.lambda_per_token: {law.decay_per_token:g} is not token_period_s / tau_s = {derived:g}"
            )


def _converter_faults(name: str, converter: Converter, unit_current_A: float) -> Iterator[str]:
    if converter.full_scale_C is None:
        return
    expected = converter.full_scale_units * unit_current_A * converter.t_max_s
    if not math.isclose(converter.full_scale_C, expected, rel_tol=_AGREE):
        yield (
            f"{name}.full_scale_C: {converter.full_scale_C:g} C is not full_scale_units x unit_current_A x t_max_s "
            f"= {expected:g} C"
        )


def _transfer_faults(name: str, converter: Converter, signed: bool) -> Iterator[str]:
    full_scale_C = converter.full_scale_C
    if full_scale_C is None:
        if converter.transfers:
            yield f"{name}.transfers: measured over charge_C, and full_scale_C is missing"
        return
    lowest_C = -full_scale_C if signed else 0.0
    for place, transfer in enumerate(converter.transfers):
        where = f"{name}.transfers.{place}"
        low, high = transfer.pulse_s.knots[0], transfer.pulse_s.knots[-1]
        if low > lowest_C or high < full_scale_C:
            yield f"{where}.pulse_s: [{low:g}, {high:g}] C does not cover [{lowest_C:g}, {full_scale_C:g}] C"
        if signed != (transfer.negative is not None):
            yield f"{where}.negative: expected {'figures' if signed else 'null'} for this converter"
        longest_s = float(transfer.pulse_s(high))
        if not math.isclose(longest_s, transfer.positive.clamp_s, rel_tol=_CLAMP):
            yield f"{where}.positive.clamp_s: {transfer.positive.clamp_s:g} s, and pulse_s ends at {longest_s:g} s"


def _periphery_faults(model: BehavioralModel) -> Iterator[str]:
    counter, driver, cell = model.pulse_counter, model.write_driver, model.cell
    if counter is not None:
        step_s = model.signed_charge_to_pulse.t_max_s / (counter.largest_count - 0.5)
        if not math.isclose(counter.clock_period_s, step_s, rel_tol=_AGREE):
            yield (
                f"pulse_counter.clock_period_s: {counter.clock_period_s:g} s; a full scale of {counter.largest_count} "
                f"counts rounds t_max_s/{counter.largest_count - 0.5:g} = {step_s:g} s"
            )
    if driver is not None and len(driver.stored_V) != cell.n_levels:
        yield f"write_driver.stored_V: {len(driver.stored_V)} levels; the cell has {cell.n_levels}"
    widths = [] if model.word_line_driver is None else model.word_line_driver.widths_s
    if widths and (widths[0] != 0 or not math.isclose(widths[-1], model.charge_to_pulse.t_max_s, rel_tol=_WIDEST)):
        yield (
            f"word_line_driver.widths_s: from {widths[0]:g} to {widths[-1]:g} s; expected 0 to about t_max_s = "
            f"{model.charge_to_pulse.t_max_s:g} s"
        )

"""What the schema cannot say: a model whose parts contradict each other."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gaincell_char.behavior.schema import BehavioralModel, Cell, Converter, ExponentialRetention

# figures that are stored twice may differ by the rounding of what was printed in a paper or a datasheet
_AGREE = 1e-3


def validate(model: BehavioralModel) -> list[str]:
    """Every contradiction within `model`, one line each that begins with the field; empty for a consistent model."""
    return [
        *_cell_faults(model.cell),
        *_converter_faults("charge_to_pulse", model.charge_to_pulse, model.cell.unit_current_A),
        *_converter_faults("signed_charge_to_pulse", model.signed_charge_to_pulse, model.cell.unit_current_A),
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

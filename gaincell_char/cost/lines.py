"""The ledger of a token in one head, line by line, from the measured sections of a behavioral model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from gaincell_char.behavior.energy import Energy, EnergyPart
from gaincell_char.behavior.quantities import quantities
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.cost.geometry import Geometry
from gaincell_char.errors import InputError
from gaincell_char.fit.energy import COUNTERS, RELU, SIGNED, conversion_J, count_J, reference_name

MEASURED_TILE = 64
Factor = Callable[[EnergyPart], tuple[float, bool]]


@dataclass(frozen=True)
class Line:
    """`energy_J` of a token in one head, and what it is at most; `evidence`: measured, calculated (from measured
    figures), assumed or published."""

    name: str
    product: str
    energy_J: float
    largest_J: float | None
    evidence: str
    meaning: str


def measured_lines(model: BehavioralModel, geometry: Geometry, vdd_V: float | None = None) -> list[Line]:
    """Every part of the model's energy in a head of `geometry` at `vdd_V` (None: the model's), and what refresh costs.

    At another supply converters and counters are as measured there, their references go with them, and what is left is
    assumed to go with the square. In a tile of another height than was measured, converters are assumed to be as on 64
    rows.

    Raises
    ------
    InputError
        The model has no energy, or its converters were not measured at that supply.
    """
    if model.energy is None:
        raise InputError(
            f"{model.name}: the energy of its circuits was not measured; give a model that has it (cmos28), or "
            "--constants published"
        )
    supply = model.condition.vdd_V if vdd_V is None else vdd_V
    factor: Factor = _as_measured if supply == model.condition.vdd_V else _at_supply(model, model.energy, supply)
    lines = [_line(part, geometry, *factor(part)) for part in model.energy.parts]
    return [*lines, _refresh(model, geometry, [line for line in lines if line.product == "write"])]


def _line(part: EnergyPart, geometry: Geometry, factor: float, assumed: bool) -> Line:
    resized = geometry.tile != MEASURED_TILE and part.product == "value" and part.per in ("column", "tile")
    count = geometry.count(part)
    return Line(
        name=part.name,
        product=part.product,
        energy_J=count * part.energy_J * factor,
        largest_J=count * part.largest_J * factor,
        evidence="assumed" if assumed or resized else part.evidence,
        meaning=f"{part.meaning}; as on {MEASURED_TILE} rows" if resized else part.meaning,
    )


def _as_measured(part: EnergyPart) -> tuple[float, bool]:
    return 1.0, False


def _at_supply(model: BehavioralModel, energy: Energy, vdd_V: float) -> Factor:
    here = energy.condition
    there = here.model_copy(update={"vdd_V": vdd_V})
    statistics = energy.statistics
    factors = {}
    for name, converter, charges, product in (
        (RELU, model.charge_to_pulse, statistics.score, "key"),
        (SIGNED, model.signed_charge_to_pulse, statistics.tile_sum, "value"),
    ):
        swept = [each.condition for each in converter.transfers]
        if there not in swept:
            known = sorted(each.vdd_V for each in swept if each.model_copy(update={"vdd_V": vdd_V}) == there)
            raise InputError(
                f"--supply {vdd_V:g}: {model.name} has its converters at {', '.join(f'{v:g}' for v in known)} V"
            )
        ratio = conversion_J(converter, there, charges)[0] / conversion_J(converter, here, charges)[0]
        factors[name] = factors[reference_name(product)] = ratio
    if model.pulse_counter is not None and model.pulse_counter.at(there) is not None:
        counted = [count_J(model, condition, statistics.tile_sum)[0] for condition in (there, here)]
        factors[COUNTERS] = counted[0] / counted[1]
    square = (vdd_V / here.vdd_V) ** 2
    return lambda part: (factors[part.name], False) if part.name in factors else (square, True)


def _refresh(model: BehavioralModel, geometry: Geometry, writes: list[Line]) -> Line:
    """A token is written again each time that its cells have aged by one time constant."""
    figures = quantities(model)
    if "tau_s" not in figures or "token_period_s" not in figures:
        return Line("refresh", "write", 0.0, None, "assumed", "none: the model has no retention")
    life_s = geometry.window * figures["token_period_s"].value
    tau_s = figures["tau_s"].value
    times = max(math.ceil(life_s / tau_s) - 1, 0)
    energy_J = times * sum(line.energy_J for line in writes)
    meaning = f"{times} times: a token is read for {life_s:.3g} s, its cells hold for {tau_s:.3g} s"
    return Line("refresh", "write", energy_J, energy_J, "assumed", meaning)

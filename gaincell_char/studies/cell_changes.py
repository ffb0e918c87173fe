"""A model's cell, changed in one respect: its capacitor, its current, what writing and reading leave in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev

from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.arithmetic import piecewise, plus, polynomial_plus, surface_plus, times
from gaincell_char.behavior.schema import ExponentialRetention, LowRankRetention
from gaincell_char.errors import InputError

CAPACITOR = "gain_cell.storage_F"


def replaced(model: BehavioralModel, section: str, **update: Any) -> BehavioralModel:
    """`model` with other values in one of its sections; refused where it has no such section."""
    part = getattr(model, section)
    if part is None:
        raise InputError(f"model {model.name}: no {section}; this study needs all circuits, as cmos28 has")
    return model.model_copy(update={section: part.model_copy(update=update)})


def storage_capacitance_F(model: BehavioralModel) -> float:
    """The capacitor of the storage node that the model's retention was measured with."""
    return float(model.parameters[CAPACITOR])


def with_storage_capacitance(model: BehavioralModel, farads: float) -> BehavioralModel:
    """Leakage takes as much longer as the capacitor is larger. Its kick, disturb and write error stay (they are
    parameters of their own)."""
    law, ratio = model.cell.retention, farads / storage_capacitance_F(model)
    if isinstance(law, LowRankRetention):
        slower: Any = law.model_copy(update={"age_scale_s": law.age_scale_s * ratio})
    elif isinstance(law, ExponentialRetention):
        slower = law.model_copy(update={"tau_s": law.tau_s * ratio, "lambda_per_token": None})
    else:
        raise InputError(f"model {model.name}: no cell.retention, so its capacitor has nothing to hold")
    sized = model.model_copy(update={"parameters": {**model.parameters, CAPACITOR: farads}})
    return replaced(sized, "cell", retention=slower)


def with_tau(model: BehavioralModel, tau_s: float) -> BehavioralModel:
    """Exponential retention toward mid-supply in place of the measured law."""
    law = model.cell.retention
    if law is None:
        raise InputError(f"model {model.name}: no cell.retention")
    v_inf_V = sum(model.cell.level_range_V) / 2
    exponential = ExponentialRetention(tau_s=tau_s, v_inf_V=v_inf_V, token_period_s=law.token_period_s)
    return replaced(model, "cell", retention=exponential)


def tau_s(model: BehavioralModel) -> float:
    """The one time constant that describes the model's retention best."""
    law = model.cell.retention
    found = law.tau_s if isinstance(law, ExponentialRetention) else law.single_tau_s if law else None
    if found is None:
        raise InputError(f"model {model.name}: cell.retention has no time constant")
    return found


def with_zero_crossing(model: BehavioralModel, volts: float) -> BehavioralModel:
    """The zero crossing moved up by `volts`: a current at rest of -slope x `volts` on every cell."""
    current = model.cell.current
    slope = (current(model.cell.zero_crossing_V + 1e-4) - current(model.cell.zero_crossing_V - 1e-4)) / 2e-4
    rest = Chebyshev([-float(slope) * volts], domain=list(current.domain))
    return _with_cell_current(model, polynomial_plus(current, rest), lambda f: plus(f, piecewise(rest, "V", "A")), rest)


def with_slope(model: BehavioralModel, change: float) -> BehavioralModel:
    """All currents of the cell 1 + `change` times as large, the converters' full scales unchanged."""
    factor = 1 + change
    current = model.cell.current
    larger = current.model_copy(update={"coefficients": [factor * each for each in current.coefficients]})
    scaled = _with_cell_current(model, larger, lambda f: times(f, factor), None)
    charge, array = scaled.cell.pulse_charge, scaled.array
    if charge is not None:
        table = (factor * np.asarray(charge.surface.coefficients)).tolist()
        surface = charge.surface.model_copy(update={"coefficients": table})
        scaled = replaced(scaled, "cell", pulse_charge=charge.model_copy(update={"surface": surface}))
    if array is not None and array.current is not None:
        branches = {name: [times(f, factor) for f in getattr(array.current, name)] for name in ("sink_A", "source_A")}
        scaled = replaced(scaled, "array", current=array.current.model_copy(update=branches))
    return scaled


def _with_cell_current(
    model: BehavioralModel, current: Any, change: Callable[[Any], Any], rest: Chebyshev | None
) -> BehavioralModel:
    """With another current, the law of retention that begins with it, and `rest` in the charge of its pulses."""
    law, charge = model.cell.retention, model.cell.pulse_charge
    update: dict[str, Any] = {"current": current}
    if isinstance(law, LowRankRetention):
        which = law.level_factors if rest is None else law.level_factors[:1]
        update["retention"] = law.model_copy(
            update={"level_factors": [*map(change, which), *law.level_factors[len(which) :]]}
        )
    if charge is not None and rest is not None:
        surface = surface_plus(charge.surface, [rest * 0, rest], 0.0, 1.0)
        update["pulse_charge"] = charge.model_copy(update={"surface": surface})
    return replaced(model, "cell", **update)


def with_fixed_charge(model: BehavioralModel, coulombs: float) -> BehavioralModel:
    """Every read pulse takes `coulombs` more, whatever its width."""
    charge = model.cell.pulse_charge
    if charge is None:
        raise InputError(f"model {model.name}: no cell.pulse_charge")
    constant = Chebyshev([coulombs], domain=[charge.surface.x_knots[0], charge.surface.x_knots[-1]])
    surface = surface_plus(charge.surface, [constant], 0.0, 1.0)
    return replaced(model, "cell", pulse_charge=charge.model_copy(update={"surface": surface}))


def with_write_error(model: BehavioralModel, volts: float) -> BehavioralModel:
    """Every level `volts` higher in the cell than now."""
    driver = model.write_driver
    stored = None if driver is None else [level + volts for level in driver.stored_V]
    return replaced(model, "write_driver", stored_V=stored)


def read_disturb_V(model: BehavioralModel) -> float:
    """Largest shift of a level by the reads that were measured."""
    disturb = model.cell.read_disturb
    return 0.0 if disturb is None else float(np.abs(disturb.shift_V).max())


def with_read_disturb(model: BehavioralModel, volts: float) -> BehavioralModel:
    """All shifts in proportion, so that the largest is `volts`."""
    disturb, now = model.cell.read_disturb, read_disturb_V(model)
    if disturb is None or not now:
        raise InputError(f"model {model.name}: no cell.read_disturb")
    shift = (np.asarray(disturb.shift_V) * volts / now).tolist()
    return replaced(model, "cell", read_disturb=disturb.model_copy(update={"shift_V": shift}))


def with_cell_mismatch(model: BehavioralModel, factor: float) -> BehavioralModel:
    """Deviations of the cells' currents `factor` times those measured."""
    mismatch = model.cell.mismatch
    if mismatch is None:
        raise InputError(f"model {model.name}: no cell.mismatch")
    sigma = times(mismatch.current_sigma_A, factor)
    return replaced(model, "cell", mismatch=mismatch.model_copy(update={"current_sigma_A": sigma}))

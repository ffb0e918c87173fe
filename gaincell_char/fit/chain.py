"""The circuits around the cell: datasets of their sweeps into the sections of a behavioral model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gaincell_char import keys
from gaincell_char.behavior.schema import (
    BehavioralModel,
    Condition,
    Converter,
    Provenance,
    Transfer,
)
from gaincell_char.circuits.charge_to_pulse.noise import SOURCES as NOISE_SOURCES
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.fit import energy, grids, latency
from gaincell_char.fit.array_model import fit_array
from gaincell_char.fit.cell_mismatch import fit_cell_mismatch
from gaincell_char.fit.converter import LSBS, fit_transfers
from gaincell_char.fit.converter_mismatch import fit_mismatch
from gaincell_char.fit.converter_timing import fit_burst, fit_noise, fit_settling
from gaincell_char.fit.counter import fit_counter
from gaincell_char.fit.disturb import fit_read_disturb
from gaincell_char.fit.drivers import fit_word_line_driver, fit_write_driver
from gaincell_char.fit.pulse import fit_pulse
from gaincell_char.sweep.dataset import Dataset

Datasets = Mapping[str, Dataset]
_SETTLED_LSB = 0.05
"""A wait is long enough when a longer one moves the pulse by less."""

_OF_THE_CELL = ("read_disturb", "mismatch", "pulse_charges")
_SECTIONS = (
    "charge_to_pulse",
    "signed_charge_to_pulse",
    "pulse_counter",
    "word_line_driver",
    "write_driver",
    "array",
    "energy",
    "latency",
)

_BURST_CELL_TIME_S = {"signed_charge_to_pulse": -54e-9}
"""Which sign's bursts are a converter's: those that are worse, where both were swept."""

SPECS = {
    "charge_to_pulse": (
        "charge_to_pulse",
        "charge_to_pulse_corners",
        "charge_to_pulse_conditions",
        "charge_to_pulse_settling",
        "charge_to_pulse_burst",
        "charge_to_pulse_mismatch",
        "charge_to_pulse_noise",
    ),
    "signed_charge_to_pulse": (
        "signed_charge_to_pulse",
        "signed_charge_to_pulse_corners",
        "signed_charge_to_pulse_temperature",
        "signed_charge_to_pulse_supply",
        "signed_charge_to_pulse_settling",
        "signed_charge_to_pulse_burst",
        "signed_charge_to_pulse_mismatch",
    ),
    "pulse_counter": (
        "pulse_counter_count",
        "pulse_counter_phase",
        "pulse_counter_aperture",
        "pulse_counter_maximum",
        "pulse_counter_corners",
    ),
    "word_line_driver": ("word_line_driver_widths", "word_line_driver_buffer"),
    "write_driver": ("write_driver_write", "gain_cell_write_disturb"),
    "read_disturb": ("gain_cell_read_disturb",),
    "mismatch": ("gain_cell_mismatch",),
    "pulse_charges": (
        "gain_cell_pulse_corners",
        "gain_cell_pulse_temperature",
        "gain_cell_pulse_low_supply",
        "gain_cell_pulse_high_supply",
    ),
    "array": ("array_read", "array_bit_line", "array_word_line"),
}
"""Section -> the sweeps it is fitted to; the first is its nominal condition, without which there is no section."""

SUMS = {"energy": energy.SPECS, "latency": latency.SPECS}
"""Section that adds up others -> the sweeps it needs beside them."""


def chain_specs() -> tuple[str, ...]:
    """The sweeps of all circuits around the cell, Monte Carlo of their devices among them."""
    return tuple(dict.fromkeys(spec for specs in (*SPECS.values(), *SUMS.values()) for spec in specs))


def with_chain(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    """`model` of a cell with the sections of the circuits whose sweeps are in `datasets` (spec -> dataset).

    A section keeps the converters' full scales and T_max of `model`: they are hardware (`assemble`). Energy and latency
    are there where all that they add up is.

    Raises
    ------
    InputError
        A spec that belongs to no section, a section without its first spec, datasets of another technology.
    SimulationFailure
        `MEASURE_FAILED`: a circuit does not convert.
    """
    for name, dataset in datasets.items():
        if name not in chain_specs():
            raise unknown_name("sweep", name, chain_specs())
        if dataset.metadata.get("technology") != model.technology:
            raise InputError(
                f"{name}: swept in {dataset.metadata.get('technology')!r}, the model is of {model.technology!r}"
            )
    for section, specs in SPECS.items():
        given = {spec: datasets[spec] for spec in specs if spec in datasets}
        if not given:
            continue
        if specs[0] not in given:
            raise InputError(f"{section}: a dataset of {specs[0]} is needed beside {', '.join(given)}")
        model = _FITS[section](model, given)
    model = _sums(model, datasets)
    return model.model_copy(update={"provenance": _provenance(model.provenance, datasets)})


def with_chain_of(model: BehavioralModel, other: BehavioralModel) -> BehavioralModel:
    """`model` of a cell with the circuits around the cell, and their provenance, as `other` has them."""
    cell = model.cell.model_copy(update={name: getattr(other.cell, name) for name in _OF_THE_CELL})
    sections = {name: getattr(other, name) for name in _SECTIONS}
    made = other.provenance
    provenance = model.provenance.model_copy(
        update={
            "netlists": {**made.netlists, **model.provenance.netlists},
            "specs": {**made.specs, **model.provenance.specs},
            "datasets": {**made.datasets, **model.provenance.datasets},
        }
    )
    return model.model_copy(update={"cell": cell, **sections, "provenance": provenance})


def _sums(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    if None in (model.pulse_counter, model.word_line_driver, model.write_driver):
        return model
    found: dict[str, Any] = {}
    if all(spec in datasets for spec in (*SUMS["energy"], *SUMS["latency"])):
        found["energy"] = energy.fit_energy(model, energy.bundled_statistics(), datasets)
    if all(spec in datasets for spec in SUMS["latency"]):
        relu, signed = (datasets[spec] for spec in SUMS["latency"])
        found["latency"] = latency.fit_latency(model, relu, signed)
    return model.model_copy(update=found)


def _charge_to_pulse(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    converter = _converter(model.charge_to_pulse, model.condition, datasets, "charge_to_pulse")
    return model.model_copy(update={"charge_to_pulse": converter})


def _signed_charge_to_pulse(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    converter = _converter(model.signed_charge_to_pulse, model.condition, datasets, "signed_charge_to_pulse")
    return model.model_copy(update={"signed_charge_to_pulse": converter})


def _converter(converter: Converter, nominal: Condition, datasets: Datasets, name: str) -> Converter:
    if converter.full_scale_C is None:
        raise InputError(f"{name}: the model has no full scale in coulombs; fit the cell first")
    full_scale_C, t_max_s = converter.full_scale_C, converter.t_max_s
    others = {f"{name}_{kind}": kind for kind in ("settling", "burst", "mismatch", "noise")}
    transfers: dict[Condition, Transfer] = {}
    fields: dict[str, Any] = {}
    for spec, dataset in datasets.items():
        match others.get(spec):
            case "settling":
                fields["settling"] = fit_settling(dataset, _SETTLED_LSB * t_max_s / LSBS, nominal)
            case "burst":
                fields["burst"] = fit_burst(dataset, nominal, cell_time_s=_BURST_CELL_TIME_S.get(name))
            case "mismatch":
                fields["mismatch"] = fit_mismatch(dataset, full_scale_C, t_max_s, nominal)
            case "noise":
                fields["noise"] = fit_noise(dataset, NOISE_SOURCES, nominal)
            case _:
                for transfer in fit_transfers(dataset, full_scale_C, t_max_s):
                    transfers.setdefault(transfer.condition, transfer)
    return converter.model_copy(update={"transfers": list(transfers.values()), **fields})


def _pulse_counter(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    parts = [datasets[spec] for spec in SPECS["pulse_counter"] if spec in datasets]
    if len(parts) < len(SPECS["pulse_counter"]):
        raise InputError(f"pulse_counter: needs all of {', '.join(SPECS['pulse_counter'])}")
    return model.model_copy(update={"pulse_counter": fit_counter(*parts)})


def _word_line_driver(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    widths, buffer = SPECS["word_line_driver"]
    if buffer not in datasets:
        raise InputError(f"word_line_driver: a dataset of {buffer} is needed beside {widths}")
    section = fit_word_line_driver(datasets[widths], datasets[buffer], model.condition)
    return model.model_copy(update={"word_line_driver": section})


def _write_driver(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    write, disturb = SPECS["write_driver"]
    section = fit_write_driver(datasets[write], datasets.get(disturb), model.condition)
    return model.model_copy(update={"write_driver": section})


def _read_disturb(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    section = fit_read_disturb(datasets[SPECS["read_disturb"][0]], model.condition)
    return model.model_copy(update={"cell": model.cell.model_copy(update={"read_disturb": section})})


def _mismatch(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    section = fit_cell_mismatch(datasets[SPECS["mismatch"][0]], model.condition)
    return model.model_copy(update={"cell": model.cell.model_copy(update={"mismatch": section})})


def _pulse_charges(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    charges = [
        fit_pulse(dataset, condition)
        for dataset in datasets.values()
        for condition, _ in grids.by_condition(dataset)
        if condition != model.condition
    ]
    return model.model_copy(update={"cell": model.cell.model_copy(update={"pulse_charges": charges})})


def _array(model: BehavioralModel, datasets: Datasets) -> BehavioralModel:
    charge = model.cell.pulse_charge
    if charge is None:
        raise InputError("array: the model has no cell.pulse_charge; fit the cell first")
    swept = {spec.removeprefix("array_"): dataset for spec, dataset in datasets.items()}
    section = fit_array(swept, model.cell.unit_current_A, charge.fixed_charge, model.condition)
    return model.model_copy(update={"array": section})


_FITS: dict[str, Callable[[BehavioralModel, Datasets], BehavioralModel]] = {
    "charge_to_pulse": _charge_to_pulse,
    "signed_charge_to_pulse": _signed_charge_to_pulse,
    "pulse_counter": _pulse_counter,
    "word_line_driver": _word_line_driver,
    "write_driver": _write_driver,
    "read_disturb": _read_disturb,
    "mismatch": _mismatch,
    "pulse_charges": _pulse_charges,
    "array": _array,
}


def _provenance(cell: Provenance, datasets: Datasets) -> Provenance:
    netlists, specs, made = dict(cell.netlists), dict(cell.specs), dict(cell.datasets)
    for name, dataset in datasets.items():
        netlists |= dataset.metadata.get("netlists", {})
        if "spec" in dataset.metadata:
            specs[name] = dataset.metadata["spec"]
        made[name] = keys.digest(dataset.to_bytes())
    return cell.model_copy(update={"netlists": netlists, "specs": specs, "datasets": made})

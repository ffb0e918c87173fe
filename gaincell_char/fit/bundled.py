"""The bundled model of the nominal cell and its circuits; `python -m gaincell_char.fit.bundled` remakes cmos28.json.

Needs ngspice, and about 20 minutes of one processor; results of sweeps that are stored already are used again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gaincell_char.behavior import save_model
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import GaincellError
from gaincell_char.fit.assemble import SWEEPS, assemble
from gaincell_char.fit.chain import chain_specs, with_chain
from gaincell_char.paths import data_folder
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.run import run_sweep
from gaincell_char.sweep.spec import Spec, load_spec

NAME = "cmos28"
REMAKE = "python -m gaincell_char.fit.bundled"


def bundled_specs() -> dict[str, Spec]:
    """The sweeps that a model of the gain cell is fitted to, by testbench."""
    return {sweep: load_spec(f"gain_cell_{sweep}") for sweep in SWEEPS}


def bundled_model(datasets: Mapping[str, Dataset]) -> BehavioralModel:
    """The model of the nominal cell from the datasets of `bundled_specs`; raises as `assemble`."""
    return assemble(NAME, datasets, description="Push-pull gain cell, hand-written 28 nm-like devices, nominal sizes")


def remake(folder: Path) -> Path:
    """Run the bundled sweeps and those of all circuits around the cell, and write the model to `folder`.

    Raises
    ------
    GaincellError
        A point has no result, or a dataset cannot be fitted.
    """
    cell = {sweep: complete(spec) for sweep, spec in bundled_specs().items()}
    chain = {spec: complete(load_spec(spec)) for spec in chain_specs()}
    path = folder / f"{NAME}.json"
    save_model(with_chain(bundled_model(cell), chain), path)
    return path


def complete(spec: Spec) -> Dataset:
    """The dataset of `spec`, simulated where it is not stored; raises `GaincellError` where a point has no result."""
    dataset = run_sweep(spec)
    missing = len(dataset.frame) - len(dataset.good)
    if missing:
        raise GaincellError(f"{spec.name}: {missing} points have no result; see `gaincell sweep status {spec.name}`")
    return dataset


if __name__ == "__main__":
    print(remake(data_folder("models")))

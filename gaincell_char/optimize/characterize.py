"""A design in ngspice: direct current, charge of a read, retention at its hold, and what a read takes from the rail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.store import model_text, read_model
from gaincell_char.errors import EnvironmentFault, GaincellError
from gaincell_char.fit import grids
from gaincell_char.fit.assemble import assemble
from gaincell_char.optimize.space import COMPLEMENT, HOLD
from gaincell_char.pipeline import work
from gaincell_char.pipeline.stages import Stage
from gaincell_char.pipeline.work import VERSION
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.overrides import Overrides
from gaincell_char.sweep.run import Prepared, prepare, run_prepared
from gaincell_char.sweep.spec import load_spec

Array = npt.NDArray[np.float64]
FITTED = ("iv", "pulse", "retention")
SPECS = {**{sweep: f"gain_cell_{sweep}" for sweep in FITTED}, "rail": "tile_energy_cells"}


@dataclass(frozen=True)
class Characterized:
    """A design's behavioral model (full scales of the nominal one), and the energy a read of each stored level takes
    from the cell's rail: `slope_W` x pulse + `fixed_J`, both (levels,)."""

    model: BehavioralModel
    slope_W: Array
    fixed_J: Array


def stage(name: str, parameters: Mapping[str, float], nominal: BehavioralModel, store: Path, workers: int) -> Stage:
    """The stage that simulates and fits a design; decks are kept in the folder `store`."""
    prepared = {sweep: _prepared(sweep, parameters) for sweep in SPECS}
    inputs = {
        "decks": {sweep: [task.identity.key for task in each.tasks] for sweep, each in prepared.items()},
        "specs": {sweep: each.spec.digest for sweep, each in prepared.items()},
        # all that a fit takes from it: other circuits of the nominal model may be measured again
        "nominal": {"unit_current_A": nominal.cell.unit_current_A, "t_max_s": nominal.charge_to_pulse.t_max_s},
    }
    return Stage(name, _Simulate(prepared, nominal, store, workers), VERSION, inputs, in_parent=True)


def read(product: bytes) -> Characterized | str:
    """What the stage found; why there is nothing, where the design has no usable cell."""
    found = json.loads(product)
    if found["reason"]:
        return str(found["reason"])
    model = read_model(json.dumps(found["model"]), "design")
    return Characterized(model, np.array(found["slope_W"]), np.array(found["fixed_J"]))


def rail(dataset: Dataset) -> tuple[Array, Array]:
    """`slope_W` and `fixed_J` of a `tile_energy.cells` dataset: a least-squares line through the pulse widths."""
    grid = grids.pivot(dataset, grids.at_condition(dataset, None)[1], "v_store_V", "pulse_s", "rail_J")
    slope, fixed = np.polyfit(grid.y, grid.z.T, 1)
    return slope, fixed


def _prepared(sweep: str, parameters: Mapping[str, float]) -> Prepared:
    """The bundled sweep at the typical condition; retention at the design's own hold only."""
    spec = load_spec(SPECS[sweep])
    if sweep == "retention":
        hold = {"wwl_V": parameters[HOLD], "wwlb_V": parameters[COMPLEMENT]}
        spec = spec.model_copy(update={"presets": {"hold": [hold]}})
    return prepare(spec, overrides=Overrides(parameters, corners=("tt",), temperatures_C=(27.0,)))


class _Simulate:
    """The work of the stage. A design that cannot be simulated or fitted is a result, with its reason."""

    def __init__(self, prepared: Mapping[str, Prepared], nominal: BehavioralModel, store: Path, workers: int) -> None:
        self.prepared, self.nominal, self.store, self.workers = prepared, nominal, store, workers

    def __call__(self, inputs: work.Inputs, products: work.Products) -> bytes:
        try:
            found = self._found()
        except EnvironmentFault:
            raise
        except GaincellError as error:
            found = {"reason": str(error)}
        return json.dumps(found).encode()

    def _found(self) -> dict[str, Any]:
        datasets = {sweep: self._dataset(sweep) for sweep in SPECS}
        model = assemble("design", {sweep: datasets[sweep] for sweep in FITTED}, self.nominal)
        slope, fixed = rail(datasets["rail"])
        return {"reason": "", "model": json.loads(model_text(model)), "slope_W": slope.tolist(),
                "fixed_J": fixed.tolist()}  # fmt: skip

    def _dataset(self, sweep: str) -> Dataset:
        path, prepared = self.store / f"{SPECS[sweep]}.sqlite", self.prepared[sweep]
        dataset = run_prepared(prepared, path, self.workers, progress=lambda done, total, note: None)
        work.failed_points(prepared.spec.name, dataset.to_bytes(), str(path))
        return dataset

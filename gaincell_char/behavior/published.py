"""The two models of arXiv 2409.19315 (Nature Computational Science 5, 813-824, 2025), in its arbitrary current units.

`python -m gaincell_char.behavior.published` writes them and the JSON Schema to the bundled models.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.json_text import render
from gaincell_char.behavior.schema import (
    BehavioralModel,
    Cell,
    Condition,
    Converter,
    ExponentialRetention,
    Provenance,
)
from gaincell_char.behavior.store import model_text
from gaincell_char.keys import publish
from gaincell_char.paths import data_folder

# I(V) = sum_i A_i (V - 0.45)^i at V_in = 0.9 V, from the fit C_ij of the paper's gain cell
NONLINEAR_COEFFICIENTS = (0.52136361391, 13.612260634, -2.620445619, 46.05483778)
# I = 19.3 (V - 0.45), the linear hardware model
LINEAR_SLOPE = 19.3
HOLD_V = 0.45


def published_models() -> dict[str, BehavioralModel]:
    """`leroux2025` (nonlinear) and `leroux2025_linear`: 28 nm, 0.9 V, tau 5 ms, a token every 0.8 us."""
    nonlinear = _model(
        "leroux2025", "Published nonlinear gain cell", "nonlinear", list(NONLINEAR_COEFFICIENTS)
    )  # fmt: skip
    linear = _model("leroux2025_linear", "Published linear hardware model", "linear", [0.0, LINEAR_SLOPE])
    return {model.name: model for model in (nonlinear, linear)}


def _model(
    name: str, description: str, kind: Literal["linear", "nonlinear"], coefficients: list[float]
) -> BehavioralModel:
    current = Polynomial(center=HOLD_V, coefficients=coefficients, domain=(0.0, 0.9), x_unit="V", y_unit="1")
    retention = ExponentialRetention(tau_s=5e-3, v_inf_V=HOLD_V, token_period_s=0.8e-6, lambda_per_token=1.6e-4)
    return BehavioralModel(
        schema_version=1,
        name=name,
        description=f"{description}; arbitrary current units (unit current 1)",
        technology="28 nm CMOS, as published",
        condition=Condition(),
        cell=Cell(
            kind=kind,
            n_levels=8,
            level_range_V=(0.0, 0.9),
            unit_current_A=1.0,
            current=current,
            retention=retention,
        ),
        charge_to_pulse=Converter(full_scale_units=80.0, full_scale_C=None, t_max_s=15e-9),
        signed_charge_to_pulse=Converter(full_scale_units=40.0, full_scale_C=None, t_max_s=15e-9),
        provenance=Provenance(source="arXiv 2409.19315", tool_version="published"),
    )


def json_schema_text() -> str:
    """The JSON Schema of a behavioral model, as text."""
    return render(BehavioralModel.model_json_schema())


def bundled_texts() -> dict[str, str]:
    """File name -> content of everything this module makes."""
    texts = {f"{name}.json": model_text(model) for name, model in published_models().items()}
    return texts | {"behavioral_model.schema.json": json_schema_text()}


def write(folder: Path) -> None:
    """Write `bundled_texts` to `folder`."""
    for name, text in bundled_texts().items():
        publish(folder / name, text.encode())


if __name__ == "__main__":
    write(data_folder("models"))

"""The whole account: energy, latency and area of a token, beside the paper's and the GPUs'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.cost import published
from gaincell_char.cost.area import head_area
from gaincell_char.cost.geometry import Geometry
from gaincell_char.cost.lines import MEASURED_TILE, Line, measured_lines

_ANALOG = ("key", "value", "write")


def published_account(geometry: Geometry) -> dict[str, Any]:
    """The paper's figures; `--json` of `gaincell cost --constants published`."""
    lines = published.published_lines(geometry)
    latency = {"total_s": published.LATENCY_S, "evidence": "published", "phases": [], "overlapped": []}
    return _account("published", geometry, lines, latency)


def measured_account(model: BehavioralModel, geometry: Geometry, vdd_V: float | None = None) -> dict[str, Any]:
    """The figures of the model's circuits, and published ones for what has no circuit here.

    Raises
    ------
    InputError
        As `measured_lines`.
    """
    supply = model.condition.vdd_V if vdd_V is None else vdd_V
    lines = [*measured_lines(model, geometry, vdd_V), *published.digital_lines(geometry)]
    energy, latency = model.energy, None
    assert energy is not None  # measured_lines would have refused
    if model.latency is not None and supply == model.latency.condition.vdd_V:
        latency = {"total_s": model.latency.total_s, "evidence": "measured", **model.latency.model_dump(mode="json")}
    areas = head_area(geometry, model)
    return {
        **_account("measured", geometry, lines, latency),
        "model": model.name,
        "condition": str(energy.condition.model_copy(update={"vdd_V": supply})),
        "statistics": energy.statistics.source,
        "excluded": energy.excluded,
        "idle_W": energy.idle_W * geometry.tiles / energy.tiles if geometry.tile == MEASURED_TILE else None,
        "area": {
            "lines": [asdict(line) for line in areas],
            "gate_m2": sum(line.count * line.each.gate_m2 for line in areas),
            "capacitance_F": sum(line.count * line.each.capacitance_F for line in areas),
        },
    }


def _account(
    constants: str, geometry: Geometry, lines: Sequence[Line], latency: dict[str, Any] | None
) -> dict[str, Any]:  # fmt: skip
    products = sorted({line.product for line in lines}, key=[*_ANALOG, "other"].index)
    energy = {name: sum(line.energy_J for line in lines if line.product == name) for name in products}
    head = sum(energy.values())
    found: dict[str, Any] = {
        "constants": constants,
        "geometry": {**asdict(geometry), "tiles": geometry.tiles},
        "lines": [asdict(line) for line in lines],
        "energy_J": {
            **energy,
            "circuits": sum(energy.get(name, 0.0) for name in _ANALOG),
            "head": head,
            "layer": geometry.heads * head,
            "model": geometry.layers * geometry.heads * head,
        },
        "latency": latency,
        "gpu": [],
        "gpu_caveat": published.GPU_CAVEAT,
    }
    if (geometry.window, geometry.heads) == (1024, published.HEADS) and latency is not None:
        found["gpu"] = [
            {
                **asdict(gpu),
                "latency_ratio": gpu.latency_s / latency["total_s"],
                "energy_ratio": gpu.energy_J / (geometry.heads * head),
                "published_latency_ratio": gpu.latency_ratio,
                "published_energy_ratio": gpu.energy_ratio,
            }
            for gpu in published.GPUS
        ]
    return found


def sentence(account: dict[str, Any]) -> str:
    """The account in one line."""
    energy, geometry, latency = account["energy_J"], account["geometry"], account["latency"]
    circuits = f" ({1e9 * energy['circuits']:.2f} of it in circuits that were measured)" if account.get("model") else ""
    time = "" if latency is None else f", and takes {1e9 * latency['total_s']:.1f} ns a layer"
    return (
        f"A token costs {1e9 * energy['head']:.2f} nJ in one head{circuits}, {1e9 * energy['layer']:.1f} nJ in "
        f"{geometry['heads']} heads, {1e6 * energy['model']:.2f} uJ in {geometry['layers']} layers{time}; "
        "the paper: 6.15 nJ, 73.8 nJ in 12 heads, 65 ns."
    )

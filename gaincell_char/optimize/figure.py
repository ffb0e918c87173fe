"""The picture of a front: loss against energy, predicted and simulated, with the default cell and the sample."""

from __future__ import annotations

from typing import Any

from gaincell_char.report.svg import BAD, CIRCUIT, INK, MUTED, PUBLISHED, to_svg


def figure(answer: dict[str, Any]) -> str:
    """SVG of a `result`."""
    import matplotlib.pyplot as plt

    drawn, axis = plt.subplots(figsize=(6.4, 4.2))
    front, default = answer["front"], answer["default"]
    budget, linear = answer["budget_nats"], answer["model"]["loss_error_nats"]
    simulated = [row for row in front if row["added"] is not None]
    near = [row for row in answer["sample"] if row["added"] <= 2 * budget]
    axis.scatter([_pJ(row) for row in near], [row["added"] for row in near], s=14, color=MUTED, label="sample")
    predicted = [row["predicted"] for row in front]
    axis.fill_between(
        [1e12 * each["energy_J"] for each in predicted], [each["added"] - linear for each in predicted],
        [each["added"] + linear for each in predicted], color=CIRCUIT, alpha=0.12, linewidth=0,
        label="model, stated error",
    )  # fmt: skip
    axis.plot([1e12 * e["energy_J"] for e in predicted], [e["added"] for e in predicted], color=CIRCUIT, linewidth=1.2)
    for row in simulated:
        low, high = row["interval"]
        axis.errorbar(
            _pJ(row), row["added"], yerr=[[row["added"] - low], [high - row["added"]]], marker="o", markersize=5,
            color=CIRCUIT if row["confirmed"] else BAD, elinewidth=0.7, capsize=2, linewidth=0,
        )  # fmt: skip
    axis.scatter([], [], s=25, color=CIRCUIT, label="front, simulated (95 %)")
    if any(not row["confirmed"] for row in simulated):
        axis.scatter([], [], s=25, color=BAD, label="beyond the stated error")
    if default["added"] is not None:
        axis.scatter(
            [_pJ(default)], [default["added"]], marker="D", s=42, color=PUBLISHED, label="default cell", zorder=5
        )
    axis.axhline(budget, color=INK, linewidth=0.8, linestyle="--", label=f"budget {budget:g} nats")
    axis.set_xlabel("energy of a token in the circuits of one head, pJ")
    axis.set_ylabel("loss over linear hardware, nats a token")
    axis.set_title(f"energy against loss, converters {answer['converters']}")
    axis.legend(fontsize=8)
    return to_svg(drawn)


def _pJ(row: dict[str, Any]) -> float:
    return 1e12 * float(row["energy_J"])

"""The loop in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gaincell_char.circuits.testbench import parameters
from gaincell_char.units import format_si

FAR = "900"


def loop_sentence(result: Mapping[str, Any]) -> str:
    """What the default cell does to the network: current, retention, loss, recall."""
    cell, row = result["cell"], result["configurations"][best_of(result, "cell")]
    low, high = row["interval"]
    share = row["loss"] - result["configurations"]["linear"]["loss"]
    return (
        f"This gain cell crosses zero at {_mV(cell['zero_crossing_V'])} with "
        f"{format_si(cell['slope_A_per_V'], 'A/V', 3)} and keeps its levels for {_tau(cell)}; through it the embedded "
        f"GPT-2 loses {row['difference']:+.3f} nats a token against its software control "
        f"(95 %: {low:+.3f} to {high:+.3f}), {share:+.3f} of it to this cell rather than to linear attention and its "
        f"quantizers, and recalls {100 * row['recall'][FAR]:.0f} % at {FAR} tokens."
    )


def change_sentence(result: Mapping[str, Any]) -> str:
    """What the changed parameters did: zero crossing, slope, retention, loss; with converters frozen and retrimmed."""
    before, after = result["cell"], result["changed"]
    named = " and ".join(f"{name} = {format_si(value, _unit(name))}" for name, value in result["parameters"].items())
    gain = after["slope_A_per_V"] / before["slope_A_per_V"] - 1
    sentence = (
        f"{named} moves the zero crossing from {_mV(before['zero_crossing_V'])} to {_mV(after['zero_crossing_V'])}, "
        f"changes the slope by {100 * gain:+.1f} % and the retention from {_tau(before)} to {_tau(after)}; with the "
        f"converters as they are the loss goes from {_loss(result, 'cell')} to {_loss(result, 'changed')} nats a token"
    )
    if any(name.startswith("retrimmed") for name in result["configurations"]):
        sentence += f", and with converters retrimmed to the new cell to {_loss(result, 'retrimmed')}"
    return sentence + "."


def best_of(result: Mapping[str, Any], cell: str) -> str:
    """The adapted configuration of `cell` with the lower loss."""
    rows = result["configurations"]
    return min((f"{cell}.{method}" for method in ("paper", "offset-aware")), key=lambda name: float(rows[name]["loss"]))


def _unit(name: str) -> str:
    return next(each.unit for each in parameters(name.split(".")[0]) if each.name == name)


def _loss(result: Mapping[str, Any], cell: str) -> str:
    return f"{result['configurations'][best_of(result, cell)]['loss']:.3f}"


def _mV(volts: float) -> str:
    return f"{1e3 * volts:.1f} mV"


def _tau(cell: Mapping[str, Any]) -> str:
    hold = cell["hold"]
    if hold is None:
        return "an unknown time"
    return f"{'more than ' if hold['bound'] else ''}{format_si(hold['tau_s'], 's', 3)}"

"""An adaptation in numbers that JSON holds and lines that people read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gaincell_char.adaptation.loop import Adaptation

_RANGES = {"q": "0..1", "k": "0..0.9 V", "v": "0..0.9 V", "score": "0..full scale", "sum": "+-full scale"}


def summary(done: Adaptation) -> dict[str, Any]:
    """Everything but the scalers; `layers[i][name]` has mean_error, std_error and outside, a value a head."""
    return {
        "method": done.method,
        "linear_loss_nats": done.linear_loss,
        "loss_nats": list(done.loss),
        "kept": done.kept,
        "final_loss_nats": done.loss[done.kept],
        "iterations": done.iterations,
        "converged": done.converged,
        "diverged": done.diverged,
        "passes_within_0.02": done.passes_within(0.02),
        "frozen": [list(place) for place in done.frozen],
        "layers": [
            {
                name: {
                    "mean_error": errors[name].mean.tolist(),
                    "std_error": errors[name].std.tolist(),
                    "outside": measured[name].outside.tolist(),
                }
                for name in errors
            }
            for errors, measured in zip(done.errors, done.statistics, strict=True)
        ],
    }


def lines(done: Adaptation) -> Iterator[str]:
    """The loss on the calibration batch, how the iteration ended, what is left, and what is out of range."""
    end = "nothing moves any more" if done.converged else f"stopped after {done.iterations} updates"
    if done.diverged:
        end = f"the update after {done.iterations} diverged and was taken back"
    yield (
        f"calibration loss {done.loss[0]:.3f} -> {done.loss[done.kept]:.3f} nats a token, linear hardware "
        f"{done.linear_loss:.3f}; update {done.kept} kept, within 0.02 after {done.passes_within(0.02)}; {end}"
    )
    for name in ("q", "k", "v", "score", "out"):
        mean = max(float(np.abs(layer[name].mean).max()) for layer in done.errors)
        std = max(float(np.abs(layer[name].std).max()) for layer in done.errors)
        yield f"{name:5s} largest error left: mean {mean:.2e}, deviation {std:.2e}"
    for name, limits in _RANGES.items():
        share = np.array([layer[name].outside for layer in done.statistics])
        layer, head = np.unravel_index(int(share.argmax()), share.shape)
        yield (
            f"{name:5s} outside {limits}: {100 * float(share.mean()):.1f} % on average, "
            f"{100 * float(share.max()):.1f} % in layer {layer} head {head}"
        )
    for place in done.frozen:
        yield f"layer {place[0]} head {place[1]} is frozen: no score above zero, its output is constant"

"""What do larger networks and longer windows cost, and what does linear hardware lose in networks of other sizes?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.quantities import quantities
from gaincell_char.cost.geometry import Geometry
from gaincell_char.cost.ledger import measured_account
from gaincell_char.pipeline import work
from gaincell_char.pipeline.stages import Stage
from gaincell_char.studies import scale_work, sizes
from gaincell_char.studies.inquiry import Answer, Asking, Inquiry
from gaincell_char.studies.study import corpus_of, product, source_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL = "cmos28"
NETWORKS: Mapping[str, tuple[int, int]] = {
    "embedded": (4, 4),
    "gpt2": (12, 12),
    "gpt2-medium": (24, 16),
    "gpt2-large": (36, 20),
    "gpt2-xl": (48, 25),
}
"""Layers, and heads of width 64 in each (Radford and others 2019)."""
WINDOWS = (1024, 2048, 4096, 8192, 16384)
SHOWN_WINDOWS = (1024, 4096, 16384)
EMBEDDED = {"name": "as embedded", "software": "embedded/software-control", "hardware": "embedded/linear-hardware"}


def costs() -> list[dict[str, Any]]:
    """A line a network and window: energy of a token's attention, its time, and how long a stored token lives.

    `latency_s`: of all layers, one after the other, attention alone; a token lives `window` times as long. `refreshes`:
    how often it outlives the first level that is lost (`tau_worst_s` of the retention table at the design's hold).
    """
    model = load_model(CELL)
    tau_s = worst_tau_s(model)
    lines = []
    for name, (layers, heads) in NETWORKS.items():
        for window in WINDOWS:
            account = measured_account(model, Geometry(window=window, heads=heads, layers=layers))
            latency_s = layers * account["latency"]["total_s"]
            heads_in_all = layers * heads
            lines.append(
                {
                    "network": name,
                    "window": window,
                    "layers": layers,
                    "heads": heads,
                    "energy_J": account["energy_J"]["model"],
                    "circuits_J": heads_in_all * account["energy_J"]["circuits"],
                    "latency_s": latency_s,
                    "life_s": window * latency_s,
                    "refreshes": max(math.ceil(window * latency_s / tau_s) - 1, 0),
                    "gate_m2": heads_in_all * account["area"]["gate_m2"],
                }
            )
    return lines


def worst_tau_s(model: BehavioralModel) -> float:
    """Time constant of the first level that is lost, at the hold and the condition of the model's own law."""
    tau_s = quantities(model)["tau_s"].value
    tables = [table for table in model.cell.retention_tables if table.condition == model.condition]
    own = min(tables, key=lambda table: abs(table.single_tau_s - tau_s))
    return own.tau_worst_s


def ask(asking: Asking) -> Answer:
    """The account of every network, and the losses of those sizes that have been trained."""
    found = product("scale", partial(_losses, asking.folder.parent / "sizes"), asking)
    (losses,) = found.values()
    lines = costs()
    weights, corpus = corpus_of(asking)
    missing = [size for size in sizes.LAYERS if size not in [loss["size"] for loss in losses]]
    return Answer(
        result={
            "numbers": {"costs": lines, "losses": losses, "not_trained": missing},
            "made_with": source_of(weights, corpus),
            "products": found,
        },
        columns=["network", "window", "uJ a token", "us", "life, ms", "refreshes", "gates, mm2"],
        rows=[_line(line) for line in lines if line["window"] in SHOWN_WINDOWS],
        caption="of all layers' attention; uJ: circuits as measured, digital and DACs as published; gates: W x L, no "
        "layout; " + "; ".join(_loss(loss) for loss in losses),
        sentence=conclude(lines, losses, missing),
        figure=partial(figure, lines),
    )


def trained(folder: Path) -> list[dict[str, str]]:
    """The sizes that there are checkpoints of: the embedded one, and those of `studies.sizes` in `folder`."""
    found = [EMBEDDED]
    for size in sizes.LAYERS:
        software, hardware = (sizes.checkpoint(folder, size, kind) for kind in sizes.KINDS)
        if (software / "config.json").is_file() and (hardware / "config.json").is_file():
            found.append({"name": size, "software": str(software), "hardware": str(hardware)})
    return found


def _losses(folder: Path, corpus: Stage, weights_digest: str) -> Stage:
    found = trained(folder)
    digests = [[work.check_weights(size[kind]) for kind in ("software", "hardware")] for size in found]
    inputs = {"sizes": found, "digests": digests, "work": work.VERSION}
    return Stage("scale.losses", scale_work.losses, scale_work.VERSION, inputs, (corpus.name,))


def conclude(lines: Sequence[Mapping[str, Any]], losses: Sequence[Mapping[str, Any]], missing: Sequence[str]) -> str:
    """The answer in one sentence."""
    of = {(line["network"], line["window"]): line for line in lines}
    small, large = of["gpt2", WINDOWS[0]], of["gpt2-xl", WINDOWS[0]]
    longest = of["gpt2-xl", WINDOWS[-1]]
    hardware = ", ".join(f"{loss['added']:+.3f} nats with {loss['layers']} layers" for loss in losses)
    untold = f"; {' and '.join(missing)} the layers: not trained here" if missing else ""
    return (
        f"A token's attention costs {1e6 * small['energy_J']:.2f} uJ in gpt2 and {1e6 * large['energy_J']:.1f} uJ in "
        f"gpt2-xl at {WINDOWS[0]} tokens, and it is stored for {1e3 * large['life_s']:.1f} ms; at {WINDOWS[-1]} tokens "
        f"{1e6 * longest['energy_J']:.0f} uJ and {1e3 * longest['life_s']:.0f} ms, {longest['refreshes']} refreshes; "
        f"linear hardware adds {hardware}{untold}."
    )


def _line(line: Mapping[str, Any]) -> list[str]:
    return [
        line["network"],
        str(line["window"]),
        f"{1e6 * line['energy_J']:.2f}",
        f"{1e6 * line['latency_s']:.2f}",
        f"{1e3 * line['life_s']:.2f}",
        str(line["refreshes"]),
        f"{1e6 * line['gate_m2']:.1f}",
    ]


def _loss(loss: Mapping[str, Any]) -> str:
    return f"{loss['size']} ({loss['layers']} layers): {loss['software']:.3f} -> {loss['linear_hardware']:.3f} nats"


def figure(lines: Sequence[Mapping[str, Any]]) -> str:
    """SVG: energy of a token, and how long it is stored, over the window, a line a network."""
    import matplotlib.pyplot as plt

    from gaincell_char.report.svg import MUTED, to_svg

    drawn, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.6))
    _curves(left, lines, "energy_J", 1e6, "energy of a token's attention, uJ")
    _curves(right, lines, "life_s", 1e3, "a token is stored for, ms")
    model = load_model(CELL)
    for table in model.cell.retention_tables:
        if table.condition == model.condition and table.wwl_V in (0.0, -0.5):
            right.axhline(1e3 * table.tau_worst_s, color=MUTED, linewidth=0.8, linestyle="--")
            right.annotate(f"first level lost, held at {table.wwl_V:g} V", (WINDOWS[0], 1e3 * table.tau_worst_s),
                           fontsize=7.5, va="bottom")  # fmt: skip
    left.legend(fontsize=8)
    return to_svg(drawn)


def _curves(axis: Axes, lines: Sequence[Mapping[str, Any]], key: str, factor: float, label: str) -> None:
    from gaincell_char.studies.figure import COLORS

    for color, name in zip(COLORS, NETWORKS, strict=False):
        mine = [line for line in lines if line["network"] == name]
        values = [factor * line[key] for line in mine]
        axis.plot([line["window"] for line in mine], values, color=color, marker="o", markersize=4, label=name)
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.set_xlabel("window, tokens")
    axis.set_ylabel(label)


STUDY = Inquiry(name="scale", question=__doc__, ask=ask)

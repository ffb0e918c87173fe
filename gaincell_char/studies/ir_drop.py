"""How long may a column be, and how resistive its wires?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from gaincell_char.behavior import load_model
from gaincell_char.behavior.store import model_text
from gaincell_char.pipeline.network import LINEAR
from gaincell_char.pipeline.stages import Stage
from gaincell_char.studies import wire_tiers
from gaincell_char.studies.change import Change
from gaincell_char.studies.inquiry import Answer, Asking, Inquiry
from gaincell_char.studies.plan import Variant
from gaincell_char.studies.study import Row, measure, product
from gaincell_char.studies.wire_tiers import with_wires

CELL = "cmos28"
ADAPTED = f"{CELL}, offset-aware"
TILES = (32, 64, 128, 256)
FACTORS = (1, 4, 16, 64)
"""Times the resistance of a segment of bit line and rail in the model."""
BUDGET = 0.02
"""Loss, nats a token, that wires may cost."""


def variants() -> list[Variant]:
    """The adapted cell; each tile with ideal wires; each with wires, against the same tile without."""
    model = load_model(CELL)
    found = [Variant(ADAPTED, {"tile": 64, "wires": 0}, model, "offset-aware")]
    for rows in TILES:
        ideal = f"tile {rows}, ideal wires"
        found.append(_tile(ideal, rows, 0, ADAPTED))
        found += [_tile(f"tile {rows}, wires {factor}", rows, factor, ideal) for factor in FACTORS]
    return found


def _tile(name: str, rows: int, factor: int, against: str) -> Variant:
    model = load_model(CELL)
    return Variant(
        name,
        {"tile": rows, "wires": factor},
        with_wires(model, factor) if factor else model,
        "offset-aware",
        against=against,
        change=Change(tile=rows, ir_drop="fast" if factor else None),
        scalers_of=ADAPTED,
    )


def ask(asking: Asking) -> Answer:
    """Measure every tile with ideal and with resistive wires, and hold the fast tier against the exact one."""
    found = measure("ir-drop", variants(), asking)
    tiers = product("ir-drop", _tiers, asking)
    (checked,) = tiers.values()
    rows = found.rows[1:]
    numbers = {
        "linear_hardware_nats": found.linear,
        "sequences": found.sequences,
        "budget": BUDGET,
        "most_resistance": {str(tile): most(rows, tile) for tile in TILES},
        "tiers": checked,
    }
    exact = {(line["tile"], line["wires"]): line for line in checked}
    return Answer(
        result={
            "numbers": numbers,
            "rows": [asdict(row) for row in found.rows],
            **found.record,
            "products": tiers,
        },
        columns=["tokens of a tile", "wires", "added", "64", "900", "steps lost", "fast is off"],
        rows=[_line(row, exact.get((row.labels["tile"], row.labels["wires"]))) for row in rows],
        caption="wires: times the model's resistance. added: nats a token; with wires: over ideal ones; without: over "
        "a tile of 64; recall in % by distance; counter steps that wires take from a column, and the error of the "
        "fast tier in them, rms, exact solution",
        sentence=conclude(rows),
        figure=partial(figure, rows),
    )


def _tiers(corpus: Stage, weights_digest: str) -> Stage:
    inputs = {"weights": LINEAR, "weights_digest": weights_digest, "model": model_text(load_model(CELL)),
              "tiles": list(TILES), "factors": list(FACTORS)}  # fmt: skip
    return Stage("wire-tiers", wire_tiers.compare, wire_tiers.VERSION, inputs, (corpus.name,))


def most(rows: Sequence[Row], tile: int) -> int | None:
    """The largest multiple of the wires' resistance within `BUDGET` in a tile, all smaller ones being too."""
    found: int | None = None
    mine = [row for row in rows if row.labels["tile"] == tile and row.labels["wires"]]
    for row in sorted(mine, key=lambda row: float(row.labels["wires"])):
        if row.added > BUDGET:
            break
        found = row.labels["wires"]
    return found


def conclude(rows: Sequence[Row]) -> str:
    """The answer in one sentence."""
    built = {row.labels["tile"]: row.added for row in rows if row.labels["wires"] == 1}
    ideal = {row.labels["tile"]: row.added for row in rows if row.labels["wires"] == 0}
    costs = ", ".join(f"{added:+.4f} with {tile}" for tile, added in built.items())
    limits = ", ".join(f"{most(rows, tile) or 'less than 1'} ({tile})" for tile in TILES)
    return (
        f"Wires as they are cost {costs} tokens in a tile; within {BUDGET} nats they may have {limits} times the "
        f"resistance; a tile of {TILES[-1]} costs {ideal[TILES[-1]]:+.3f} by itself, with converters made for 64."
    )


def _line(row: Row, exact: Mapping[str, Any] | None) -> list[str]:
    added = f"{row.added:+.4f}" + ("" if row.interval is None else f" ±{row.interval[1] - row.added:.4f}")
    wires = f"x {row.labels['wires']}" if row.labels["wires"] else "ideal"
    tiers = ["", ""]
    if exact is not None:
        tiers = ["beyond", ""] if "beyond" in exact else [f"{exact[tier]['rms']:.4f}" for tier in ("ideal", "fast")]
    return [str(row.labels["tile"]), wires, added, *(f"{100 * row.recall[d]:.0f}" for d in ("64", "900")), *tiers]


def figure(rows: Sequence[Row]) -> str:
    """SVG: what wires add over the multiple of their resistance, a line a tile size, 95 % intervals."""
    import matplotlib.pyplot as plt

    from gaincell_char.report.svg import MUTED, to_svg
    from gaincell_char.studies.figure import COLORS

    drawn, axis = plt.subplots(figsize=(5.4, 3.6))
    for color, tile in zip(COLORS, TILES, strict=False):
        mine = [row for row in rows if row.labels["tile"] == tile and row.labels["wires"]]
        spread = [0.0 if row.interval is None else row.interval[1] - row.added for row in mine]
        axis.errorbar(
            [row.labels["wires"] for row in mine], [row.added for row in mine], yerr=spread, color=color,
            label=f"{tile} tokens", marker="o", markersize=4, linewidth=1.2, elinewidth=0.8, capsize=2,
        )  # fmt: skip
    axis.axhline(0, color=MUTED, linewidth=0.8)
    axis.set_xscale("log")
    axis.set_yscale("symlog", linthresh=0.01)
    axis.set_xlabel("resistance of bit lines and rails, times the model's")
    axis.set_ylabel("loss over ideal wires, nats a token")
    axis.legend(fontsize=8, title="in a tile")
    return to_svg(drawn)


STUDY = Inquiry(name="ir-drop", question=__doc__, ask=ask)

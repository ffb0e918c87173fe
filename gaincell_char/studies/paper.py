"""Do the paper's losses come out in its order here, on a network and a text of another size?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from gaincell_char.pipeline import work
from gaincell_char.pipeline.artifacts import ArtifactFolder
from gaincell_char.pipeline.network import LINEAR, corpus_stage
from gaincell_char.pipeline.stages import run_stages
from gaincell_char.studies import stored
from gaincell_char.studies.inquiry import Answer, Asking, Inquiry
from gaincell_char.studies.paper_networks import (
    QUICK_TOKENS,
    TOKENS,
    Network,
    adaptation_stage,
    networks,
    stage,
)
from gaincell_char.studies.plan import needed_stages, plan_keys
from gaincell_char.studies.study import SIZES, source_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PUBLISHED_ADAPTATION = (8.66, 13.82, 5.15, 3.81, 3.15, 3.105, 3.102)
"""The first of 13 published losses, quantizers and decay off; the last is 3.100."""
PUBLISHED_ADAPTED = 3.100
ADAPTATION, CONTROL, BEST = "adaptation", "software control", "control"
"""Names of what is no row, the control, and the better of the control before and after its training."""
ABOUT, MUCH, MATCHED = 0.05, 0.2, 0.05
"""Nats: about equal is within the first, much worse is beyond the second, as good as the control within the third."""


@dataclass(frozen=True)
class Row:
    """A network: its losses in nats a token before and after its training, `over` the software control's."""

    name: str
    earlier_tokens: int
    tokens: int
    before: float | None
    loss: float
    over: float
    interval: tuple[float, float] | None
    published: float | None
    published_start: float | None
    curve: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Claim:
    """What the paper found, and the paired difference here, nats a token, that decides whether it holds."""

    text: str
    difference: float
    interval: tuple[float, float] | None
    holds: bool


def ask(asking: Asking) -> Answer:
    """Train what neither the project's stored results nor the folder hold, and compare."""
    rows = networks(QUICK_TOKENS if asking.quick else TOKENS)
    products, record = measure(rows, asking)
    readings = {row.name: reading(products[row.name], "after") for row in rows}
    # the better of the two, so that training that makes the control worse does not help the others
    readings[BEST] = min(readings[CONTROL], reading(products[CONTROL], "before"), key=lambda each: each.mean)
    table = [_row(row, products[row.name], readings) for row in rows]
    claims = judge(readings)
    tokens = table[-1].tokens
    adaptation = {**products[ADAPTATION], "published_nats": [*PUBLISHED_ADAPTATION, PUBLISHED_ADAPTED]}
    numbers = {"tokens": tokens, "claims": [asdict(claim) for claim in claims], "adaptation": adaptation}
    return Answer(
        result={"numbers": numbers, "rows": [asdict(row) for row in table], **record},
        columns=["network", "earlier", "here", "start", "loss", "over control", "published"],
        rows=[_line(row) for row in table],
        caption="M tokens of fine-tuning earlier and here; nats a token, 95 % interval; published: OpenWebText",
        sentence=conclude(claims, tokens),
        figure=partial(figure, table, adaptation),
    )


def measure(rows: Sequence[Network], asking: Asking) -> tuple[dict[str, Any], dict[str, Any]]:
    """Products by name of network, and "adaptation"; and what a result holds of them to be stored.

    Raises
    ------
    GaincellError
        From a stage, one line; what was finished is kept, and a training goes on where it was.
    """
    weights = work.check_weights(LINEAR)
    corpus = corpus_stage(weights, SIZES)
    texts = {"python": corpus.inputs["python"], "held_out": corpus.inputs["texts"]}
    stages = {ADAPTATION: adaptation_stage(corpus, weights), **{row.name: stage(row, texts, asking) for row in rows}}
    plan = [corpus, *stages.values()]
    keys = plan_keys(plan)
    key = {name: stored.short(keys[of.name]) for name, of in stages.items()}
    kept = {} if asking.anew else stored.products("paper")
    missing = [name for name in stages if key[name] not in kept]
    needed = needed_stages(plan, [stages[name].name for name in missing])
    done = run_stages(needed, ArtifactFolder(asking.folder), workers=asking.workers)
    found = {name: kept[key[name]] for name in stages if name not in missing}
    for name in missing:
        product = done[stages[name].name].artifact.json()
        found[name] = _outline(product["summary"]) if name == ADAPTATION else product
    cpu_s = round(sum(result.artifact.cpu_s for result in done.values()), 1)
    return found, {
        "source": {"readings": len(stages), "measured": len(missing), "cpu_s": cpu_s},
        "made_with": source_of(weights, corpus),
        "readings": stored.as_json({key[row.name]: reading(found[row.name], "after") for row in rows}),
        "products": {key[name]: found[name] for name in stages},
    }


def _outline(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {name: summary[name] for name in ("loss_nats", "linear_loss_nats", "passes_within_0.02", "converged")}


def judge(readings: Mapping[str, stored.Reading]) -> list[Claim]:
    """The paper's order, and the nonlinear network against its control."""

    def claim(text: str, one: str, other: str, low: float, high: float) -> Claim:
        difference = readings[one].minus(readings[other])
        return Claim(text, difference.mean, difference.ends, low < difference.mean <= high)

    never = float("inf")
    return [
        claim("the software control below linear fine-tuned", "linear", BEST, 0, never),
        claim(f"nonlinear about linear fine-tuned, within {ABOUT}", "nonlinear, adapted", "linear", -ABOUT, ABOUT),
        claim(f"straight worse than adapted by {MUCH}", "nonlinear, straight", "nonlinear, adapted", MUCH, never),
        claim(f"scratch worse than straight by {MUCH}", "nonlinear, scratch", "nonlinear, straight", MUCH, never),
        claim(f"nonlinear within {MATCHED} of its control", "nonlinear, adapted", BEST, -never, MATCHED),
    ]


def conclude(claims: Sequence[Claim], tokens: int) -> str:
    """The answer in one sentence."""
    *order, matched = claims
    broken = [claim for claim in order if not claim.holds]
    kept = "The paper's order holds" if not broken else "Of the paper's order fails: " + "; ".join(
        f"{claim.text} ({_signed(claim.difference, claim.interval)})" for claim in broken
    )  # fmt: skip
    return (
        f"{kept}, at {tokens / 1e6:.2f} M tokens each; fine-tuned on the nonlinear cell a network is "
        f"{_signed(matched.difference, matched.interval)} nats over its software control (limit {MATCHED}: "
        f"{'met' if matched.holds else 'missed'})."
    )


def reading(product: Mapping[str, Any], when: str) -> stored.Reading:
    """The losses "before" or "after" the training, as other studies have them."""
    return stored.Reading(tuple(product[when]), product["predicted"], {}, None, 0.0)


def _row(network: Network, product: Mapping[str, Any], readings: Mapping[str, stored.Reading]) -> Row:
    after = readings[network.name]
    over = after.minus(readings[BEST])
    return Row(
        name=network.name,
        earlier_tokens=network.earlier_tokens,
        tokens=product.get("tokens", 0),
        before=None if product["before"] is None else reading(product, "before").mean,
        loss=after.mean,
        over=over.mean,
        interval=over.ends,
        published=network.published,
        published_start=network.published_start,
        curve=product["curve"],
    )


def _line(row: Row) -> list[str]:
    published = "" if row.published is None else f"{row.published:.2f}"
    if row.published_start is not None:
        published = f"{row.published_start:.2f} -> {published}"
    before = "" if row.before is None else f"{row.before:.3f}"
    return [row.name, f"{row.earlier_tokens / 1e6:.1f}", f"{row.tokens / 1e6:.2f}", before, f"{row.loss:.3f}",
            _signed(row.over, row.interval), published]  # fmt: skip


def _signed(mean: float, interval: tuple[float, float] | None) -> str:
    return f"{mean:+.3f}" + ("" if interval is None else f" ±{interval[1] - mean:.3f}")


def figure(rows: Sequence[Row], adaptation: Mapping[str, Any]) -> str:
    """SVG: what each network loses over software, here and as published; the loss while scalers are adapted."""
    import matplotlib.pyplot as plt

    from gaincell_char.report.svg import to_svg

    drawn, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.6), width_ratios=(1.4, 1))
    _losses(left, rows)
    _adaptation(right, adaptation)
    return to_svg(drawn)


def _losses(axis: Axes, rows: Sequence[Row]) -> None:
    from gaincell_char.report.svg import CIRCUIT, MUTED, PUBLISHED

    software = rows[0]
    assert software.published is not None
    places = range(len(rows))
    half = [0.0 if row.interval is None else row.interval[1] - row.over for row in rows]
    axis.errorbar([row.loss - software.loss for row in rows], places, xerr=half, fmt="o", color=CIRCUIT, capsize=2,
                  label=f"here, {rows[-1].tokens / 1e6:.2f} M tokens")  # fmt: skip
    known = [(row.published - software.published, place) for place, row in zip(places, rows, strict=True)
             if row.published is not None]  # fmt: skip
    axis.plot(*zip(*known, strict=True), "D", color=PUBLISHED, markerfacecolor="none", label="published")
    axis.axvline(0, color=MUTED, linewidth=0.8)
    axis.set_xscale("symlog", linthresh=0.1)
    axis.set_yticks(places, [row.name for row in rows])
    axis.invert_yaxis()
    axis.set_xlabel("loss over software, nats a token")
    axis.legend(fontsize=8)


def _adaptation(axis: Axes, found: Mapping[str, Any]) -> None:
    from gaincell_char.report.svg import CIRCUIT, PUBLISHED

    own = [loss - found["linear_loss_nats"] for loss in found["loss_nats"]]
    published = [loss - PUBLISHED_ADAPTED for loss in PUBLISHED_ADAPTATION]
    axis.plot(range(len(own)), own, "o-", color=CIRCUIT, markersize=3, label="here, over linear hardware")
    axis.plot(range(len(published)), published, "D-", color=PUBLISHED, markersize=4, markerfacecolor="none",
              label="published, over its end")  # fmt: skip
    axis.set_yscale("symlog", linthresh=0.01)
    axis.set_xlabel("updates of the scalers")
    axis.set_ylabel("nats a token")
    axis.set_title("adaptation, quantizers and decay off")
    axis.legend(fontsize=8)


STUDY = Inquiry(name="paper", question=__doc__, ask=ask)

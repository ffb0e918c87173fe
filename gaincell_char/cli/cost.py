"""`gaincell cost`: what a token costs, from measured circuits or from the paper's constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gaincell_char.cli.common import Finite, json_option, print_json
from gaincell_char.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

_NUMBERS = ("pJ", "at most", "ns", "um2", "pF", "count")
_POSITIVE = click.IntRange(1, 1 << 24)


@click.command("cost", epilog="Example: gaincell cost --window 2048 --json")
@click.option("--constants", type=click.Choice(["measured", "published"]), default="measured", show_default=True)
@click.option("--model", help="Behavioral model, a bundled name or a file  [default: cmos28]")
@click.option("--window", type=_POSITIVE, default=1024, show_default=True, help="Tokens that a query sees.")
@click.option("--heads", type=_POSITIVE, default=12, show_default=True, help="Heads of a layer, in parallel.")
@click.option("--layers", type=_POSITIVE, default=12, show_default=True, help="Layers of the network.")
@click.option("--tile", type=_POSITIVE, default=64, show_default=True, help="Tokens of a tile.")
@click.option("--supply", type=Finite(), help="In V, where the model's converters were measured at it.")
@json_option
def command(
    constants: str, model: str | None, window: int, heads: int, layers: int, tile: int, supply: float | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Energy, latency and area of a token in one head, a layer, a network; each line measured, calculated from measured
    figures, assumed or published. Pulses and charges are those of a network that reads a text."""
    from gaincell_char.cost.geometry import Geometry
    from gaincell_char.cost.ledger import measured_account, published_account, sentence

    geometry = Geometry(window, tile, heads, layers)
    if constants == "published":
        if model is not None or supply is not None:
            raise InputError("--constants published: the paper's figures have one circuit and one supply; leave out "
                             "--model and --supply")  # fmt: skip
        account = published_account(geometry)
    else:
        from gaincell_char.behavior import load_model

        account = measured_account(load_model(model or "cmos28"), geometry, supply)
    account["sentence"] = sentence(account)
    if as_json:
        print_json(account)
    else:
        _show(account)


def _show(account: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    geometry = account["geometry"]
    where = f"; {account['model']}, {account['condition']}" if "model" in account else ""
    tiles = f"{geometry['tiles']} key and {geometry['tiles']} value tiles of {geometry['tile']} tokens"
    console.print(f"one token, one head, {tiles}; {account['constants']}{where}", soft_wrap=True)
    if "statistics" in account:
        console.print(f"driven as by {account['statistics']}", soft_wrap=True)
    console.print(_energy(account))
    if account["latency"] is not None and account["latency"]["phases"]:
        console.print(_latency(account["latency"]))
    if "area" in account:
        console.print(_area(account["area"]))
        console.print(f"not in: {'; '.join(account['excluded'])}", soft_wrap=True)
    if account.get("idle_W") is not None:
        console.print(f"converters at rest take {1e3 * account['idle_W']:.1f} mW a head unless they are switched off "
                      "between tokens", soft_wrap=True)  # fmt: skip
    for gpu in account["gpu"]:
        ratios = f"{gpu['latency_ratio']:.0f} times the latency, {gpu['energy_ratio']:.0f} times the energy"
        printed = f"{gpu['published_latency_ratio']} and {gpu['published_energy_ratio']}"
        console.print(f"{gpu['name']}: {ratios} (the paper: {printed})", soft_wrap=True)
    if account["gpu"]:
        console.print(account["gpu_caveat"], soft_wrap=True)
    console.print(account["sentence"], soft_wrap=True)


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(
            heading, justify="right" if heading in ("pJ", "at most", "ns", "um2", "pF", "count") else "left"
        )
    return table


def _energy(account: dict[str, Any]) -> Table:
    table = _table("energy", "product", "pJ", "at most", "evidence", "what")
    for line in account["lines"]:
        most = "" if line["largest_J"] is None else f"{1e12 * line['largest_J']:.1f}"
        table.add_row(
            line["name"], line["product"], f"{1e12 * line['energy_J']:.1f}", most, line["evidence"], line["meaning"]
        )
    for name in ("key", "value", "write", "other", "head"):
        if name in account["energy_J"]:
            table.add_row(f"sum, {name}", "", f"{1e12 * account['energy_J'][name]:.1f}")
    return table


def _latency(latency: dict[str, Any]) -> Table:
    table = _table("latency", "ns", "evidence", "what")
    for phase in latency["phases"]:
        table.add_row(phase["name"], f"{1e9 * phase['duration_s']:.2f}", phase["evidence"], phase["meaning"])
    table.add_row("sum", f"{1e9 * latency['total_s']:.2f}")
    for phase in latency["overlapped"]:
        table.add_row(f"({phase['name']})", f"{1e9 * phase['duration_s']:.2f}", phase["evidence"], phase["meaning"])
    return table


def _area(area: dict[str, Any]) -> Table:
    table = _table("gate area, no layout", "count", "um2", "pF")
    for line in area["lines"]:
        gate, capacitance = (line["count"] * line["each"][name] for name in ("gate_m2", "capacitance_F"))
        table.add_row(line["name"], str(line["count"]), f"{1e12 * gate:.0f}", f"{1e12 * capacitance:.1f}")
    table.add_row("sum", "", f"{1e12 * area['gate_m2']:.0f}", f"{1e12 * area['capacitance_F']:.1f}")
    return table

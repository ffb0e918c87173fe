"""`gaincell fit`: datasets of a cell's sweeps, or measured tables, to a behavioral model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gaincell_char.cli.common import Finite, json_option, message, print_json

if TYPE_CHECKING:
    from gaincell_char.behavior import BehavioralModel


@click.command("fit")
@click.argument("datasets", nargs=-1, type=click.Path(path_type=Path), metavar="[DATASET...]")
@click.option("--csv", "tables", multiple=True, type=click.Path(path_type=Path), metavar="TABLE.csv",
              help="A measured table in place of datasets: V_store [V], V_BL [V], I [uA], or t [ms], V_level [V] and "
              "V_store [V] or I [uA].")  # fmt: skip
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The model to write, MODEL.json.")
@click.option("--name", help="The model's name; otherwise that of the file.")
@click.option("--nominal", metavar="MODEL", help="Model of the nominal cell, whose converters this cell drives.")
@click.option("--retrim", is_flag=True, help="Rescale the converters to this cell instead of keeping the nominal ones.")
@click.option("--base", metavar="MODEL", help="With --csv: put the measured cell into this model, in place of its own.")
@click.option(
    "--temperature", type=Finite(), default=27.0, show_default=True, help="With --csv: where it was measured, C."
)
@click.option("--supply", type=Finite(0, 10, min_open=True), default=0.9, show_default=True,
              help="With --csv: at which supply, V; lines are held at half of it.")  # fmt: skip
@json_option
def command(
    datasets: tuple[Path, ...],
    tables: tuple[Path, ...],
    output: Path,
    name: str | None,
    nominal: str | None,
    retrim: bool,
    base: str | None,
    temperature: float,
    supply: float,
    as_json: bool,
) -> None:
    """Fit a behavioral model to the datasets of one cell: iv and pulse, and write and retention where given. Or, with
    --csv, to tables from a laboratory: one of I-V, one of retention, units in the header.

    Without --nominal (--csv: --base) the cell is the nominal one: it fixes the unit current and the converters' full
    scales.

    \b
    Example: gaincell fit iv.parquet pulse.parquet write.parquet retention.parquet -o cell.json
             gaincell fit --csv iv.csv --csv retention.csv --base cmos28 -o lab.json
    """
    from gaincell_char.behavior import save_model
    from gaincell_char.fit.summary import summary

    if bool(datasets) == bool(tables):
        raise click.UsageError("give datasets of a sweep, or measured tables with --csv")
    if retrim and nominal is None:
        raise click.UsageError("--retrim changes nothing without --nominal: a nominal cell's converters are its own")
    if tables and nominal is not None:
        raise click.UsageError("--nominal is of datasets; with --csv, --base keeps the converters of a model")
    if datasets and base is not None:
        raise click.UsageError("--base is of measured tables (--csv); with datasets, give --nominal")
    title = output.stem if name is None else name
    model = _measured(title, tables, base, temperature, supply) if tables else _swept(title, datasets, nominal, retrim)
    save_model(model, output)
    found = summary(model)
    if as_json:
        print_json({"model": str(output), **found})
        return
    for line in _lines(found):
        click.echo(line)
    message(f"wrote {output}")


def _swept(name: str, datasets: tuple[Path, ...], nominal: str | None, retrim: bool) -> BehavioralModel:
    from gaincell_char.behavior import load_model
    from gaincell_char.fit.assemble import assemble
    from gaincell_char.fit.inputs import load_datasets

    return assemble(name, load_datasets(datasets), None if nominal is None else load_model(nominal), retrim)


def _measured(
    name: str, tables: tuple[Path, ...], base: str | None, temperature_C: float, vdd_V: float
) -> BehavioralModel:
    from gaincell_char.behavior import load_model
    from gaincell_char.fit.measured import Setup, measured_model

    return measured_model(name, tables, Setup(temperature_C, vdd_V), None if base is None else load_model(base))


def _lines(found: dict[str, Any]) -> list[str]:
    from gaincell_char.units import format_si as si

    lines = [
        f"unit current {si(found['unit_current_A'], 'A')}, slope {found['slope_units_per_V']:.3f} units/V, "
        f"zero crossing {found['zero_crossing_V']:.4f} V",
        f"converters {si(found['charge_to_pulse_full_scale_C'], 'C')} and "
        f"{si(found['signed_charge_to_pulse_full_scale_C'], 'C')} at full scale",
    ]
    for corner, iv in found["iv"].items():
        full, relative = iv["tangent_full_scale_V"], iv["tangent_relative_V"]
        lines.append(
            f"{corner}: zero {iv['zero_crossing_V']:.4f} V, slope {si(iv['slope_A_per_V'], 'A/V')}; "
            f"within 5 %: {full[0]:.3f}-{full[1]:.3f} V (tangent, of full scale), "
            f"{relative[0]:.3f}-{relative[1]:.3f} V (tangent, relative), "
            f"+-{iv['best_line_half_width_V']:.3f} V (best line); spline rms {iv['surface_error']['rms']:.2%}, "
            f"degree {iv['polynomial_degree']} max {iv['polynomial_error']['maximum']:.2%}, "
            f"degree 3 max {iv['published_degree_error']['maximum']:.2%}"
        )
    if found["pulse"] is not None:
        pulse = found["pulse"]
        kick, disturb = (tuple(1e3 * volt for volt in pulse[name]) for name in ("kick_range_V", "disturb_range_V"))
        lines.append(
            f"pulse: read current of degree {pulse['read_current_degree']}, "
            f"max {pulse['read_current_error']['maximum']:.2%}; off the line {si(pulse['linearity_error_C'], 'C')}; "
            f"kick {kick[0]:.1f} to {kick[1]:.1f} mV, left after a read {disturb[0]:.2f} to {disturb[1]:.2f} mV"
        )
    if found["write"] is not None:
        write = found["write"]
        lines.append(f"write: worst error {1e3 * write['worst_error_V']:.2f} mV at {si(write['design_pulse_s'], 's')}")
    for table in found["retention"]:
        bound = "> " if table["tau_worst_is_lower_bound"] else ""
        lines.append(
            f"retention {table['corner']} {table['temperature_C']:g} C, WWL {table['wwl_V']:g} V, "
            f"WWLB {table['wwlb_V']:g} V: tau {bound}{si(table['tau_worst_s'], 's')} (first level to lose 10 %), "
            f"single tau {si(table['single_tau_s'], 's')} with misfit {1e3 * table['single_tau_misfit_V']:.0f} mV"
        )
    if found["law"] is not None:
        law = found["law"]
        lines.append(
            f"law I(level, age): rank {law['rank']}, max {law['error']['maximum']:.2%}; single tau instead: "
            f"{law['single_tau_error']['maximum']:.2%}"
        )
    return lines

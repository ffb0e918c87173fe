"""`gaincell model export`: a behavioral model for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from gaincell_char.cli.common import message


@click.command("export", epilog="Example: gaincell model export cmos28 --to spice -o cell.lib")
@click.argument("model")
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Choice(["spice", "verilog-a", "torch"]),
    help="spice: subcircuits. verilog-a: modules. torch: the attention as a program (extra train).",
)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--corner", help="spice, verilog-a: corner of the direct current. Default: the model's.")
@click.option("--unit-current", help="spice, verilog-a: amperes of one unit, for a model in arbitrary units: 120n.")
@click.option("--heads", type=click.IntRange(min=1), help="torch: heads of the program. Default: 1.")
@click.option("--window", type=click.IntRange(min=1), help="torch: tokens that a query sees. Default: 1024.")
def export(
    model: str, target: str, output: Path, corner: str | None, unit_current: str | None, heads: int | None,
    window: int | None,
) -> None:  # fmt: skip
    """Write MODEL (a bundled name or a JSON file) as a SPICE or Verilog-A cell, or as a torch program."""
    from gaincell_char.behavior import load_model

    _refuse(target == "torch", target, {"--corner": corner, "--unit-current": unit_current})
    _refuse(target != "torch", target, {"--heads": heads, "--window": window})
    loaded = load_model(model)
    if target == "torch":
        from gaincell_char.integrations.torch.program import save_torch_program

        save_torch_program(loaded, output, heads or 1, window=window or 1024)
    else:
        from gaincell_char.export.cell import exported_cell
        from gaincell_char.export.spice import spice_text
        from gaincell_char.export.verilog_a import verilog_a_text
        from gaincell_char.keys import publish
        from gaincell_char.units import parse_si

        unit_A = None if unit_current is None else parse_si(unit_current, "--unit-current")
        cell = exported_cell(loaded, corner, unit_A)
        publish(output, (spice_text(cell) if target == "spice" else verilog_a_text(cell)).encode())
    message(f"wrote {output}")


def _refuse(when: bool, target: str, options: dict[str, object]) -> None:
    for name, value in options.items():
        if when and value is not None:
            raise click.UsageError(f"{name} does nothing with --to {target}")

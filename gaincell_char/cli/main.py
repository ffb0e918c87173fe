"""The `gaincell` command: thin, with commands imported when they are called."""

from __future__ import annotations

import importlib
import os
import sys

import click

from gaincell_char.errors import GaincellError
from gaincell_char.version import __version__

# command -> (module in gaincell_char.cli, one line for --help): help must not import what it describes
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "The loop: sweep, fit, adapt, evaluate, report."),
    "doctor": ("doctor", "What this machine has, and what is missing."),
    "circuits": ("circuits", "The circuits, their parameters and testbenches."),
    "sweep": ("sweep", "Run a characterization; status, export."),
    "check": ("check", "Sweeps against their limits and goldens."),
    "fit": ("fit", "Fit a behavioral model to datasets."),
    "model": ("model", "Show, validate, compare, export behavioral models."),
    "verify": ("verify", "Heads of transistors against the model."),
    "gpt2": ("gpt2", "Perplexity, recall and generation, software or analog."),
    "study": ("study", "Questions: which cells adapt, how long must they hold."),
    "optimize": ("optimize", "The cell that spends least for the loss it may cost."),
    "cost": ("cost", "Energy, latency and area of a token, beside the paper's."),
    "finetune": ("finetune", "Train a network on a behavioral model's cells."),
    "adapt": ("adapt", "Adapt the scalers of a network to a behavioral model."),
}


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own, each with a click command named `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"gaincell_char.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, epilog="Example: gaincell run --set gain_cell.wn=200n")
@click.version_option(__version__, prog_name="gaincell")
def cli() -> None:
    """Characterize gain-cell attention circuits with ngspice, and see what they do to a language model."""


def main() -> None:
    """Entry point: a `GaincellError` becomes one line on stderr and its exit code."""
    # OpenBLAS reads it when NumPy is imported: its helpers sleep at once, and leave the cores to other work
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted; what was finished is kept", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Exit as request:
        sys.exit(request.exit_code)
    except BrokenPipeError:  # the reader of stdout has seen enough: `gaincell circuits | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except GaincellError as error:
        click.echo(f"gaincell: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

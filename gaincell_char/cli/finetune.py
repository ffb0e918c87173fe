"""`gaincell finetune`: train a network on the cells of a behavioral model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gaincell_char.cli.common import Finite, json_option, message, print_json, progress


@click.command("finetune", epilog="Example: gaincell finetune --weights embedded/software --model leroux2025_linear "
               "--tokens 1000000 -o my-network")  # fmt: skip
@click.option("--weights", required=True, metavar="NAME|PATH", help="A GPT-2: embedded/software, gpt2, a directory.")
@click.option("--model", required=True, metavar="NAME|PATH", help="A behavioral model, or software (softmax).")
@click.option("--start", type=click.Choice(["trained", "adapted", "scratch"]),
              help="The weights with their scalers; scalers adapted to the cell first; random weights of that size. "
              "Default: adapted where linear hardware meets a nonlinear cell, else trained.")  # fmt: skip
@click.option("--method", type=click.Choice(["paper", "offset-aware"]), default="paper", show_default=True,
              help="Of the adaptation.")  # fmt: skip
@click.option("--scalers", type=click.Choice(["statistics", "published"]), default="statistics", show_default=True,
              help="Of weights that have none: from the software attention's statistics, or a = 1.")  # fmt: skip
@click.option("--text", "texts", multiple=True, type=click.Path(path_type=Path),
              help="UTF-8 file, or .npy of token ids; may be repeated. Default: the standard library.")  # fmt: skip
@click.option("--tokens", type=click.IntRange(1), default=1_000_000, show_default=True, help="To train on.")
@click.option("--rows", type=click.IntRange(1), default=4, show_default=True, help="Sequences of an update.")
@click.option("--micro-rows", type=click.IntRange(1), help="Of them at once  [default: 4, or what divides the rows]")
@click.option("--length", type=click.IntRange(2), help="Tokens of a sequence  [default: 1024, or the context]")
@click.option("--rate", type=Finite(), default=6e-4, show_default=True, help="Peak learning rate.")
@click.option("--precision", type=click.Choice(["bfloat16", "float32"]), default="bfloat16", show_default=True,
              help="Of products; all else is float32.")  # fmt: skip
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of batches and random weights.")
@click.option("--save-every", type=click.IntRange(1), default=50, show_default=True, help="Updates between states.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder of the network to be.")
@json_option
def command(
    weights: str, model: str, start: str | None, texts: tuple[Path, ...], rows: int, micro_rows: int | None,
    length: int | None, device: str, save_every: int, out: Path, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Train a network on the cells of a behavioral model, quantizers and leakage on, with surrogate gradients.

    Leaves a Hugging Face directory with scalers. Interrupted, even by kill -9, the same command goes on and ends with
    the same weights.
    """
    import math

    from gaincell_char.finetuning import Recipe, fine_tune
    from gaincell_char.finetuning.recipe import usual_start
    from gaincell_char.gpt2 import load_config
    from gaincell_char.gpt2.checkpoint import checkpoint_folder

    positions = load_config(checkpoint_folder(weights) / "config.json").n_positions
    recipe = Recipe(
        weights,
        model,
        start or usual_start(weights, model),
        rows=rows,
        micro_rows=math.gcd(rows, 4) if micro_rows is None else micro_rows,
        length=min(1024, positions) if length is None else length,
        **options,
    )
    with progress("fine-tuning", quiet=as_json) as advance:
        record = fine_tune(recipe, out, text=texts, device=device, save_every=save_every, progress=advance)
    if as_json:
        print_json({"out": str(out), **record})
        return
    before, after = (record["held_out"][when] for when in ("before", "after"))
    click.echo(
        f"{weights} on {model}, {recipe.start}: {record['steps']} updates, {record['tokens']} tokens, held-out loss "
        f"{_with_interval(before)} -> {_with_interval(after)} nats a token"
    )
    message(f"wrote {out}")


def _with_interval(found: dict[str, Any]) -> str:
    low, high = found["interval"]
    spread = "" if low is None else f" [{low:.3f}, {high:.3f}]"
    return f"{found['loss_nats']:.3f}{spread}"

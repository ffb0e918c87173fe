"""`gaincell adapt`: new scalers for a network on another cell."""

from __future__ import annotations

from pathlib import Path

import click

from gaincell_char.cli.common import json_option, message, print_json, progress


@click.command("adapt")
@click.option("--weights", required=True, metavar="NAME|PATH", help="A checkpoint trained for linear hardware.")
@click.option("--model", "model_name", required=True, metavar="NAME|PATH", help="The behavioral model to adapt to.")
@click.option("--method", type=click.Choice(["paper", "offset-aware"]), default="paper", show_default=True)
@click.option("--scalers", type=click.Path(path_type=Path), help="The linear model's scalers, if not the checkpoint's.")
@click.option("--text", type=click.Path(path_type=Path), help="Calibration text (UTF-8); else library code.")
@click.option("--sequences", type=click.IntRange(1, 1024), default=1, show_default=True, help="Calibration sequences.")
@click.option("--length", type=click.IntRange(2), default=1024, show_default=True, help="Tokens in each of them.")
@click.option("--iterations", type=click.IntRange(1, 10000), default=100, show_default=True, help="Updates at most.")
@click.option("--from-trained", is_flag=True, help="Start `paper` from the linear model's scalers, not a = 1, b = 0.")
@click.option("--no-quantize", is_flag=True, help="Quantizers off (clips stay).")
@click.option("--no-decay", is_flag=True, help="Leakage off.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The scalers to write.")
@json_option
def command(
    weights: str,
    model_name: str,
    method: str,
    scalers: Path | None,
    text: Path | None,
    sequences: int,
    length: int,
    iterations: int,
    from_trained: bool,
    no_quantize: bool,
    no_decay: bool,
    output: Path,
    as_json: bool,
) -> None:
    """Adapt the scalers of a network to the cells of a behavioral model; the weights stay as they are.

    `paper` is the published method; `offset-aware` also follows the cell's zero crossing and matches the scores. The
    first line says what the cell's current alone lets one expect.

    Example: gaincell adapt --weights embedded/linear-hardware --model leroux2025 -o scalers.safetensors
    """
    from gaincell_char.adaptation import adapt, calibration_ids, lines, suitability, summary, trained_scalers, windows
    from gaincell_char.adaptation.certificate import as_rows, certificate, line
    from gaincell_char.attention.scalers import load_scalers, save_scalers
    from gaincell_char.behavior import load_model
    from gaincell_char.gpt2 import load_gpt2
    from gaincell_char.gpt2.tokenizer import read_text

    lm = load_gpt2(weights)
    trained = trained_scalers(lm) if scalers is None else load_scalers(scalers)
    model = load_model(model_name)
    judged = suitability(model)
    length = min(length, lm.config.n_positions)
    if text is None:
        ids = calibration_ids(lm.tokenizer, sequences, length)
    else:
        ids = windows(lm.encode(read_text(text), least=2), sequences, length)
    with progress(f"{method} adaptation", quiet=as_json) as advance:
        done = adapt(
            lm,
            trained,
            model,
            ids,
            method=method,
            start=trained if from_trained else None,
            quantize=not no_quantize,
            decay=not no_decay,
            max_iterations=iterations,
            progress=advance,
        )
    save_scalers(done.scalers, output)
    if as_json:
        batch = {"text": "library code" if text is None else str(text), "shape": list(ids.shape)}
        print_json({"scalers": str(output), "weights": weights, "model": model.name, "quantize": not no_quantize,
                    "decay": not no_decay, "calibration": batch, "suitability": judged.as_dict(method),
                    "certificate": as_rows(certificate(done)), **summary(done)})  # fmt: skip
        return
    click.echo(f"{model.name} for {method}: {judged.reason(method)}")
    for text_line in lines(done):
        click.echo(text_line)
    click.echo(line(done))
    message(f"wrote {output}")

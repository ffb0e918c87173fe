"""Networks fine-tuned on cells that leak, for `study leakage`: does training for the leak help?

    python -m gaincell_char.studies.decay_aware --tokens 1000000    goes on where it stopped
    gaincell study leakage

Each is `gaincell finetune` from the embedded linear hardware on a straight cell of one time constant.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gaincell_char.behavior import load_model
from gaincell_char.behavior.store import model_text
from gaincell_char.keys import publish
from gaincell_char.pipeline.network import LINEAR

TAUS_S = (100e-6, 300e-6)
"""Where the embedded network has lost most of its long recall."""
FOLDER = "decay-aware"


def network(out: Path, tau_s: float) -> Path:
    """Where the network that was fine-tuned on `tau_s` is, or will be, in a folder of results."""
    return out / FOLDER / f"tau-{tau_s:g}-s"


def fine_tuned(out: Path) -> dict[float, Path]:
    """tau (s) -> network, of those that are finished."""
    found = {tau_s: network(out, tau_s) for tau_s in TAUS_S}
    return {tau_s: path for tau_s, path in found.items() if (path / "model.safetensors").is_file()}


def main(arguments: list[str] | None = None) -> None:
    """Entry point; `arguments` replaces the command line."""
    from gaincell_char.finetuning import Recipe, fine_tune
    from gaincell_char.studies.leakage import leaking

    parser = argparse.ArgumentParser(
        prog="python -m gaincell_char.studies.decay_aware",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tokens", type=int, default=1_000_000, help="to train each on")
    parser.add_argument("--length", type=int, default=1024, help="tokens of a sequence")
    parser.add_argument("-o", "--out", type=Path, default=Path("gaincell-out"), help="folder of results")
    options = parser.parse_args(arguments)
    for tau_s in TAUS_S:
        model = options.out / FOLDER / f"tau-{tau_s:g}-s.json"
        publish(model, model_text(leaking(load_model("leroux2025_linear"), tau_s)).encode())
        recipe = Recipe(LINEAR, str(model), "trained", tokens=options.tokens, length=options.length)
        fine_tune(recipe, network(options.out, tau_s))
        print(network(options.out, tau_s))


if __name__ == "__main__":
    main()

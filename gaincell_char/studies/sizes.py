"""Embedded networks of half and of twice the layers, for `study scale`: trained with the embedded ones' own code.

    python -m gaincell_char.studies.sizes half              # software, then linear hardware; goes on where it stopped
    python -m gaincell_char.studies.sizes double --folder gaincell-out/sizes

Heads, width and context stay (4 x 64, 1024 tokens): the start that recall is learned from is laid out for them. Both
trainings are the first ones of the embedded networks (`training.curriculum`), without the stretches that followed.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from gaincell_char.paths import data_folder

if TYPE_CHECKING:
    from gaincell_char.training.curriculum import Data, Phase
    from gaincell_char.training.model import GPT
    from gaincell_char.training.objective import ObjectiveFunction

LAYERS: Mapping[str, int] = MappingProxyType({"half": 2, "double": 8})
SOFTWARE, HARDWARE = "software", "linear-hardware"
KINDS = (SOFTWARE, HARDWARE)
LAST_PHASE = "recall-1024"
"""Of the software training: what comes after it there moves positions alone."""
_SEED = 1


def checkpoint(folder: Path, size: str, kind: str) -> Path:
    """Where the network `kind` of `size` is published under `folder`, or will be."""
    return folder / size / kind


def train_size(size: str, kind: str, folder: Path, stop_after: int | None = None) -> bool:
    """Train to the end (or `stop_after` steps more) and publish; whether it is finished.

    Raises
    ------
    ValueError
        Linear hardware is asked for and software has not been published.
    """
    from tokenizers import Tokenizer

    from gaincell_char.corpus.code import END_OF_TEXT, training_sources
    from gaincell_char.training import parallel
    from gaincell_char.training.curriculum import Data
    from gaincell_char.training.export import publish, rounded_to_half
    from gaincell_char.training.optimizer import Optimizers
    from gaincell_char.training.record import training_record
    from gaincell_char.training.runs import RUNS
    from gaincell_char.training.train import train

    parallel.start()
    tokenizer_file = data_folder("models") / "embedded" / SOFTWARE / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    data = Data.build(tokenizer, training_sources(tests=True))
    run, steps = RUNS[kind], phases(kind)
    model, objectives = start(size, kind, folder, data)
    optimizers = Optimizers(model, run.matrix_lr, run.other_lr, run.other_lr)
    state = folder / size / f"{kind}.training"
    progress = train(model, optimizers, data, steps, state, _SEED, objectives=objectives, stop_after=stop_after)
    if progress.phase < len(steps):
        return False
    rounded_to_half(model)
    settings = {"size": size, "layers": LAYERS[size], "kind": kind, "seed": _SEED, "phases": [p.name for p in steps]}
    end_of_text = int(tokenizer.token_to_id(END_OF_TEXT) or 0)
    record = training_record(progress, settings, True, {})
    publish(model, checkpoint(folder, size, kind), tokenizer_file, run.attention, end_of_text, record)
    return True


def phases(kind: str) -> tuple[Phase, ...]:
    """What a network of this kind is trained on."""
    from gaincell_char.training.runs import RUNS

    every = RUNS[kind].phases
    if kind != SOFTWARE:
        return every
    names = [phase.name for phase in every]
    return every[: names.index(LAST_PHASE) + 1]


def start(size: str, kind: str, folder: Path, data: Data) -> tuple[GPT, Mapping[str, ObjectiveFunction]]:
    """The network that training begins with, and what its phases minimize where that is not plain language."""
    import numpy as np
    import torch

    from gaincell_char.training.calibration import calibrate_scalers
    from gaincell_char.training.curriculum import make_batch
    from gaincell_char.training.export import read_weights
    from gaincell_char.training.initialization import lay_out_recall
    from gaincell_char.training.model import ModelConfig
    from gaincell_char.training.objective import distilled_by, layers_matched_to
    from gaincell_char.training.runs import RUNS, new_model

    torch.manual_seed(_SEED)
    config = ModelConfig(n_layer=LAYERS[size])
    model = new_model(RUNS[kind], config)
    if kind == SOFTWARE:
        lay_out_recall(model)
        return model, {}
    base = checkpoint(folder, size, SOFTWARE)
    if not (base / "config.json").is_file():
        raise ValueError(f"{base}: no checkpoint; train software of size {size} first")
    teacher = new_model(RUNS[SOFTWARE], config)
    read_weights(teacher, base)
    teacher.requires_grad_(False)
    model.load_state_dict(teacher.state_dict(), strict=False)  # software has no scalers
    first = make_batch(data, phases(kind)[0], _SEED, 0, config.n_positions)
    calibrate_scalers(model, teacher, torch.from_numpy(np.concatenate([first.code, first.recall])))
    objectives = {phase.name: distilled_by(teacher) for phase in phases(kind)}
    matched = layers_matched_to(teacher)
    return model, objectives | {phase.name: matched for phase in phases(kind) if phase.name.startswith("layers")}


def main(arguments: list[str] | None = None) -> None:
    """Entry point; `arguments` replaces the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m gaincell_char.studies.sizes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("size", choices=list(LAYERS))
    parser.add_argument("--folder", type=Path, default=Path("gaincell-out/sizes"), help="where both networks live")
    options = parser.parse_args(arguments)
    for kind in KINDS:
        if not (checkpoint(options.folder, options.size, kind) / "config.json").is_file():
            train_size(options.size, kind, options.folder)
        print(checkpoint(options.folder, options.size, kind))


if __name__ == "__main__":
    main()

"""Where a fine-tuning starts: trained weights, adapted scalers, or noise."""

from __future__ import annotations

import torch
from torch import nn

from gaincell_char.adaptation import adapt, trained_scalers
from gaincell_char.adaptation.loop import Progress
from gaincell_char.attention.scalers import Scalers, load_scalers
from gaincell_char.behavior import BehavioralModel
from gaincell_char.finetuning.attention import cell_attention, set_scalers
from gaincell_char.finetuning.network import read_weights, torch_config
from gaincell_char.finetuning.recipe import Recipe
from gaincell_char.finetuning.text import Text
from gaincell_char.gpt2 import GPT2
from gaincell_char.training.calibration import calibrate_scalers
from gaincell_char.training.model import GPT

ADAPTATION_SEQUENCES = 1
STATISTICS_SEQUENCES = 4


def untrained(recipe: Recipe, lm: GPT2, model: BehavioralModel | None, device: torch.device) -> GPT:
    """The recipe's network with random weights, seeded, and the published start of its scalers.

    It is on the CPU; how its attention computes is chosen for `device`.
    """
    torch.manual_seed(recipe.seed)
    config = torch_config(lm.config)
    attentions: list[nn.Module] | None = None
    if model is not None:
        fast = recipe.precision == "bfloat16" and device.type == "cpu"
        attentions = [cell_attention(model, config.n_head, recipe.length, fast=fast) for _ in range(config.n_layer)]
    return GPT(config, attentions)


def starting_network(
    recipe: Recipe,
    lm: GPT2,
    model: BehavioralModel | None,
    text: Text,
    device: torch.device,
    progress: Progress | None = None,
) -> GPT:
    """The network that the first update finds, as `untrained` makes it.

    Raises
    ------
    InputError
        Weights without the scalers that the recipe adapts.
    """
    network = untrained(recipe, lm, model, device)
    if recipe.start == "scratch":
        return network
    assert lm.folder is not None  # `fine_tune` loads it from one
    read_weights(network, lm.folder)
    if model is None:
        return network
    scalers = _known_scalers(recipe, lm, model, text, progress)
    if scalers is not None:
        set_scalers(network, scalers)
    elif recipe.scalers == "statistics":
        software = GPT(network.config)
        software.load_state_dict(network.state_dict(), strict=False)  # it has no scalers
        calibrate_scalers(network, software, torch.from_numpy(text.calibration(STATISTICS_SEQUENCES, recipe.length)))
    return network


def _known_scalers(
    recipe: Recipe, lm: GPT2, model: BehavioralModel, text: Text, progress: Progress | None
) -> Scalers | None:
    if recipe.start == "adapted":
        ids = text.calibration(ADAPTATION_SEQUENCES, recipe.length)
        return adapt(lm, trained_scalers(lm), model, ids, method=recipe.method, progress=progress).scalers
    if lm.config.gaincell.attention == "software":
        return None
    assert lm.folder is not None
    return load_scalers(lm.folder / "scalers.safetensors")

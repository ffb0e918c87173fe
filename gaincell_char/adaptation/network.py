"""A GPT-2 on analog attention as the adaptation sees it: scalers in, loss and statistics out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gaincell_char.adaptation.loop import Observe
from gaincell_char.adaptation.moments import Observation
from gaincell_char.attention import AnalogAttention
from gaincell_char.attention.observation import HeadStatistics
from gaincell_char.attention.scalers import Scalers, load_scalers
from gaincell_char.behavior import BehavioralModel
from gaincell_char.errors import InputError
from gaincell_char.gpt2 import GPT2


def trained_scalers(lm: GPT2) -> Scalers:
    """The scalers that came with weights trained for linear hardware.

    Raises
    ------
    InputError
        Weights that were never trained for it, or a checkpoint without its scalers.
    """
    if lm.folder is None or lm.config.gaincell.attention != "linear-hardware":
        raise InputError(
            f"{lm.folder or 'this network'}: never trained for linear attention, so there is nothing to adapt; "
            "use embedded/linear-hardware, or fine-tune these weights first"
        )
    return load_scalers(lm.folder / "scalers.safetensors")


def observer(
    lm: GPT2,
    model: BehavioralModel,
    ids: npt.NDArray[np.integer],
    *,
    window: int,
    quantize: bool,
    decay: bool | float,
) -> Observe:
    """One pass of `lm` on cells of `model` over `ids` (N, T): scalers -> loss and statistics."""

    def observe(scalers: Scalers) -> Observation:
        layers: list[dict[str, HeadStatistics]] = [{} for _ in range(lm.config.n_layer)]

        def note(layer: int, name: str, statistics: HeadStatistics) -> None:
            layers[layer][name] = statistics

        attention = AnalogAttention(model, scalers=scalers, window=window, quantize=quantize, decay=decay, observe=note)
        return Observation(float(lm.token_losses(ids, attention).mean()), tuple(layers))

    return observe

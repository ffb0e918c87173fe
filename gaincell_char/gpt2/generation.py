"""Decoding token by token through a cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import InputError
from gaincell_char.gpt2.sampling import Sampling
from gaincell_char.gpt2.softmax import Attention

if TYPE_CHECKING:
    from gaincell_char.gpt2.network import GPT2


def decode(
    lm: GPT2, prompt: npt.NDArray[np.integer], attention: Attention | None, max_new_tokens: int, sampling: Sampling
) -> Iterator[int]:
    """The `max_new_tokens` token ids that follow `prompt` (n,), each as soon as it is drawn.

    Raises
    ------
    InputError
        At the call: prompt and new tokens do not fit the network's positions, or no token is asked for.
    """
    _check_room(len(prompt), max_new_tokens, lm.config.n_positions)
    return _decode(lm, prompt, attention, max_new_tokens, sampling)


def _check_room(prompt: int, new: int, positions: int) -> None:
    if prompt >= positions:
        raise InputError(f"the prompt has {prompt} tokens and the network {positions} positions; shorten it")
    if not 1 <= new <= positions - prompt:
        raise InputError(
            f"{new} new tokens after a prompt of {prompt}: the network has {positions} positions; "
            f"ask for 1 to {positions - prompt}"
        )


def _decode(
    lm: GPT2, prompt: npt.NDArray[np.integer], attention: Attention | None, count: int, sampling: Sampling
) -> Iterator[int]:
    rng, cache, newest = sampling.generator(), lm.new_cache(), prompt
    for _ in range(count):
        last = lm.hidden(newest[None], attention, cache)[0, -1]
        token = sampling.choose(lm.head(last), rng)
        yield token
        newest = np.array([token])

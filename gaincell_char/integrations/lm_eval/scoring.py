"""What the harness asks of a network, with token ids: how likely, and what next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaincell_char.errors import InputError
from gaincell_char.gpt2 import GPT2, Attention
from gaincell_char.gpt2.generation import decode
from gaincell_char.gpt2.sampling import Sampling


class Scorer:
    """A network with one attention."""

    def __init__(self, lm: GPT2, attention: Attention) -> None:
        self.lm = lm
        self.attention = attention

    @property
    def positions(self) -> int:
        """Tokens that the network reads at most."""
        return self.lm.config.n_positions

    def log_likelihood(self, context: Sequence[int], continuation: Sequence[int]) -> tuple[float, bool]:
        """log p of `continuation` after `context`, nats, and whether each of its tokens is the likeliest.

        Where both are too long for the network, the beginning of the context is left out.

        Raises
        ------
        InputError
            An empty context or continuation, a continuation longer than the network's context.
        """
        count = len(continuation)
        if not 0 < count <= self.positions or not context:
            raise InputError(
                f"a continuation of {count} tokens after {len(context)}; "
                f"expected 1 to {self.positions}, after at least 1"
            )
        ids = np.array([*context, *continuation][-(self.positions + 1) :])
        hidden = self.lm.hidden(ids[None, :-1], self.attention)[0, -count:]
        logits = self.lm.head(hidden).astype(np.float64)
        target = ids[-count:]
        peak = logits.max(axis=1)
        log_p = logits[np.arange(count), target] - peak - np.log(np.exp(logits - peak[:, None]).sum(axis=1))
        return float(log_p.sum()), bool(np.array_equal(logits.argmax(axis=1), target))

    def continued(self, context: Sequence[int], until: Sequence[str], tokens: int, temperature: float = 0.0) -> str:
        """What the network says after `context` up to the first of `until`, at most `tokens` tokens.

        The beginning of a context that leaves no room for `tokens` is left out.

        Raises
        ------
        InputError
            More tokens than the network has room for, an empty context.
        """
        if not 1 <= tokens < self.positions:
            raise InputError(f"{tokens} tokens to generate; this network has room for 1 to {self.positions - 1}")
        prompt = np.array(context[-(self.positions - tokens) :])
        said: list[int] = []
        text = ""
        for token in decode(self.lm, prompt, self.attention, tokens, Sampling(temperature)):
            said.append(token)
            text = self.lm.tokenizer.decode(said)
            ends = [text.index(stop) for stop in until if stop and stop in text]
            if ends:
                return text[: min(ends)]
        return text

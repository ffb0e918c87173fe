"""The harness's model class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gaincell_char.errors import EnvironmentFault, InputError
from gaincell_char.evaluation.parallel import map_sequences
from gaincell_char.gpt2.hardware import Choice
from gaincell_char.gpt2.tokenizer import END_OF_TEXT
from gaincell_char.integrations.lm_eval.scoring import Scorer

try:
    from lm_eval.api.model import TemplateLM
    from lm_eval.api.registry import register_model
    from lm_eval.utils import get_rolling_token_windows, make_disjoint_window
except ImportError as error:
    raise EnvironmentFault("lm-eval is not installed; install gaincell_char[eval]") from error

_TOKENS = 256
"""Tokens that a task generates where it does not say how many."""


@register_model("gaincell")
class GaincellLM(TemplateLM):  # type: ignore[misc]
    """A GPT-2 by the names of `gaincell gpt2`: weights, model, scalers, window, quantize, decay, fidelity, force.

    Requests run side by side, one on each core. Raises the one-line errors of `gpt2.hardware.Choice`; the harness's
    own settings for devices and batches change nothing.
    """

    def __init__(
        self,
        weights: str | None = None,
        model: str = "leroux2025",
        scalers: str | None = None,
        window: int | None = None,
        quantize: bool = True,
        decay: bool = True,
        fidelity: str = "paper",
        force: bool = False,
        batch_size: int | str = 1,
        max_batch_size: int | None = None,
        device: str | None = None,
    ) -> None:
        super().__init__()
        choice = Choice(
            weights=weights,
            model=model,
            scalers=None if scalers is None else Path(scalers),
            window=window,
            quantize=quantize,
            decay=decay,
            fidelity=fidelity,
            force=force,
        )
        self.choice = choice
        self.scorer = Scorer(*choice.load())
        self.tokenizer = self.scorer.lm.tokenizer

    @property
    def eot_token_id(self) -> int:
        token = self.tokenizer.token_to_id(END_OF_TEXT)
        if token is None:
            raise InputError(
                f"{self.scorer.lm.name}: its tokenizer has no {END_OF_TEXT}, which a text begins with here"
            )
        return int(token)

    @property
    def tokenizer_name(self) -> str:
        return self.choice.weights_name

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **_: Any) -> list[int]:
        return list(self.tokenizer.encode(string, add_special_tokens=False).ids)

    def _loglikelihood_tokens(
        self, requests: Sequence[tuple[Any, list[int], list[int]]], **_: Any
    ) -> list[tuple[float, bool]]:
        pairs = [(context, continuation) for _, context, continuation in requests]
        return list(map_sequences(lambda pair: self.scorer.log_likelihood(*pair), pairs))

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
        return [self._rolled(request.args[0]) for request in requests]

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
        return list(map_sequences(lambda request: self._generated(*request.args), list(requests)))

    def _rolled(self, text: str) -> float:
        """log p of a whole text: each token once, after as many tokens as there are, up to a window before it."""
        pieces = get_rolling_token_windows(
            token_list=self.tok_encode(text),
            prefix_token=self.prefix_token_id,
            max_seq_len=self.scorer.positions,
            context_len=1,
        )
        pairs = [make_disjoint_window(piece) for piece in pieces]
        return sum(log_p for log_p, _ in map_sequences(lambda pair: self.scorer.log_likelihood(*pair), pairs))

    def _generated(self, context: str, settings: dict[str, Any]) -> str:
        until = settings.get("until") or []
        stops = [until] if isinstance(until, str) else list(until)
        tokens = int(settings.get("max_gen_toks", min(_TOKENS, self.scorer.positions // 2)))
        temperature = float(settings.get("temperature") or 0.0) if settings.get("do_sample") else 0.0
        ids = self.tok_encode(context) or [self.prefix_token_id]
        return self.scorer.continued(ids, stops, tokens, temperature)

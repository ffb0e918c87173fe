"""One layer's analog attention as a module whose scalers train."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from gaincell_char.attention.scalers import NAMES, LayerScalers, check_layer
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.errors import InputError
from gaincell_char.integrations.torch.attention import TensorScalers, attend, check_heads, default_scalers
from gaincell_char.integrations.torch.hardware import hardware


class AnalogAttention(nn.Module):
    """Gain-cell attention of one layer; parameters `a.q`, `b.q`, ... are the scalers, one number a head.

    Parameters
    ----------
    n_head: query heads. n_kv_head: stored heads, a divisor of it (grouped heads); None: as many.
    scalers: {"q": (a, b), "k": ..., "v": ..., "out": ...}, each (n_head,); None: a = 1, b = 0 (q, out), 0.45 V (k, v).
    window, quantize, decay, decay_dtype, tiles: as for `analog_attention`.

    Raises
    ------
    InputError
        An option out of its range, scalers that do not fit the heads.
    """

    def __init__(
        self,
        model: BehavioralModel,
        n_head: int,
        n_kv_head: int | None = None,
        scalers: LayerScalers | None = None,
        window: int = 1024,
        quantize: bool = True,
        decay: bool | float = True,
        decay_dtype: str = "float64",
        tiles: str = "absolute",
    ) -> None:
        super().__init__()
        self.model_name = model.name
        self.n_head, self.n_kv_head = n_head, n_head if n_kv_head is None else n_kv_head
        if n_head < 1 or self.n_kv_head < 1 or n_head % self.n_kv_head:
            raise InputError(f"n_kv_head: {n_kv_head}; expected a divisor of n_head, {n_head}")
        self.hardware = hardware(
            model, window=window, quantize=quantize, decay=decay, decay_dtype=decay_dtype, tiles=tiles
        )
        start = default_scalers(n_head, self.n_kv_head) if scalers is None else self._stored_once(scalers)
        self.a = nn.ParameterDict({name: nn.Parameter(torch.as_tensor(start[name][0]).float()) for name in NAMES})
        self.b = nn.ParameterDict({name: nn.Parameter(torch.as_tensor(start[name][1]).float()) for name in NAMES})

    @property
    def scalers(self) -> dict[str, tuple[Tensor, Tensor]]:
        """(a, b) of `q`, `k`, `v` and `out`: (n_head,) or, for k and v, (n_kv_head,)."""
        return {name: (self.a[name], self.b[name]) for name in NAMES}

    def layer_scalers(self) -> LayerScalers:
        """The scalers as arrays, (n_head,) each: what `attention.scalers.save_scalers` and the NumPy attention take."""
        repeats = {"k": self.n_head // self.n_kv_head, "v": self.n_head // self.n_kv_head}
        return {
            name: (
                np.repeat(a.detach().cpu().double().numpy(), repeats.get(name, 1)),
                np.repeat(b.detach().cpu().double().numpy(), repeats.get(name, 1)),
            )
            for name, (a, b) in self.scalers.items()
        }

    def forward(self, q: Tensor, k: Tensor, v: Tensor, start: int = 0) -> Tensor:
        """q (B, n_head, T, D), k and v (B, n_kv_head, S, D) -> (B, n_head, T, D).

        The keys are the tokens from position `start` on, the queries the last T of them. Raises `InputError` for shapes
        that do not fit.
        """
        check_heads(q, k, v)
        if q.shape[1] != self.n_head or k.shape[1] != self.n_kv_head:
            raise InputError(
                f"{q.shape[1]} query heads and {k.shape[1]} stored heads; "
                f"this module has {self.n_head} and {self.n_kv_head}"
            )
        return attend(q, k, v, self.scalers, self.hardware, start)

    def extra_repr(self) -> str:
        chain = self.hardware.chain
        return f"{self.model_name}, heads={self.n_head}/{self.n_kv_head}, window={chain.window}, tiles={chain.tiles}"

    def _stored_once(self, scalers: LayerScalers) -> TensorScalers:
        """`scalers` with one k and one v of every group of heads that read the same cells."""
        check_layer(scalers, self.n_head, "scalers")
        group = self.n_head // self.n_kv_head
        once = {name: (np.asarray(a, float), np.asarray(b, float)) for name, (a, b) in scalers.items()}
        for name in ("k", "v"):
            for part, values in zip("ab", once[name], strict=True):
                if np.ptp(values.reshape(-1, group), axis=1).any():
                    raise InputError(f"scalers.{name}.{part}: it differs within {group} heads that read the same cells")
            once[name] = (once[name][0][::group], once[name][1][::group])
        return once

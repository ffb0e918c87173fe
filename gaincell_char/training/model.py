"""GPT-2 in torch, with the attention as a replaceable module: the same network trains in software or hardware."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class ModelConfig:
    """Size of a GPT-2, the embedded one's by default. `n_inner`: width within an MLP; None: 4 x n_embd."""

    vocab_size: int = 4096
    n_positions: int = 1024
    n_embd: int = 256
    n_layer: int = 4
    n_head: int = 4
    n_inner: int | None = None
    layer_norm_epsilon: float = 1e-5


class SoftmaxAttention(nn.Module):
    """Causal softmax(q k^T / sqrt(D)) v; `window` limits how many tokens (itself included) a query sees."""

    def __init__(self) -> None:
        super().__init__()
        self.window: int | None = None

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        length = q.shape[-2]
        if self.window is None or self.window >= length:
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)
        position = torch.arange(length, device=q.device)
        age = position[:, None] - position[None, :]
        return F.scaled_dot_product_attention(q, k, v, attn_mask=(age >= 0) & (age < self.window))


class Conv1D(nn.Module):
    """Affine map with the weight stored (in, out), as Hugging Face's GPT-2 does."""

    def __init__(self, n_in: int, n_out: int, std: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out) * std)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.t(), self.bias)


class Attention(nn.Module):
    """Projections around one layer's attention. x: (B, T, C) -> (B, T, C)."""

    def __init__(self, config: ModelConfig, attention: nn.Module) -> None:
        super().__init__()
        width = config.n_embd
        self.n_head = config.n_head
        self.c_attn = Conv1D(width, 3 * width, 0.02)
        self.c_proj = Conv1D(width, width, 0.02 / math.sqrt(2 * config.n_layer))
        self.attention = attention

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Per-head q, k, v, each (B, H, T, D)."""
        batch, length, width = x.shape
        qkv = self.c_attn(x).view(batch, length, 3, self.n_head, width // self.n_head)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        return q, k, v

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.heads(x)
        y = self.attention(q, k, v)
        out: Tensor = self.c_proj(y.transpose(1, 2).reshape(x.shape))
        return out


class MLP(nn.Module):
    """x: (B, T, C) -> (B, T, C) through `n_inner` with GPT-2's tanh-approximated GELU."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.n_embd
        inner = 4 * width if config.n_inner is None else config.n_inner
        self.c_fc = Conv1D(width, inner, 0.02)
        self.c_proj = Conv1D(inner, width, 0.02 / math.sqrt(2 * config.n_layer))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))
        return out


class Block(nn.Module):
    """One pre-norm transformer layer."""

    def __init__(self, config: ModelConfig, attention: nn.Module) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd, config.layer_norm_epsilon)
        self.attn = Attention(config, attention)
        self.ln_2 = nn.LayerNorm(config.n_embd, config.layer_norm_epsilon)
        self.mlp = MLP(config)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


def sinusoids(length: int, width: int) -> Tensor:
    """Sinusoidal table (length, width), unit amplitude, wavelengths from 2 pi to about 2 pi x length."""
    rate = torch.exp(-math.log(float(length)) * torch.arange(0, width, 2) / width)
    angle = torch.arange(length)[:, None] * rate[None, :]
    return torch.stack([angle.sin(), angle.cos()], 2).reshape(length, width)


class GPT(nn.Module):
    """GPT-2 with tied embeddings. Parameter names are Hugging Face's (below `transformer.`).

    Positions start as sinusoids: "one token back" is then one linear map at every position, so the heads that recall
    needs form early and serve positions that short sequences have not reached yet.
    """

    def __init__(self, config: ModelConfig, attentions: list[nn.Module] | None = None) -> None:
        super().__init__()
        self.config = config
        attentions = [SoftmaxAttention() for _ in range(config.n_layer)] if attentions is None else attentions
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.n_positions, config.n_embd)
        self.h = nn.ModuleList([Block(config, attention) for attention in attentions])
        self.ln_f = nn.LayerNorm(config.n_embd, config.layer_norm_epsilon)
        nn.init.normal_(self.wte.weight, std=0.02)
        with torch.no_grad():
            self.wpe.weight.copy_(sinusoids(config.n_positions, config.n_embd) * 0.02)

    @property
    def blocks(self) -> list[Block]:
        """The layers, typed."""
        return cast("list[Block]", list(self.h))

    def embed(self, ids: Tensor, offset: int = 0) -> Tensor:
        """Input (B, T, C) of the first layer for token ids (B, T) that stand at positions offset, offset + 1, ..."""
        x: Tensor = self.wte(ids) + self.wpe(torch.arange(offset, offset + ids.shape[1], device=ids.device))
        return x

    def states(self, ids: Tensor, offset: int = 0) -> list[Tensor]:
        """Input of the first layer and output of every layer, each (B, T, C)."""
        states = [self.embed(ids, offset)]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states

    def hidden(self, ids: Tensor, offset: int = 0) -> Tensor:
        """Final normalized states (B, T, C)."""
        normalized: Tensor = self.ln_f(self.states(ids, offset)[-1])
        return normalized

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., C) -> (..., vocabulary) through the tied embedding."""
        return F.linear(hidden, self.wte.weight)

    def forward(self, ids: Tensor, offset: int = 0) -> Tensor:
        return self.logits(self.hidden(ids, offset))

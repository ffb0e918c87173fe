"""The module of one layer: trains, decodes piece by piece, and keeps its memory small."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import gaincell_char as gc
from gaincell_char.attention import load_scalers, save_scalers
from gaincell_char.errors import InputError

torch = pytest.importorskip("torch", reason="torch (extra `train`) is not installed")
from gaincell_char.integrations.torch import AnalogAttention  # noqa: E402


def drawn(shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=dtype) for _ in range(3)]


def test_its_numbers_are_those_of_numpy_with_its_scalers():
    model = gc.load_model("leroux2025")
    module = AnalogAttention(model, n_head=3, window=50)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    q, k, v = drawn((2, 3, 90, 8))
    wanted = gc.analog_attention(q.numpy(), k.numpy(), v.numpy(), model, module.layer_scalers(), window=50)
    np.testing.assert_allclose(module(q, k, v).detach(), wanted, rtol=0, atol=1e-9)


@pytest.mark.parametrize("tiles", ["absolute", "ring"])
def test_queries_asked_later_get_the_answers_of_one_pass(tiles):
    module = AnalogAttention(gc.load_model("cmos28"), n_head=2, window=70, tiles=tiles)
    q, k, v = drawn((1, 2, 200, 8))
    whole = module(q, k, v)
    for first, last in ((0, 90), (90, 91), (91, 200)):
        part = module(q[:, :, first:last], k[:, :, :last], v[:, :, :last])
        torch.testing.assert_close(part, whole[:, :, first:last], rtol=0, atol=1e-12)
    forgotten = 100  # tokens that no later query sees may be missing
    part = module(q[:, :, 180:], k[:, :, forgotten:], v[:, :, forgotten:], start=forgotten)
    torch.testing.assert_close(part, whole[:, :, 180:], rtol=0, atol=1e-12)


def test_training_its_scalers_brings_the_loss_down():
    module = AnalogAttention(gc.load_model("leroux2025"), n_head=2)
    q, k, v = drawn((2, 2, 64, 16), dtype=torch.float32)
    target = AnalogAttention(gc.load_model("leroux2025_linear"), n_head=2, quantize=False)(q, k, v).detach()
    optimizer = torch.optim.Adam(module.parameters(), lr=0.03)
    losses = []
    for _ in range(20):
        loss = (module(q, k, v) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-4:]) < 0.5 * losses[0], losses


def test_scalers_of_grouped_heads_survive_the_file(tmp_path):
    module = AnalogAttention(gc.load_model("leroux2025"), n_head=4, n_kv_head=2)
    with torch.no_grad():
        module.a["k"].copy_(torch.tensor([0.5, 2.0]))
    save_scalers([module.layer_scalers()], tmp_path / "scalers.safetensors")
    loaded = load_scalers(tmp_path / "scalers.safetensors")[0]
    again = AnalogAttention(gc.load_model("leroux2025"), n_head=4, n_kv_head=2, scalers=loaded)
    for name, (a, b) in module.scalers.items():
        assert torch.equal(again.scalers[name][0], a), name
        assert torch.equal(again.scalers[name][1], b), name
    loaded["k"][0][1] = 0.7
    with pytest.raises(InputError, match=r"scalers.k.a: it differs within 2 heads that read the same cells"):
        AnalogAttention(gc.load_model("leroux2025"), n_head=4, n_kv_head=2, scalers=loaded)


def test_wrong_heads_are_one_line():
    model = gc.load_model("leroux2025")
    with pytest.raises(InputError, match="n_kv_head: 3; expected a divisor of n_head, 4"):
        AnalogAttention(model, n_head=4, n_kv_head=3)
    with pytest.raises(InputError, match="2 query heads and 2 stored heads; this module has 4 and 4"):
        AnalogAttention(model, n_head=4)(*drawn((1, 2, 5, 8)))


MEMORY = """
import resource, torch, gaincell_char as gc
from gaincell_char.integrations.torch import AnalogAttention
module = AnalogAttention(gc.load_model("leroux2025"), n_head=8, window=4096)
q, k, v = (torch.randn(1, 8, {tokens}, 8, requires_grad=True) for _ in range(3))
module(q, k, v).sum().backward()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_no_matrix_of_tokens_by_tokens_is_kept():
    def peak_KiB(tokens):
        run = [sys.executable, "-c", MEMORY.format(tokens=tokens)]
        one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
        return int(subprocess.run(run, capture_output=True, text=True, check=True, env=one_thread).stdout)

    extra = (peak_KiB(2048) - peak_KiB(64)) * 1024
    one_matrix = 8 * 2048 * 2048 * 4
    assert extra < 0.5 * one_matrix, f"{extra / 2**20:.0f} MiB; tokens x tokens is {one_matrix / 2**20:.0f} MiB"

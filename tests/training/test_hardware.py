"""The attention that trains, held against the published equations in whole (T x T) matrices in float64."""

import pytest

torch = pytest.importorskip("torch")

from gaincell_char.training import hardware  # noqa: E402
from gaincell_char.training.hardware import (  # noqa: E402
    Cell,
    HardwareAttention,
    TiledProducts,
    Variation,
    cells_varied,
    clip_quantize,
)

CASES = [
    Cell(),
    Cell(decay=1e-3, window=70, quantize=False),
    Cell(decay=0.0, window=5),
    Cell(hardware.NONLINEAR_COEFFICIENTS),
    Cell(hardware.NONLINEAR_COEFFICIENTS, decay=1e-2, window=90, quantize=False),
]


def stored(length, seed, heads=3, width=16):
    """q in 0..1 and k, v around 0, as after the input quantizers, with gradients."""
    generator = torch.Generator().manual_seed(seed)
    q, k, v = (torch.rand(heads, length, width, dtype=torch.float64, generator=generator) for _ in range(3))
    return q.requires_grad_(), ((k - 0.5) * 0.9).requires_grad_(), ((v - 0.3) * 0.9).requires_grad_()


def transcription(q, k, v, cell, d_y):
    """Output and gradients exactly as the equations read, one (T x T) matrix at a time."""
    length = q.shape[1]
    age = torch.arange(length)[:, None] - torch.arange(length)
    keep = (age >= 0) & (age < cell.window)
    r = torch.exp(-cell.decay * age.double())
    terms = list(enumerate(cell.coefficients))
    s = sum(a * r**i * (q @ (k**i).transpose(1, 2)) for i, a in terms)
    s = torch.where(keep, s, 0.0)
    p = (s / 80).clamp(0, 1)
    y, d_p, d_v = torch.zeros_like(v), torch.zeros_like(p), torch.zeros_like(v)
    for first in range(0, length, 64):
        tile = slice(first, first + 64)
        a_n = sum(a * ((p * r**i)[:, :, tile] @ v[:, tile] ** i) for i, a in terms)
        y += clip_quantize(a_n / 40, -1, 1, 32, cell.quantize)
        d_a = d_y / 40 * ((a_n / 40).abs() <= 1)
        d_v[:, tile] = 19.3 * (p * r)[:, :, tile].transpose(1, 2) @ d_a
        d_p[:, :, tile] = 19.3 * r[:, tile] * (d_a @ v[:, tile].transpose(1, 2))
    d_s = d_p / 80 * ((s >= 0) & (s <= 80) & keep)
    return y, 19.3 * (d_s * r) @ k, 19.3 * (d_s * r).transpose(1, 2) @ q, d_v


@pytest.mark.parametrize("cell", CASES, ids=str)
@pytest.mark.parametrize("length", [1, 64, 130, 200])
def test_output_and_surrogate_gradients_are_the_published_ones(cell, length):
    q, k, v = stored(length, seed=length)
    y = TiledProducts.apply(q, k, v, cell)
    d_y = torch.randn(y.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y.backward(d_y)
    with torch.no_grad():
        expected = transcription(q, k, v, cell, d_y)
    for got, wanted in zip((y, q.grad, k.grad, v.grad), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-12)


def test_a_saturated_tile_passes_no_gradient():
    ones = torch.ones(1, 64, 16, dtype=torch.float64)
    q, k, v = ones.clone().requires_grad_(), (0.45 * ones).requires_grad_(), (0.45 * ones).requires_grad_()
    y = TiledProducts.apply(q, k, v, Cell(decay=0.0))
    assert y[0, -1, 0].item() == pytest.approx(16 * 2 / 31)
    y[:, -1].sum().backward()
    assert v.grad.abs().max() == 0


def test_quantizer_is_anchored_at_zero_and_passes_gradients_inside_its_range():
    x = torch.tensor([-0.2, 0.0, 0.1, 0.44, 0.9, 1.3], dtype=torch.float64, requires_grad=True)
    levels = clip_quantize(x, 0.0, 0.9, 8)
    step = 0.9 / 7
    torch.testing.assert_close(levels.detach(), step * torch.tensor([0, 0, 1, 3, 7, 7], dtype=torch.float64))
    levels.sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 1, 0]


def test_scalers_are_per_head_and_start_as_published():
    attention = HardwareAttention(2, compute=torch.float64).double()
    assert attention.b["q"].tolist() == [0, 0]
    assert attention.b["k"].tolist() == [pytest.approx(0.45)] * 2
    q, k, v = (torch.randn(1, 2, 8, 4, dtype=torch.float64) for _ in range(3))
    before = attention(q, k, v)
    with torch.no_grad():
        attention.a["out"][1] = 3.0
        attention.b["out"][1] = 0.5
    after = attention(q, k, v)
    torch.testing.assert_close(after[:, 0], before[:, 0])
    torch.testing.assert_close(after[:, 1], 3 * before[:, 1] + 0.5)


def test_decay_too_strong_to_fold_is_refused():
    q, k, v = stored(200, seed=0)
    with pytest.raises(ValueError, match="too strong"):
        TiledProducts.apply(q, k, v, Cell(decay=1.0))


@pytest.mark.parametrize("bend", [0.0, 1.0])
def test_varied_cells_are_cells_with_another_current(bend):
    torch.manual_seed(2)
    q, k, v = (torch.rand(2, 3, 70, 16, dtype=torch.float64) for _ in range(3))
    varied = HardwareAttention(3, Cell(decay=0.0), compute=torch.float64).double()
    shifts = torch.tensor([0.0, 0.03], dtype=torch.float64)
    with cells_varied(varied, Variation(shifts, torch.full((2,), bend, dtype=torch.float64))):
        given = varied(q, k - 0.45, v - 0.45)
    curve = hardware.NONLINEAR_COEFFICIENTS[1:] if bend else (19.3,)
    for row, shift_V in enumerate(shifts.tolist()):
        cell = Cell((19.3 * shift_V, *curve), decay=0.0)
        expected = HardwareAttention(3, cell, compute=torch.float64).double()(q, k - 0.45, v - 0.45)
        torch.testing.assert_close(given[row], expected[row], rtol=0, atol=1e-12)
    assert varied.variation is None

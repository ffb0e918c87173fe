"""Weights on disk: precisions, prefixes, and every way in which a file can be wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from random_gpt2 import SIZES, random_tensors
from safetensors.numpy import save_file

from gaincell_char.errors import InputError
from gaincell_char.gpt2 import load_gpt2
from gaincell_char.gpt2.weights import Archive

IDS = np.arange(20)[None]


def write_bfloat16(path, tensors):
    """A safetensors file of bfloat16, which NumPy has no type for: header length, header, upper halves of float32."""
    header, content = {}, b""
    for name, values in tensors.items():
        halves = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
        offsets = [len(content), len(content) + len(halves)]
        header[name] = {"dtype": "BF16", "shape": values.shape, "data_offsets": offsets}
        content += halves
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)


def test_float32_is_mapped_not_copied(checkpoint):
    weights = load_gpt2(checkpoint()).weights
    owner = weights.blocks[1].mlp_fc.w
    while owner.base is not None and not isinstance(owner, np.memmap):
        owner = owner.base
    assert isinstance(owner, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        weights.wte[0, 0] = 1.0


def test_half_precisions_are_what_they_round_to(checkpoint, tmp_path, monkeypatch):
    exact = random_tensors(SIZES)
    half = {name: values.astype(np.float16) for name, values in exact.items()}
    expected = load_gpt2(checkpoint({n: v.astype(np.float32) for n, v in half.items()}, name="rounded")).logits(IDS)
    assert np.array_equal(load_gpt2(checkpoint(half, name="half")).logits(IDS), expected)

    # a large file's matrices are converted one by one when they are used; small pieces of the head too
    monkeypatch.setattr("gaincell_char.gpt2.weights._LARGE_BYTES", 0)
    monkeypatch.setattr("gaincell_char.gpt2.model.HEAD_ROWS", 100)
    large = load_gpt2(tmp_path / "half")
    assert large.weights.wte.dtype == large.weights.blocks[1].mlp_fc.w.dtype == np.float16
    assert large.dtype == large.logits(IDS).dtype == np.float32
    assert np.max(np.abs(large.logits(IDS) - expected)) <= 1e-5 * np.max(np.abs(expected))

    folder = checkpoint(name="bfloat16")
    write_bfloat16(folder / "model.safetensors", exact)
    upper = {name: (values.view(np.uint32) & 0xFFFF0000).view(np.float32) for name, values in exact.items()}
    assert np.array_equal(load_gpt2(folder).logits(IDS), load_gpt2(checkpoint(upper, name="upper")).logits(IDS))


def test_prefix_head_and_masks_of_other_tools(checkpoint):
    plain = random_tensors(SIZES)
    dressed = {f"transformer.{name}": values for name, values in plain.items()}
    dressed |= {"lm_head.weight": plain["wte.weight"], "transformer.h.0.attn.bias": np.ones((1, 1, 4, 4), np.float32),
                "transformer.h.1.attn.masked_bias": np.ones(1, np.float32)}  # fmt: skip
    found = load_gpt2(checkpoint(dressed, name="dressed")).logits(IDS)
    assert np.array_equal(found, load_gpt2(checkpoint(plain, name="plain")).logits(IDS))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"h.1.mlp.c_fc.bias": None}, r"h.1.mlp.c_fc.bias of shape \(128,\) is missing; the file has h.\d.mlp"),
        ({"h.0.attn.c_attn.weight": np.zeros((96, 32), np.float32)},
         r"h.0.attn.c_attn.weight has shape \(96, 32\), config.json asks for \(32, 96\)"),
        ({"h.2.ln_1.weight": np.zeros(32, np.float32)}, r"h.2.ln_1.weight \(32,\) has no place .* \(2 layers\)"),
        ({"wpe.weight": np.zeros((96, 32), np.int32)}, "wpe.weight is stored as I32; expected F64, F32, F16, BF16"),
    ],
)  # fmt: skip
def test_tensors_that_do_not_fit_are_named(checkpoint, change, said):
    tensors = {name: values for name, values in {**random_tensors(SIZES), **change}.items() if values is not None}
    with pytest.raises(InputError, match=said) as caught:
        load_gpt2(checkpoint(tensors))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 5, 100, -7])
def test_a_truncated_file_is_refused(checkpoint, keep):
    path = checkpoint() / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_gpt2(path.parent)


def test_a_file_without_tensors_is_refused(checkpoint):
    with pytest.raises(InputError, match=r"wte.weight of shape \(257, 32\) is missing; the file has no tensor"):
        load_gpt2(checkpoint({}))


def test_damaged_weights_are_noticed(checkpoint):
    tensors = random_tensors(SIZES)
    tensors["h.1.mlp.c_fc.weight"][3, 4] = np.nan
    with pytest.raises(InputError, match="states are not finite"):
        load_gpt2(checkpoint(tensors)).logits(IDS)


def test_archive_lists_names_and_shapes(tmp_path):
    save_file({"a": np.zeros((2, 3), np.float32)}, tmp_path / "x.safetensors", metadata={"format": "np"})
    archive = Archive(tmp_path / "x.safetensors")
    assert list(archive) == ["a"]
    assert archive.shape("a") == (2, 3)

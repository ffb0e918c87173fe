"""Scalers on disk, and the cache's bookkeeping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from gaincell_char.attention import AnalogAttention, KVCache, default_scalers, load_scalers, save_scalers
from gaincell_char.attention.blas import single_threaded
from gaincell_char.behavior import BehavioralModel
from gaincell_char.errors import InputError


def test_scalers_return_as_saved(tmp_path: Path, nonlinear: BehavioralModel) -> None:
    scalers = default_scalers(2, 3)
    scalers[1]["v"] = (np.array([1.5, 2.0, 0.25]), np.array([0.1, 0.2, 0.3]))
    path = tmp_path / "scalers.safetensors"
    save_scalers(scalers, path)
    again = load_scalers(path)
    assert len(again) == 2
    for layer, other in zip(scalers, again, strict=True):
        for name, parts in layer.items():
            for part, loaded in zip(parts, other[name], strict=True):
                assert np.array_equal(part.astype(np.float32), loaded)
    assert AnalogAttention(nonlinear, path).scalers is not None


def _break(tensors: dict[str, Any], how: str) -> dict[str, Any]:
    if how == "missing":
        del tensors["layers.1.k.b"]
    elif how == "shape":
        tensors["layers.1.k.b"] = np.zeros(4, np.float32)
    elif how == "nan":
        tensors["layers.1.k.b"] = np.full(3, np.nan, np.float32)
    elif how == "unknown":
        tensors["layers.0.w.a"] = np.zeros(3, np.float32)
    return tensors


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("missing", "tensor layers.1.k.b is missing"),
        ("shape", r"layers.1.k.b: shape \(4,\), expected \(3,\)"),
        ("nan", "layers.1.k.b: not finite"),
        ("unknown", "unknown tensor layers.0.w.a"),
    ],
)
def test_bad_scalers_are_named(tmp_path: Path, how: str, line: str) -> None:
    path = tmp_path / "scalers.safetensors"
    save_scalers(default_scalers(2, 3), path)
    save_file(_break(load_file(path), how), path)
    with pytest.raises(InputError, match=line):
        load_scalers(path)


def test_what_is_no_safetensors_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("no tensors here")
    with pytest.raises(InputError, match="not a safetensors file"):
        load_scalers(tmp_path / "a")
    with pytest.raises(InputError, match="cannot be read"):
        load_scalers(tmp_path / "b")


@pytest.mark.parametrize("window", [None, 1, 20])
def test_cache_returns_what_may_still_be_seen(window: int | None) -> None:
    rng = np.random.default_rng(0)
    text = np.arange(600.0).reshape(1, 1, -1, 1) + np.zeros((2, 3, 1, 4))
    cache = KVCache(2)
    at = 0
    while at < 500:
        new = int(rng.integers(1, 40))
        for layer in range(2):
            assert cache.length == at
            k, v, start = cache.append(layer, text[:, :, at : at + new], -text[:, :, at : at + new], window)
            assert start == (0 if window is None else max(0, at - window + 1))
            assert np.array_equal(k, text[:, :, start : at + new])
            assert np.array_equal(v, -k)
        at += new


def test_cache_of_another_batch_is_refused() -> None:
    cache = KVCache(1)
    cache.append(0, np.zeros((1, 2, 3, 4)), np.zeros((1, 2, 3, 4)))
    with pytest.raises(InputError, match="start a new KVCache"):
        cache.append(0, np.zeros((2, 2, 1, 4)), np.zeros((2, 2, 1, 4)))


def test_blas_threads_are_given_back() -> None:
    with single_threaded() as before, single_threaded() as inside:
        assert inside == before
    with single_threaded() as after:
        assert after == before >= 1

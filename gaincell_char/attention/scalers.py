"""The scalers of a network: gain and offset per head before the clips of q, k, v and after the tile sum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import InputError
from gaincell_char.keys import publish

Array = npt.NDArray[np.floating[Any]]

LayerScalers = dict[str, tuple[Array, Array]]
"""(a, b), each (n_head,), for `q`, `k`, `v` and `out`."""
Scalers = list[LayerScalers]
"""The scalers of every layer."""

NAMES = ("q", "k", "v", "out")
DEFAULT_OFFSET = {"q": 0.0, "k": 0.45, "v": 0.45, "out": 0.0}
"""b at the start of training, V for k and v: a weight of zero is stored where the cell is centered."""

_METADATA = {"format": "gaincell-scalers", "version": "1"}


def default_layer(n_head: int) -> LayerScalers:
    """a = 1; b = 0 for q and out, 0.45 V for k and v."""
    return {name: (np.ones(n_head), np.full(n_head, DEFAULT_OFFSET[name])) for name in NAMES}


def default_scalers(n_layer: int, n_head: int) -> Scalers:
    """The start of training: `default_layer` for every layer."""
    return [default_layer(n_head) for _ in range(n_layer)]


def check_layer(scalers: LayerScalers, n_head: int, where: str) -> None:
    """Raise `InputError` unless `scalers` has finite a, b of shape (n_head,) for q, k, v and out."""
    for name in NAMES:
        if name not in scalers:
            raise InputError(f"{where}: no {name!r}; expected (a, b) for each of {', '.join(NAMES)}")
        for part, values in zip("ab", scalers[name], strict=True):
            if np.shape(values) != (n_head,):
                raise InputError(f"{where}.{name}.{part}: shape {np.shape(values)}, expected ({n_head},), one a head")
            if not np.all(np.isfinite(values)):
                raise InputError(f"{where}.{name}.{part}: not finite")


def load_scalers(path: str | Path) -> Scalers:
    """Read `layers.{i}.{q|k|v|out}.{a|b}`, each (n_head,), from a safetensors file.

    Raises
    ------
    InputError
        No such file, not safetensors, a missing or unknown tensor, a wrong shape, a number that is not finite.
    """
    tensors = _read(Path(path))
    n_layer = 1 + max((int(name.split(".")[1]) for name in tensors if _is_ours(name)), default=0)
    wanted = [f"layers.{i}.{name}.{part}" for i in range(n_layer) for name in NAMES for part in "ab"]
    for name in wanted:
        if name not in tensors:
            raise InputError(f"{path}: tensor {name} is missing; expected scalers as `gaincell adapt` writes them")
    for name in sorted(set(tensors) - set(wanted)):
        raise InputError(f"{path}: unknown tensor {name}; expected layers.<i>.<q|k|v|out>.<a|b>")
    scalers: Scalers = [
        {name: (tensors[f"layers.{i}.{name}.a"], tensors[f"layers.{i}.{name}.b"]) for name in NAMES}
        for i in range(n_layer)
    ]
    for i, layer in enumerate(scalers):
        check_layer(layer, tensors["layers.0.q.a"].size, f"{path}: layers.{i}")
    return scalers


def save_scalers(scalers: Scalers, path: str | Path) -> None:
    """Write `scalers` as float32 safetensors, atomically. Raises `EnvironmentFault` where it cannot."""
    from safetensors.numpy import save

    tensors = {
        f"layers.{i}.{name}.{part}": np.ascontiguousarray(values, np.float32)
        for i, layer in enumerate(scalers)
        for name in NAMES
        for part, values in zip("ab", layer[name], strict=True)
    }
    publish(Path(path), save(tensors, metadata=_METADATA))


def _is_ours(name: str) -> bool:
    parts = name.split(".")
    return len(parts) == 4 and parts[0] == "layers" and parts[1].isdecimal() and parts[2] in NAMES and parts[3] in "ab"


def _read(path: Path) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(path.read_bytes()))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except SafetensorError as error:
        raise InputError(f"{path}: not a safetensors file ({error})") from None

"""GPT-2 weights from safetensors: memory-mapped, checked by name and shape, in the precision asked for."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from gaincell_char.errors import InputError
from gaincell_char.gpt2.config import GPT2Config

Array = npt.NDArray[Any]

_STORED = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}

_IGNORED = ("lm_head.weight", ".attn.bias", ".attn.masked_bias")
"""The tied head, and the causal mask that old versions of transformers stored with the weights."""


_LARGE_BYTES = 1 << 30
"""A file of half precision beyond this stays on the disk: its matrices are converted one by one, when they are used."""


@dataclass(frozen=True)
class Affine:
    """x @ w + b. w: (in, out), as Hugging Face's Conv1D keeps it, maybe in half precision; b: (out,)."""

    w: Array
    b: Array


@dataclass(frozen=True)
class Norm:
    """Layer norm's gain g and bias b, (n_embd,) each."""

    g: Array
    b: Array


@dataclass(frozen=True)
class Block:
    """One layer: norm, attention's projections (q, k and v in one matrix, then out), norm, MLP."""

    ln_1: Norm
    c_attn: Affine
    c_proj: Affine
    ln_2: Norm
    mlp_fc: Affine
    mlp_proj: Affine


@dataclass(frozen=True)
class Weights:
    """The whole network. wte: (vocabulary, n_embd), also the output head, maybe in half precision; wpe: (n_positions,
    n_embd)."""

    wte: Array
    wpe: Array
    blocks: tuple[Block, ...]
    ln_f: Norm

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of all states."""
        return self.wpe.dtype


class Archive:
    """A safetensors file as read-only views on the mapped file; the library checks the header, NumPy maps the data."""

    def __init__(self, path: Path) -> None:
        """Open `path`; raises InputError where it is no whole safetensors file."""
        self.path = path
        try:
            with safe_open(path, framework="np"):
                pass
            with path.open("rb") as stream:
                size = int.from_bytes(stream.read(8), "little")
                self._header = json.loads(stream.read(size))
            self._data = np.memmap(path, np.uint8, "r", offset=8 + size)
        except (OSError, SafetensorError, ValueError) as error:
            raise InputError(f"{path}: not a whole safetensors file ({error})") from error
        self._header.pop("__metadata__", None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._header)

    def __contains__(self, name: str) -> bool:
        return name in self._header

    def is_half(self, name: str) -> bool:
        return bool(self._header[name]["dtype"] == "F16")

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._header[name]["shape"])

    def read(self, name: str, dtype: npt.DTypeLike) -> Array:
        """The tensor in `dtype`: a view on the file where it is stored so, else a converted copy."""
        entry = self._header[name]
        if entry["dtype"] not in _STORED:
            raise InputError(f"{self.path}: tensor {name} is stored as {entry['dtype']}; expected {', '.join(_STORED)}")
        begin, end = entry["data_offsets"]
        raw: Array = self._data[begin:end].view(_STORED[entry["dtype"]]).reshape(entry["shape"])
        if entry["dtype"] == "BF16":  # bfloat16 is the upper half of a float32
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        return np.asarray(raw, dtype)


def load_weights(path: Path, config: GPT2Config, dtype: npt.DTypeLike = np.float32) -> Weights:
    """Read GPT-2's tensors, with or without the `transformer.` prefix; the head is tied to `wte`.

    Matrices of a large file in half precision stay as they are, mapped on it; everything else has `dtype`.

    Raises
    ------
    InputError
        A tensor is missing or of the wrong shape: one line with the tensor, what was expected and what was found.
    """
    archive = Archive(path)
    prefix = "transformer." if "transformer.wte.weight" in archive else ""
    used = set()
    large = path.stat().st_size > _LARGE_BYTES

    def read(name: str, *expected: int, matrix: bool = False) -> Array:
        full = prefix + name
        if full not in archive:
            near = difflib.get_close_matches(full, archive, n=1) or ["no tensor of a like name"]
            raise InputError(f"{path}: tensor {full} of shape {expected} is missing; the file has {near[0]}")
        if archive.shape(full) != expected:
            raise InputError(f"{path}: tensor {full} has shape {archive.shape(full)}, config.json asks for {expected}")
        used.add(full)
        return archive.read(full, np.float16 if matrix and large and archive.is_half(full) else dtype)

    def affine(name: str, n_in: int, n_out: int) -> Affine:
        return Affine(read(f"{name}.weight", n_in, n_out, matrix=True), read(f"{name}.bias", n_out))

    def norm(name: str) -> Norm:
        return Norm(read(f"{name}.weight", config.n_embd), read(f"{name}.bias", config.n_embd))

    def block(name: str) -> Block:
        width, hidden = config.n_embd, config.hidden_width
        return Block(
            ln_1=norm(f"{name}.ln_1"),
            c_attn=affine(f"{name}.attn.c_attn", width, 3 * width),
            c_proj=affine(f"{name}.attn.c_proj", width, width),
            ln_2=norm(f"{name}.ln_2"),
            mlp_fc=affine(f"{name}.mlp.c_fc", width, hidden),
            mlp_proj=affine(f"{name}.mlp.c_proj", hidden, width),
        )

    weights = Weights(
        wte=read("wte.weight", config.vocab_size, config.n_embd, matrix=True),
        wpe=read("wpe.weight", config.n_positions, config.n_embd),
        blocks=tuple(block(f"h.{layer}") for layer in range(config.n_layer)),
        ln_f=norm("ln_f"),
    )
    foreign = [name for name in archive if name not in used and not name.endswith(_IGNORED)]
    if foreign:
        raise InputError(
            f"{path}: tensor {foreign[0]} {archive.shape(foreign[0])} has no place in the network of config.json "
            f"({config.n_layer} layers); {len(foreign)} such tensors, expected none"
        )
    return weights

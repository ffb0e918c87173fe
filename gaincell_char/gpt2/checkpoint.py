"""`load_gpt2`: a checkpoint by name, from the package, a folder or the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import EnvironmentFault, InputError, unknown_name
from gaincell_char.gpt2.config import load_config
from gaincell_char.gpt2.hub import HUB_NAMES, hub_folder
from gaincell_char.gpt2.network import GPT2
from gaincell_char.gpt2.tokenizer import load_tokenizer
from gaincell_char.gpt2.weights import load_weights
from gaincell_char.paths import data_folder

EMBEDDED = ("embedded/software", "embedded/linear-hardware", "embedded/software-control")
"""The checkpoints that the project trains and ships."""


def load_gpt2(name: str | Path, dtype: npt.DTypeLike = np.float32) -> GPT2:
    """A network by name: one of `EMBEDDED`, a Hugging Face directory, "gpt2", or "owner/name" on the hub.

    `dtype` is float32 or float64. float32 weights stored as such stay mapped on the file, and so do the matrices of a
    float16 file above 1 GiB, which are converted one by one when they are used.

    Raises
    ------
    InputError
        No such name or directory, or files in it that cannot be used; one line that says which and why.
    EnvironmentFault
        A hub name that is neither in the local cache nor reachable, or an embedded one missing from this installation.
    """
    return load_folder(checkpoint_folder(name), dtype)


def checkpoint_folder(name: str | Path) -> Path:
    """The directory that holds checkpoint `name`; raises as `load_gpt2`."""
    if str(name).startswith("embedded/"):
        return _embedded_folder(str(name))
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if str(name) in HUB_NAMES or _could_be_on_the_hub(name):
        return hub_folder(str(name))
    raise unknown_name("checkpoint", str(name), (*EMBEDDED, *HUB_NAMES), "a directory or a name is expected")


def _embedded_folder(name: str) -> Path:
    if name not in EMBEDDED:
        raise unknown_name("checkpoint", name, EMBEDDED)
    folder = data_folder("models") / name
    if not folder.is_dir():
        raise EnvironmentFault(f"{name}: {folder} is missing from this installation; install the package again")
    return folder


def _could_be_on_the_hub(name: str | Path) -> bool:
    """ "owner/name" as the hub has it, and no path: relative parts, roots and deeper paths are meant for the disk."""
    parts = str(name).split("/")
    return isinstance(name, str) and len(parts) == 2 and all(part.strip(".~") for part in parts)


def load_folder(folder: Path, dtype: npt.DTypeLike = np.float32) -> GPT2:
    """A network from a Hugging Face directory: config.json, model.safetensors and, for text, a tokenizer."""
    wanted = np.dtype(dtype)
    if wanted not in (np.float32, np.float64):
        raise InputError(f"dtype: {wanted} is not supported; use float32 or float64")
    weights_file = folder / "model.safetensors"
    if not weights_file.is_file():
        raise InputError(
            f"{folder}: no model.safetensors; found {_weights_found(folder)}; save the weights as one safetensors file"
        )
    config = load_config(folder / "config.json")
    return GPT2(config, load_weights(weights_file, config, wanted), load_tokenizer(folder), folder)


def _weights_found(folder: Path) -> str:
    names = sorted(
        path.name for pattern in ("*.bin", "*.safetensors*", "*.pt", "*.msgpack") for path in folder.glob(pattern)
    )
    return ", ".join(names[:4]) or "no weights"

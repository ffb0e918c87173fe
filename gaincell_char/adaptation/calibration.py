"""The fixed batch that statistics are taken on: library code that is not held out, or the user's own text."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from gaincell_char.corpus.code import Source, encode_sources, library_root
from gaincell_char.errors import EnvironmentFault

Ids = npt.NDArray[np.int64]

MODULES = ("argparse", "subprocess", "tarfile", "threading")
"""Modules of the standard library in Python 3.11 to 3.13 that training may read; none is held out."""


def calibration_ids(tokenizer: Tokenizer, sequences: int, length: int) -> Ids:
    """`sequences` windows of `length` tokens spread evenly over `MODULES`, (sequences, length).

    Raises
    ------
    EnvironmentFault
        The standard library's source is not there.
    """
    return windows(encode_sources(tokenizer, [_source(name) for name in MODULES]).astype(np.int64), sequences, length)


def windows(ids: Ids, sequences: int, length: int) -> Ids:
    """`sequences` windows of `length` tokens spread evenly over ids (n,); shorter and fewer where n is too small."""
    length = min(length, ids.size)
    sequences = min(sequences, ids.size // length)
    starts = np.linspace(0, ids.size - length, sequences).astype(np.int64)
    return np.stack([ids[start : start + length] for start in starts])


def _source(name: str) -> Source:
    path = library_root() / f"{name}.py"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EnvironmentFault(
            f"{path}: the standard library's source is needed for calibration; or give --text"
        ) from error
    return Source(name, content.decode("utf-8"), hashlib.sha256(content).hexdigest())

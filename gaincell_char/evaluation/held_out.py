"""The held-out text: modules of the standard library that no training has read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from gaincell_char.corpus.code import held_out_tokens
from gaincell_char.errors import EnvironmentFault


def held_out_ids(tokenizer: Tokenizer, sequences: int = 32, length: int = 1024) -> npt.NDArray[np.int64]:
    """`sequences` windows of `length` tokens spread evenly over the held-out modules.

    Raises
    ------
    EnvironmentFault
        This Python's library has no source, or not all of it.
    """
    with standard_library():
        return held_out_tokens(tokenizer, sequences, length)


@contextmanager
def standard_library() -> Iterator[None]:
    """Inside, a module that is not there becomes one line for the user."""
    try:
        yield
    except FileNotFoundError as error:
        raise EnvironmentFault(f"{error}; some distributions split it, or give a text of your own (--text)") from error

"""What is trained on: the library corpus, text files, or token ids that a file holds; a part is held out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from gaincell_char.adaptation import windows
from gaincell_char.corpus.code import encode_sources, python_read, training_sources
from gaincell_char.errors import InputError
from gaincell_char.evaluation.held_out import held_out_ids, standard_library
from gaincell_char.finetuning.recipe import Recipe

HELD_OUT_SEQUENCES = 16
HELD_OUT_SHARE = 0.05
"""Of the user's text, its end, at least a sequence and at most `HELD_OUT_SEQUENCES`."""

_PIECE = 1 << 20
"""Characters that are tokenized at once, up to the next line's end."""


@dataclass(frozen=True)
class Text:
    """`stream` (n,) token ids to train on, `held_out` (m, length) to measure on, `source` of both with their hashes."""

    stream: npt.NDArray[Any]
    held_out: npt.NDArray[np.int64]
    source: dict[str, Any]

    def batch(self, recipe: Recipe, step: int) -> npt.NDArray[np.int64]:
        """The (rows, length) tokens of update `step`: the same on every call, so a resumed run sees the same text."""
        rng = np.random.default_rng([recipe.seed, step])
        starts = rng.integers(0, self.stream.size - recipe.length + 1, recipe.rows)
        return np.stack([self.stream[start : start + recipe.length] for start in starts]).astype(np.int64)

    def calibration(self, sequences: int, length: int) -> npt.NDArray[np.int64]:
        """(sequences, length) tokens spread evenly over the first million."""
        return windows(np.asarray(self.stream[:1_000_000], np.int64), sequences, length)


def library_text(tokenizer: Tokenizer, length: int) -> Text:
    """Python's standard library without its tests; held out are the modules that no training reads.

    Raises
    ------
    EnvironmentFault
        This Python's library has no source, or not all of it.
    """
    with standard_library():
        sources = training_sources()
    digest = hashlib.sha256("".join(source.sha256 for source in sources).encode()).hexdigest()
    held_out = held_out_ids(tokenizer, HELD_OUT_SEQUENCES, length)
    measured = hashlib.sha256(held_out.tobytes()).hexdigest()
    return Text(
        encode_sources(tokenizer, sources),
        held_out,
        {"library": python_read(), "sha256": digest, "held_out_sha256": measured},
    )


def file_text(tokenizer: Tokenizer, paths: Sequence[Path], length: int) -> Text:
    """UTF-8 texts, or `.npy` files of token ids (n,), one after the other; their end is held out.

    One `.npy` file alone stays on the disk, mapped.

    Raises
    ------
    InputError
        A file that cannot be read, is no UTF-8 or has ids outside the vocabulary; fewer than two sequences in all.
    """
    vocabulary = tokenizer.get_vocab_size()
    streams = [_ids(path, vocabulary) if path.suffix == ".npy" else _tokens(path, tokenizer) for path in paths]
    stream = streams[0] if len(streams) == 1 else np.concatenate(streams)
    if stream.size < 2 * length:
        raise InputError(
            f"{', '.join(map(str, paths))}: {stream.size} tokens; at least {2 * length} are needed, a sequence of "
            f"{length} to train on and one to measure on; give more text or a smaller --length"
        )
    count = int(np.clip(HELD_OUT_SHARE * stream.size / length, 1, HELD_OUT_SEQUENCES))
    end = stream.size - count * length
    held_out = np.asarray(stream[end:], np.int64).reshape(count, length)
    return Text(stream[:end], held_out, {"files": [[path.name, _digest(path)] for path in paths]})


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _ids(path: Path, vocabulary: int) -> npt.NDArray[Any]:
    try:
        ids: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as token ids ({error}); expected a .npy array (n,)") from error
    if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer) or not ids.size:
        raise InputError(f"{path}: {ids.dtype} of shape {ids.shape}; expected whole token ids, (n,)")
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= vocabulary:
        raise InputError(f"{path}: token ids from {low} to {high}; the vocabulary has 0 to {vocabulary - 1}")
    return ids


def _tokens(path: Path, tokenizer: Tokenizer) -> npt.NDArray[np.uint32]:
    parts = [tokenizer.encode(piece, add_special_tokens=False).ids for piece in _pieces(path)]
    return np.concatenate([np.array(part, np.uint32) for part in parts])


def _pieces(path: Path) -> Iterator[str]:
    """The text of a file, some lines at a time; an empty one is refused."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            piece = stream.read(_PIECE)
            if not piece:
                raise InputError(f"{path}: the text is empty")
            while piece:
                yield piece + stream.readline()
                piece = stream.read(_PIECE)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not UTF-8 text (byte 0x{error.object[error.start]:02x}); convert it to UTF-8"
        ) from error

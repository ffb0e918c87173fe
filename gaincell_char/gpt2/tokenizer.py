"""Text to token ids and back: GPT-2's byte-level BPE, from either layout that Hugging Face directories have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from gaincell_char.errors import InputError

END_OF_TEXT = "<|endoftext|>"


def load_tokenizer(folder: Path) -> Tokenizer | None:
    """The tokenizer of a checkpoint: `tokenizer.json`, or `vocab.json` with `merges.txt`; None where there is neither.

    Raises
    ------
    InputError
        A file that cannot be read as what its name says.
    """
    whole, vocabulary, merges = folder / "tokenizer.json", folder / "vocab.json", folder / "merges.txt"
    try:
        if whole.is_file():
            return Tokenizer.from_file(str(whole))
        if vocabulary.is_file() and merges.is_file():
            return byte_level_bpe(vocabulary, merges)
    except Exception as error:  # the library raises bare Exception
        raise InputError(f"{folder}: the tokenizer cannot be read ({error})") from error
    return None


def byte_level_bpe(vocabulary: Path, merges: Path) -> Tokenizer:
    """GPT-2's tokenizer from its two published files."""
    tokenizer = Tokenizer(models.BPE.from_file(str(vocabulary), str(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if tokenizer.token_to_id(END_OF_TEXT) is not None:
        tokenizer.add_special_tokens([AddedToken(END_OF_TEXT, normalized=False, special=True)])
    return tokenizer


def encode(tokenizer: Tokenizer, text: str, least: int = 1) -> npt.NDArray[np.int64]:
    """Token ids (n,) of `text`.

    Raises
    ------
    InputError
        Fewer than `least` tokens, or characters that UTF-8 cannot hold.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:  # what the shell hands over where its bytes are no UTF-8
        raise InputError(f"the text {text[:40]!r} is not UTF-8 (at character {error.start})") from error
    ids = np.array(tokenizer.encode(text, add_special_tokens=False).ids, dtype=np.int64)
    if not text:
        raise InputError(f"the text is empty; give at least {least} token{'s' if least > 1 else ''}")
    if ids.size < least:
        raise InputError(
            f"the text {text[:40]!r} has {ids.size} token{'s' * (ids.size != 1)}; at least {least} are needed"
        )
    return ids


def read_text(path: Path) -> str:
    """The UTF-8 text of a file.

    Raises
    ------
    InputError
        Not readable, empty, or not UTF-8 (with the offset of the first bad byte).
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if not content:
        raise InputError(f"{path}: the text is empty")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not UTF-8 text (byte 0x{content[error.start]:02x} at offset {error.start}); convert it to UTF-8"
        ) from error

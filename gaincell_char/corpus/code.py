"""Python's own standard library as a text corpus: it is on every machine that has Python, so no text is shipped."""

from __future__ import annotations

import hashlib
import platform
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

END_OF_TEXT = "<|endoftext|>"

EXCLUDED_PACKAGES = frozenset(
    """
    test tests encodings pydoc_data idlelib distutils lib2to3 tkinter turtledemo msilib ensurepip site-packages
    dist-packages __pycache__
    """.split()  # noqa: SIM905
)
"""Packages that come and go between Python versions and distributions, or that hold tables rather than code."""

HELD_OUT_MODULES = tuple(
    """
    bisect calendar cmd colorsys configparser copy csv dis fileinput fractions getopt graphlib gzip heapq json/decoder
    json/encoder mailbox netrc pprint queue sched shelve shlex statistics textwrap timeit wave zipapp
    """.split()  # noqa: SIM905
)
"""Never trained on (nor are their tests); each exists in Python 3.11, 3.12 and 3.13."""


@dataclass(frozen=True)
class Source:
    """One module's text: `name` as a path below the library root without `.py`, and the sha256 of its bytes."""

    name: str
    text: str
    sha256: str


def library_root() -> Path:
    """Folder of the standard library of the Python that runs this."""
    return Path(sysconfig.get_path("stdlib"))


def python_read() -> str:
    """Which Python's library the corpus is read from, for reports, e.g. `CPython 3.11.7`."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def _read(root: Path, path: Path) -> Source | None:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:  # the library's tests hold some files in other encodings on purpose
        return None
    name = path.relative_to(root).with_suffix("").as_posix()
    return Source(name, text.replace("\r\n", "\n"), hashlib.sha256(data).hexdigest())


def held_out_sources(root: Path | None = None) -> list[Source]:
    """The held-out modules, in the order of `HELD_OUT_MODULES`.

    Raises:
        FileNotFoundError: a module is missing, with a hint (some distributions split the library).
    """
    root = library_root() if root is None else root
    sources = []
    for name in HELD_OUT_MODULES:
        path = root / f"{name}.py"
        if not path.is_file():
            raise FileNotFoundError(f"held-out module {name!r} not found at {path}: is the standard library complete?")
        source = _read(root, path)
        if source is None:
            raise FileNotFoundError(f"held-out module {name!r} at {path} is not UTF-8 text")
        sources.append(source)
    return sources


def _is_held_out_test(name: str) -> bool:
    return any(f"test_{module.split('/')[0]}" in name for module in HELD_OUT_MODULES)


def training_sources(root: Path | None = None, tests: bool = False) -> list[Source]:
    """All library modules to train on, sorted by name; with `tests`, the library's own tests as well.

    Held-out modules are left out, with their tests and any file whose text equals a held-out one.
    """
    root = library_root() if root is None else root
    held_out = {source.sha256 for source in held_out_sources(root)}
    sources = []
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        is_test = parts[0] == "test"
        if is_test and not tests:
            continue
        if any(part in EXCLUDED_PACKAGES for part in parts[1 if is_test else 0 :]):
            continue
        source = _read(root, path)
        if source is None or source.sha256 in held_out or source.name in HELD_OUT_MODULES:
            continue
        if is_test and _is_held_out_test(source.name):
            continue
        sources.append(source)
    return sources


def encode_sources(tokenizer: Tokenizer, sources: Sequence[Source]) -> npt.NDArray[np.uint16]:
    """All texts as one stream of token ids, each text preceded by `END_OF_TEXT`. Shape (n_tokens,)."""
    end = tokenizer.token_to_id(END_OF_TEXT)
    encodings = tokenizer.encode_batch([source.text for source in sources])
    return np.concatenate([np.array([end, *encoding.ids], dtype=np.uint16) for encoding in encodings])


def held_out_tokens(
    tokenizer: Tokenizer, n_sequences: int = 32, length: int = 1024, root: Path | None = None
) -> npt.NDArray[np.int64]:
    """Evaluation text: `n_sequences` windows of `length` tokens spread evenly over the held-out modules.

    Returns:
        ids, shape (n_sequences, length). The windows overlap only if the text is shorter than their sum.

    Raises:
        ValueError: the held-out text is shorter than one window.
    """
    stream = encode_sources(tokenizer, held_out_sources(root))
    if stream.size < length:
        raise ValueError(f"held-out text has {stream.size} tokens, a window needs {length}")
    starts = np.linspace(0, stream.size - length, n_sequences).astype(np.int64)
    return np.stack([stream[start : start + length] for start in starts]).astype(np.int64)

"""The key of a deck: everything its rows depend on, and nothing else."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaincell_char import keys
from gaincell_char.circuits.testbench import Setting, Testbench
from gaincell_char.spice.netlist import included_files
from gaincell_char.spice.types import Deck


@dataclass(frozen=True)
class Identity:
    """What a stored result is named by. `inputs` is kept beside the result, so that a miss can be explained; `files`
    are those that the deck reads."""

    key: str
    inputs: Mapping[str, Any]
    files: tuple[Path, ...] = ()

    @property
    def point(self) -> str:
        """What is measured, whatever it is measured with: the same for two results that differ in tool or netlist."""
        return keys.key({"testbench": self.inputs["testbench"], "setting": self.inputs["setting"]})


def identify(
    bench: Testbench, setting: Setting, deck: Deck, engine: str, alternatives: Sequence[Deck] = ()
) -> Identity:
    """The identity of `deck`, and of the `alternatives` that are tried where it does not converge.

    Paths of the files it reads are replaced by their content's hash: a moved installation finds its results, an edited
    file, however deep, does not.

    Raises
    ------
    InputError
        An included file cannot be read.
    """
    files = sorted({*deck.files, *included_files(deck.text)})
    hashes = {path: content_digest(path) for path in files}
    inputs: dict[str, Any] = {
        "testbench": f"{bench.circuit}.{bench.name}",
        "version": bench.version,
        "engine": engine,
        "setting": _plain(setting),
        "deck": _text_digest(deck, hashes),
        "vectors": list(deck.vectors),
        "files": sorted([path.name, hashes[path]] for path in files),
    }
    if alternatives:
        inputs["retries"] = [_text_digest(each, hashes) for each in alternatives]
    return Identity(keys.key(inputs), inputs, tuple(files))


def _text_digest(deck: Deck, hashes: Mapping[Path, str]) -> str:
    text = deck.text
    for path in sorted(hashes, key=lambda each: len(str(each)), reverse=True):
        text = text.replace(str(path), hashes[path])
    return keys.digest(text.encode())


def _plain(setting: Setting) -> dict[str, Any]:
    """Without what means nothing: a seed where there is no sample, other devices where there are none."""
    values = {field.name: getattr(setting, field.name) for field in dataclasses.fields(setting)}
    values |= {name: dict(value) for name, value in values.items() if isinstance(value, Mapping)}
    without = {"sample", "seed"} if setting.sample is None else set()
    without |= set() if setting.beside else {"beside"}
    return {name: value for name, value in values.items() if name not in without}


def content_digest(path: Path) -> str:
    """SHA-256 of a file, read again only where its time or size changed."""
    status = path.stat()
    return _read_digest(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=1024)
def _read_digest(path: Path, modified_ns: int, size: int) -> str:
    return keys.file_digest(path)


def difference(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Why a result of the same point is not the one wanted: `engine: ngspice-39 batch -> ngspice-44 batch`."""
    reasons = [
        f"{name}: {stored.get(name)} -> {wanted[name]}"
        for name in ("engine", "version")
        if stored.get(name) != wanted[name]
    ]
    before, after = dict(stored.get("files", [])), dict(wanted["files"])
    reasons += [f"{name} was edited" for name in after if name in before and before[name] != after[name]]
    reasons += [f"{name} is included now" for name in after if name not in before]
    reasons += [f"{name} is not included any more" for name in before if name not in after]
    if not reasons and (stored.get("deck"), stored.get("vectors")) != (wanted["deck"], wanted["vectors"]):
        reasons.append("the testbench writes another deck")
    return "; ".join(reasons) or "other inputs"

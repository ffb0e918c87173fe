"""The keys of all decks of a plan. They follow from every deck's text, which takes long for many decks, so the store
keeps them: a sweep of a million decks that is started again does not write its decks again to know which are there."""

from __future__ import annotations

import functools
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gaincell_char import keys
from gaincell_char.errors import GaincellError
from gaincell_char.sweep.identity import content_digest

if TYPE_CHECKING:
    from gaincell_char.sweep.execute import Task
    from gaincell_char.sweep.run import Prepared
    from gaincell_char.sweep.store import Store

_SIZE = 32  # bytes of a key
_SAMPLES = 32
_STEP = 500
Progress = Callable[[int, int, str], None]
Keys = npt.NDArray[np.bytes_]


@dataclass(frozen=True)
class Names:
    """`digests`: the keys in the order of the plan, 32 bytes each; `files`: the files that the decks read (path ->
    digest)."""

    digests: bytes
    files: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.digests) // _SIZE

    def __getitem__(self, number: int) -> str:
        return self.digests[number * _SIZE : (number + 1) * _SIZE].hex()

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))

    @property
    def keys(self) -> Keys:
        """(decks,), comparable with `==` and `<` (all are equally long, so that a trailing zero byte counts)."""
        return np.frombuffer(self.digests, dtype=f"S{_SIZE}")

    @property
    def netlists(self) -> dict[str, str]:
        """The files by their name."""
        return dict(sorted((Path(path).name, digest) for path, digest in self.files.items()))


def of_tasks(tasks: Iterable[Task], seen: Callable[[int], None] = lambda number: None) -> Names:
    """The names of `tasks`; `seen(number)` is called now and then."""
    digests, files = bytearray(), dict[str, str]()
    for number, task in enumerate(tasks, start=1):
        digests += bytes.fromhex(task.identity.key)
        for path in task.identity.files:
            if (name := str(path)) not in files:
                files[name] = content_digest(path)
        if number % _STEP == 0:
            seen(number)
    return Names(bytes(digests), files)


def names(prepared: Prepared, store: Store | None, progress: Progress = lambda done, total, note: None) -> Names:
    """The names of `prepared`'s decks; of a large plan those that `store` keeps, where they are still right. A store
    that is written keeps them."""
    if isinstance(prepared.tasks, tuple):
        return of_tasks(prepared.tasks)
    label = _label(prepared)
    known = store.names(label) if store else None
    if known and _still_right(known, prepared):
        return known
    total = len(prepared.tasks)
    found = of_tasks(prepared.tasks, lambda number: progress(number, total, "decks laid out"))
    if store and store.writes:
        store.keep_names(label, found)
    return found


def _label(prepared: Prepared) -> str:
    """What the keys follow from, besides the files that decks read: the spec, and all code that writes decks."""
    bench = prepared.testbench
    return keys.key(
        {
            "spec": prepared.spec.digest,
            "testbench": f"{bench.circuit}.{bench.name}",
            "version": bench.version,
            "engine": prepared.engine,
            "source": _source(),
            "python": platform.python_version(),
            "libraries": [version(name) for name in ("numpy", "scipy")],
        }
    )


@functools.cache
def _source() -> str:
    package = Path(__file__).resolve().parents[1]
    return keys.key({str(each.relative_to(package)): keys.file_digest(each) for each in package.rglob("*.py")})


def _still_right(known: Names, prepared: Prepared) -> bool:
    """Whether no file changed, and keys here and there are what their decks give now."""
    total = len(prepared.tasks)
    if len(known) != total:
        return False
    try:
        if any(content_digest(Path(path)) != digest for path, digest in known.files.items()):
            return False
        chosen = {round(number) for number in np.linspace(0, total - 1, _SAMPLES)}
        return all(known[number] == prepared.tasks[number].identity.key for number in chosen)
    except (OSError, GaincellError):
        return False

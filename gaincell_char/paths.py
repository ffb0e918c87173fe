"""Where the files that travel with the package are: in the wheel under `_data`, in a checkout beside the package."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def data_folder(kind: str) -> Path:
    """The folder `netlists`, `sweeps` or `models` of this installation."""
    installed = _PACKAGE / "_data" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def cache_folder() -> Path:
    """Where results are kept between runs: `$GAINCELL_CACHE`, or `gaincell` under `$XDG_CACHE_HOME` (`~/.cache`)."""
    named = os.environ.get("GAINCELL_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gaincell"

"""Devices of an open PDK, read from its installed Python package: nothing is copied, and none of its code runs."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gaincell_char.errors import EnvironmentFault
from gaincell_char.technology.base import CORNERS, Technology


@dataclass(frozen=True, kw_only=True)
class OpenPdk(Technology):
    """Model files in a Python distribution, some for each corner."""

    distribution: str
    """Its name on PyPI."""
    folder: str
    """Where the model files are, relative to the folder that the distribution is installed in."""
    corner_files: Mapping[str, tuple[str, ...]]

    @property
    def corners(self) -> tuple[str, ...]:
        return tuple(corner for corner in CORNERS if corner in self.corner_files)

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(path for corner in self.corners for path in self.files_at(corner)))

    @property
    def installed(self) -> str | None:
        return None if self._home() is None else f"{self.distribution} {importlib.metadata.version(self.distribution)}"

    def files_at(self, corner: str) -> tuple[Path, ...]:
        self.check_corner(corner)
        home = self._home()
        if home is None:
            raise EnvironmentFault(f"{self.name}: the package {self.distribution} is not installed: {self.install}")
        paths = tuple(home / name for name in self.corner_files[corner])
        if gone := next((path for path in paths if not path.is_file()), None):
            raise EnvironmentFault(
                f"{self.name}: {gone} is not there; install {self.distribution} again: {self.install}"
            )
        return paths

    def lib_line(self, corner: str) -> str:
        return "\n".join(f".include '{path}'" for path in self.files_at(corner))

    def _home(self) -> Path | None:
        try:
            found = importlib.metadata.distribution(self.distribution).locate_file(self.folder)
        except importlib.metadata.PackageNotFoundError:
            return None
        return Path(str(found))


def cell_minimum(width_m: float, core_length_m: float, thick_length_m: float) -> dict[str, float]:
    """The smallest sizes of the gain cell's devices: all of one width; select devices are core, the others thick."""
    widths = {f"gain_cell.{name}": width_m for name in ("wn", "wp", "wsn", "wsp", "wwn", "wwp")}
    lengths = {f"gain_cell.{name}": thick_length_m for name in ("lrn", "lrp", "lwr")}
    return {**widths, **lengths, "gain_cell.lsel": core_length_m}

"""Engines by name."""

from __future__ import annotations

from gaincell_char.errors import unknown_name
from gaincell_char.spice.types import Engine

ENGINES = ("batch", "session")


def open_engine(kind: str) -> Engine:
    """The engine `batch` (a process a deck) or `session` (libngspice stays loaded). They give the same numbers.

    Raises
    ------
    InputError
        No engine of that name.
    EnvironmentFault
        ngspice or libngspice is missing; names the Debian package.
    """
    if kind == "batch":
        from gaincell_char.spice.batch import BatchEngine

        return BatchEngine()
    if kind == "session":
        from gaincell_char.spice.session import SessionEngine

        return SessionEngine()
    raise unknown_name("engine", kind, ENGINES)

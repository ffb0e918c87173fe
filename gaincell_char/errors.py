"""The errors a user may see. Each is one line: what was given, what was expected, where, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GaincellError(Exception):
    """A failure with a message for the user. The command line prints it and exits with `exit_code`."""

    exit_code = 3


class InputError(GaincellError):
    """What the user gave cannot be used: a spec, a parameter, a file, a text (exit 2)."""

    exit_code = 2


class LimitError(GaincellError):
    """A result is outside a limit (exit 1)."""

    exit_code = 1


class EnvironmentFault(GaincellError):
    """The machine lacks something: ngspice, a package, disk space, a permission (exit 4)."""

    exit_code = 4


def unknown_name(kind: str, given: str, known: Iterable[str], where: str = "") -> InputError:
    """An `InputError` for a name that is not in `known`, with the nearest names offered."""
    names = sorted(known)
    close = difflib.get_close_matches(given, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(names)}"
    return InputError(f"{where + ': ' if where else ''}unknown {kind} {given!r}; {hint}")

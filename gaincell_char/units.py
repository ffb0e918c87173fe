"""SI numbers as users and netlists write them: `200n`, `0.9`, `5 m`, `1Meg`."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from gaincell_char.errors import InputError

# suffix -> power of ten; integers, so that 200n becomes the float nearest to 200e-9 (200 * 1e-9 is its neighbor)
SUFFIXES: dict[str, int] = {
    "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "": 0, "k": 3, "Meg": 6, "G": 9, "T": 12,
}  # fmt: skip
_LONGEST = 64
_HOW = "write it like 200n, 0.9 or 1e-9"
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"),
             (1e-12, "p"), (1e-15, "f"), (1e-18, "a"))  # fmt: skip
_NUMBER = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?)[ ]?([A-Za-zµμ]*)")


def parse_si(given: object, where: str = "value") -> float:
    """The float that `given` means: a number, or a text with an SI suffix (a f p n u µ m k Meg G T).

    A bare `M` is refused, because SPICE reads it as milli and everyone else as mega; so are unit letters
    (`1F` is 1e-15 to SPICE).

    Raises
    ------
    InputError
        Not a number, not finite, an unknown or ambiguous suffix; the message names `where`.
    """
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise InputError(f"{where}: {given!r} is not a number; {_HOW}")
    if isinstance(given, float):
        return _finite(float(given), given, where)
    if isinstance(given, int):
        return _finite(float(given) if given.bit_length() <= 1000 else math.inf, "an integer this large", where)
    match = _NUMBER.fullmatch(given) if len(given) <= _LONGEST else None
    if match is None:
        shown = given if len(given) <= _LONGEST else given[:_LONGEST] + "..."
        raise InputError(f"{where}: {shown!r} is not a number; {_HOW}")
    number, suffix = match.groups()
    if suffix == "M":
        raise InputError(f"{where}: {given!r} is ambiguous: SPICE reads {number} milli, others {number} mega; "
                         f"write {number}m or {number}Meg")  # fmt: skip
    if suffix not in SUFFIXES:
        raise InputError(f"{where}: {given!r} has an unknown suffix {suffix!r}; use one of a f p n u m k Meg G T, "
                         "without a unit letter")  # fmt: skip
    return _finite(float(Decimal(number).scaleb(SUFFIXES[suffix])), given, where)


def _finite(value: float, given: object, where: str) -> float:
    if not math.isfinite(value):
        raise InputError(f"{where}: {given!r} is not finite")
    return value


def format_si(value: float, unit: str = "", digits: int = 4) -> str:
    """`value` for people, with the nearest prefix: `format_si(1.2e-6, "A")` is `1.2 uA`."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}".rstrip()
    shown = abs(float(f"{value:.{digits}g}"))
    scale, prefix = next(((s, p) for s, p in _PREFIXES if shown >= s), _PREFIXES[-1])
    return f"{value / scale:.{digits}g} {prefix}{unit}".rstrip()

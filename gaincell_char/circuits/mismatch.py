"""Device mismatch: every sample is drawn here and written into the deck; no simulator draws anything.

A device's threshold and current factor move by z a / sqrt(W L) (Pelgrom, Duinmaijer and Welbers, IEEE J. Solid-State
Circuits 24, 1433, 1989), z standard normal, a from the technology, W and L as the netlist has them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping

import numpy as np

from gaincell_char.circuits.testbench import Mismatch, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.netlist import Statement
from gaincell_char.spice.subcircuits import specialize
from gaincell_char.spice.types import Deck
from gaincell_char.technology import Pelgrom, technology

_VALUE = r"\{[^}]*\}|'[^']*'|\S+"
_ONE = "dut"
MAX_SEED = 2**63 - 1


def vary(bench: Testbench, setting: Setting) -> Deck:
    """The deck of `setting`, its devices as its sample has them (`delvto` and `mulu0` of BSIM4).

    Raises
    ------
    InputError
        The testbench or the technology has no mismatch, no instance matches, a device without W, L or coefficients.
    """
    deck = bench.deck(setting)
    if setting.sample is None:
        return deck
    if bench.mismatch is None:
        raise InputError(
            f"{bench.circuit}.{bench.name}: this testbench does not say which devices vary; no Monte Carlo"
        )
    devices = technology(setting.technology)
    if not devices.mismatch:
        raise InputError(f"{devices.name}: no mismatch coefficients are known for this technology; no Monte Carlo")
    writer = _Writer(setting.seed, setting.sample, devices.mismatch)
    text = specialize(deck.text, lambda name: _identity(name, bench.mismatch), writer.line)
    if not writer.lines:
        raise InputError(
            f"{bench.circuit}.{bench.name}: no transistor in an instance like {bench.mismatch.instances!r} to vary"
        )
    return dataclasses.replace(deck, text=text)


def draw(seed: int, sample: int, device: str) -> tuple[float, float]:
    """Two standard normal numbers, for the threshold and for the current factor of `device` in `sample`: a function of
    these three alone, whatever else is drawn before, beside or after."""
    name = np.frombuffer(hashlib.sha256(device.lower().encode()).digest(), dtype="<u4")
    numbers = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, sample, *map(int, name)])))
    threshold, factor = numbers.standard_normal(2)
    return float(threshold), float(factor)


def _identity(name: str, mismatch: Mismatch | None) -> str | None:
    if mismatch is None or not re.fullmatch(mismatch.instances, name):
        return None
    return _ONE if mismatch.same else name


class _Writer:
    """Writes the lines of one sample's transistors."""

    def __init__(self, seed: int, sample: int, coefficients: Mapping[str, Pelgrom]) -> None:
        self.lines = 0
        self._seed, self._sample, self._coefficients = seed, sample, coefficients

    def line(self, device: str, line: Statement) -> str:
        """`m1 d g s b nfet w=.. l=..` with the shifts of this sample behind it."""
        model = line.words[5].lower() if len(line.words) > 5 else ""
        if model not in self._coefficients:
            known = ", ".join(sorted(self._coefficients))
            raise InputError(f"{line.where}: {device} is a {model!r}, without mismatch coefficients; known: {known}")
        given = {name.lower(): value for name, value in re.findall(rf"(\w+)\s*=\s*({_VALUE})", line.text)}
        if clash := next((name for name in ("delvto", "mulu0") if name in given), None):
            raise InputError(f"{line.where}: {device} sets {clash} itself; leave it to the sample")
        if missing := next((name for name in ("w", "l") if name not in given), None):
            raise InputError(f"{line.where}: {device} has no {missing}=; its mismatch follows from its area")
        area = "*".join(f"({given[name].strip('{}')})" for name in ("w", "l", "m") if name in given).replace("'", "")
        z_threshold, z_factor = draw(self._seed, self._sample, device)
        a = self._coefficients[model]
        self.lines += 1
        return (
            f"{line.text} delvto={{{z_threshold * a.vth_Vm!r}/sqrt({area})}} "
            f"mulu0={{1+{z_factor * a.beta_m!r}/sqrt({area})}}"
        )

"""What this machine's ngspice can do, found by trying: a version number says nothing of how a package was built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaincell_char.errors import GaincellError
from gaincell_char.spice.deck import build
from gaincell_char.spice.engine import open_engine
from gaincell_char.spice.simulator import Simulator, ask
from gaincell_char.spice.types import Engine, Waveforms

_TRANSISTOR = build(
    "a BSIM4 4.8 transistor",
    ["vg g 0 0.9", "vd d 0 0.9", "m1 d g 0 0 nch w=1e-7 l=3e-8", ".model nch nmos level=14 version=4.8"],
    ".dc vd 0 0.9 0.1 vg 0 0.9 0.3",
    ["i(vd)"],
)
_SOLVER = "solver\nv1 a 0 1\nr1 a 0 1\n.options klu\n.op\n.control\nop\nquit 0\n.endc\n.end\n"
AGREEMENT = 1e-6  # largest relative difference between the engines


@dataclass(frozen=True)
class Capability:
    """One thing tried: whether it works, and what was seen. The tool cannot do without the `required` ones."""

    name: str
    works: bool
    seen: str
    required: bool = True


def capabilities(simulator: Simulator) -> list[Capability]:
    """Try what the tool uses: both engines, a BSIM4 4.8 device, their agreement, and the KLU solver (optional)."""
    batch, seen_batch = _try_engine("batch")
    session, seen_session = _try_engine("session")
    found = [
        Capability("BSIM4 4.8 in the batch engine", batch is not None, seen_batch),
        Capability("BSIM4 4.8 in the session engine", session is not None, seen_session),
    ]
    if batch and session:
        ours, theirs = batch.vectors["i(vd)"], session.vectors["i(vd)"]
        apart = float(np.max(np.abs(ours - theirs)) / np.max(np.abs(ours)))
        found.append(Capability("the engines agree", apart <= AGREEMENT, f"{apart:.1g} apart"))
    klu = has_klu(simulator)
    found.append(Capability("KLU solver", klu, "used" if klu else "not built in; Sparse 1.3 is used", required=False))
    return found


def _try_engine(kind: str) -> tuple[Waveforms | None, str]:
    engine: Engine | None = None
    try:
        engine = open_engine(kind)
        return engine.run(_TRANSISTOR, timeout_s=30.0), engine.identity
    except GaincellError as error:
        return None, str(error)
    finally:
        if engine is not None:
            engine.close()


def has_klu(simulator: Simulator) -> bool:
    """Whether this ngspice was built with the KLU solver (one that was not ignores the option without a word)."""
    return "using klu" in ask(simulator.path, _SOLVER).lower()

"""A deck that failed is kept where a designer can run it by hand."""

from __future__ import annotations

from pathlib import Path

from gaincell_char.errors import EnvironmentFault
from gaincell_char.keys import digest, publish
from gaincell_char.paths import cache_folder
from gaincell_char.spice.staging import stage
from gaincell_char.spice.types import Deck, Engine, SimulationFailure, Waveforms


def run_deck(engine: Engine, deck: Deck, timeout_s: float = 120.0, folder: Path | None = None) -> Waveforms:
    """`engine.run`; the message of a failure ends with the path of the deck, kept in `folder` (`failed` in the cache).

    Raises
    ------
    SimulationFailure
        As the engine raises it, with the path added.
    """
    try:
        return engine.run(deck, timeout_s)
    except SimulationFailure as failure:
        place = _kept(deck, failure, folder or cache_folder() / "failed")
        raise SimulationFailure(failure.kind, f"{failure.message}; {place}", failure.log) from failure


def _kept(deck: Deck, failure: SimulationFailure, folder: Path) -> str:
    own = folder / digest(deck.text.encode())[:12]
    path = own / "deck.cir"
    by_hand = "by hand, in this folder: ngspice deck.cir, or: ngspice -n -b -r out.raw deck.cir"
    log = f"{failure}\n\n{by_hand}\n\n{failure.log}\n"
    try:
        publish(own / "why.log", log.encode())
        publish(path, stage(deck.text, own).encode())
    except (EnvironmentFault, OSError) as error:
        return f"the deck could not be kept ({error})"
    return f"deck: {path}"

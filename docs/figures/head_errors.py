"""Figure of docs/verification.md, pulse errors of 100 heads: python docs/figures/head_errors.py (an hour where none of
them is stored; `gaincell verify head --cases 100 --seed 11` leaves them in the same store)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import gaincell_char as gc
from gaincell_char.report.page import draw
from gaincell_char.report.svg import standalone
from gaincell_char.sweep.run import available_workers
from gaincell_char.verification import figures
from gaincell_char.verification.head import Request, default_store, prepare, simulate
from gaincell_char.verification.statistics import NOMINAL_LIMITS


def main() -> None:
    prepared = prepare(Request(cases=100, seed=11), gc.load_model("cmos28"))
    found = simulate(prepared, default_store(), available_workers(), lambda done, total, note: None)
    made = draw({"errors": partial(figures.errors, found.compared, NOMINAL_LIMITS["max_LSB"])})
    (Path(__file__).parent / "head_errors.svg").write_text(standalone(made["errors"]))


if __name__ == "__main__":
    main()

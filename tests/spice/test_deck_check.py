"""What ngspice would ignore, misread or execute is refused before the run, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaincell_char.spice.check import check
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure

GOOD = """divider, with a subcircuit
.param vin=1
.options reltol=1e-4 klu method = gear
.subckt half a b ratio=1 r={2*ratio}
R1 a b {r}
R2 b 0 1.5k ; one and a half
.ends half
V1 in 0 {vin} PULSE(0 1 1n
+ 1n 1n 5n 20n)
x1 in out half ratio = 2
.ic v(out)=0
.save v(out)
.tran 1n 20n
.end
"""


def _check(text: str) -> None:
    check(Deck(text, ("v(out)",)))


def test_a_good_deck_passes() -> None:
    _check(GOOD)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("divider, with a subcircuit", "", 1, "title"),
        ("divider, with a subcircuit", ".param first=1", 1, "title"),
        ("divider, with a subcircuit", "*ng_script", 1, "title"),
        ("R2 b 0 1.5k ; one and a half", "R2 b 0", 6, "4 words or more"),
        ("R2 b 0 1.5k", "R2 b 0 1M", 6, "SPICE reads 1 milli, others 1 mega; write 1m or 1Meg"),
        ("R2 b 0 1.5k", "C2 b 0 2F", 6, "SPICE reads 2 femto"),
        ("R2 b 0 1.5k", "R2 b 0 1k\x0bshell", 6, "control character"),
        ("R2 b 0 1.5k", "%2 b 0 1k", 6, "no element"),
        (".ends half", ".ends hal", 7, "half is open"),
        (".ends half\n", "", 4, "never closed"),
        (".ic v(out)=0", ".ends", 11, "no .subckt"),
        (".ic v(out)=0", ".control\nshell touch pwned\n.endc", 11, ".control"),
        (".ic v(out)=0", ".meas tran x find v(out) at=1n", 11, "drops .meas"),
        (".ic v(out)=0", ".frobnicate", 11, "would ignore"),
        (".ic v(out)=0", ".ac dec 1 1 10", 11, "not supported"),
        (".param vin=1", ".param vin=1 ln=2", 2, "ln is a function"),
        (".tran 1n 20n", ".tran 1n 20n uic", 13, ".ic and leave uic out"),
        ("x1 in out half", "x1 in out haf", 10, "did you mean half"),
    ],
)
def test_refused_with_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    with pytest.raises(SimulationFailure) as caught:
        _check(GOOD.replace(old, new))
    assert caught.value.kind is FailureKind.BAD_NETLIST
    assert caught.value.message.startswith(f"deck:{line}:"), caught.value.message
    assert says in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("ratio = 2", "ration = 2", "unknown parameter of half 'ration'; did you mean ratio"),
        ("reltol=1e-4", "reltl=1e-4", "did you mean reltol"),
    ],
)
def test_a_name_that_ngspice_would_ignore(old: str, new: str, says: str) -> None:
    with pytest.raises(SimulationFailure, match=says) as caught:
        _check(GOOD.replace(old, new))
    assert caught.value.kind is FailureKind.UNKNOWN_PARAMETER


@pytest.mark.parametrize(("old", "new"), [(".tran 1n 20n\n", ""), (".ic v(out)=0", ".op")])
def test_one_analysis(old: str, new: str) -> None:
    with pytest.raises(SimulationFailure, match="one analysis"):
        _check(GOOD.replace(old, new))


def test_a_fault_in_an_included_file_is_named_there(tmp_path: Path) -> None:
    inner = tmp_path / "cell.lib"
    inner.write_text("* cell\n.subckt cell a b\nr1 a b 1k\n+ tc1=0\nr2 a\n.ends\n")
    with pytest.raises(SimulationFailure, match=rf"{inner}:5: 'r2 a'"):
        _check(GOOD.replace(".ic v(out)=0", f".include '{inner}'"))
    inner.write_text("* cell\n.control\nshell touch pwned\n.endc\n")
    with pytest.raises(SimulationFailure, match=rf"{inner}:2: .*\.control"):
        _check(GOOD.replace(".ic v(out)=0", f".include '{inner}'"))


def test_an_edited_file_is_read_again(tmp_path: Path) -> None:
    inner = tmp_path / "cell.lib"
    text = GOOD.replace(".ic v(out)=0", f".include {inner}")
    inner.write_text("r9 out 0 1k\n")
    _check(text)
    inner.write_text("r9 out 0\n")
    with pytest.raises(SimulationFailure, match="r9 out 0"):
        _check(text)

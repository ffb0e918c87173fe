"""A stored result names the version of the code that measured it, so that code must not change under its version."""

from __future__ import annotations

import inspect

import pytest

from gaincell_char import keys
from gaincell_char.circuits import deck
from gaincell_char.circuits.testbench import circuit, circuits

SHARED = (deck.reading, deck.integral, deck.finite)
MEASURED_BY = {
    "gain_cell.iv": (1, "b919fb0dd28bff5a"),
    "gain_cell.pulse": (1, "b3de515f3398f79b"),
    "gain_cell.write": (1, "1bc0a9ab5dda0e16"),
    "gain_cell.retention": (1, "1a343f37005a937f"),
}


def fingerprint(bench) -> str:
    return keys.digest("".join(map(inspect.getsource, (*SHARED, bench.measure))).encode())[:16]


@pytest.mark.parametrize(
    "bench", [bench for name in circuits() for bench in circuit(name).testbenches], ids=lambda b: b.name
)
def test_the_measuring_code_is_the_one_of_its_version(bench) -> None:
    name = f"{bench.circuit}.{bench.name}"
    assert MEASURED_BY[name] == (bench.version, fingerprint(bench)), (
        f"{name}: the measuring code changed; raise its version where its numbers can differ, then write "
        f"{(bench.version, fingerprint(bench))} here"
    )

"""The RC circuit as a registered circuit, and what tests of sweeps share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import rc_bench

from gaincell_char.circuits import testbench
from gaincell_char.sweep.document import parse_document
from gaincell_char.sweep.section import validated
from gaincell_char.sweep.spec import Spec

SPEC = """
name: rc
testbench: rc.step
axes: {v_step_V: [0.5, 1.0, 2.0], rc.r: [1k, 2k]}
corners: [tt, ss]
"""


@pytest.fixture
def rc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The circuit `rc` is known; its netlists are in the folder given."""
    monkeypatch.setitem(testbench._MODULES, "rc", "rc_bench")
    folder = tmp_path / "netlists"
    rc_bench.write_netlists(folder)
    return folder


def make_spec(text: str = SPEC, **changes: Any) -> Spec:
    return validated(Spec, parse_document(text, "rc.yaml") | changes, "rc.yaml")


class Command:
    """`gaincell`, called in this process."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capfd, self._monkeypatch = capfd, monkeypatch

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        """Exit status, stdout, stderr."""
        from gaincell_char.cli.main import main

        self._monkeypatch.setattr(sys, "argv", ["gaincell", *map(str, arguments)])
        self._capfd.readouterr()
        try:
            main()
            status: object = 0
        except SystemExit as request:
            status = request.code
        out, err = self._capfd.readouterr()
        return int(status or 0), out, err  # type: ignore[call-overload]


@pytest.fixture
def gaincell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capfd, monkeypatch)

"""Both engines, and an ngspice that plays what it is told to."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_ngspice import FAKE, Play

from gaincell_char.spice.batch import BatchEngine
from gaincell_char.spice.engine import open_engine
from gaincell_char.spice.types import Engine


@pytest.fixture(scope="module", params=["batch", "session"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Each real engine in turn; needs the marker `ngspice`."""
    opened = open_engine(request.param)
    yield opened
    opened.close()


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """`play(stdout=, stderr=, raw=, script=)`: a batch engine whose ngspice prints, writes and ends as told."""
    folder = tmp_path / "fake"
    folder.mkdir()
    program = folder / "ngspice"
    program.write_text(FAKE.format(folder=folder))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("GAINCELL_NGSPICE", str(program))

    def set_up(*, stdout: str = "", stderr: str = "", raw: bytes | None = None, script: str = "exit 0") -> BatchEngine:
        (folder / "stdout").write_text(stdout)
        (folder / "stderr").write_text(stderr)
        (folder / "script").write_text(script + "\n")
        if raw is not None:
            (folder / "out.raw").write_bytes(raw)
        return BatchEngine()

    return set_up


@pytest.fixture
def fake_folder(tmp_path: Path) -> Path:
    """Where `play` keeps what it plays, and the pid of its last run."""
    return tmp_path / "fake"

"""The ngspice of this machine: where it is, and what it says of itself. Nothing here assumes a version."""

from __future__ import annotations

import ctypes.util
import functools
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gaincell_char.errors import EnvironmentFault
from gaincell_char.keys import digest

PROGRAM_VARIABLE = "GAINCELL_NGSPICE"
LIBRARY_VARIABLE = "NGSPICE_LIBRARY_PATH"
# what the user's shell may hold that changes how ngspice reads a deck or writes a result
_MEDDLING = ("SPICE_ASCIIRAWFILE", "SPICE_USERINIT_DIR", "NGSPICE_INPUT_DIR", "NGSPICE_MEAS_PRECISION", "LANGUAGE")


@dataclass(frozen=True)
class Simulator:
    """The ngspice program. `about` is what it prints of its version and build options."""

    path: Path
    version: str
    about: str

    @property
    def identity(self) -> str:
        """Version and build, for keys: `ngspice-39 build 1f0c2ab9`."""
        return f"ngspice-{self.version} build {digest(self.about.encode())[:8]}"


def environment() -> dict[str, str]:
    """The environment of an ngspice process: one thread (ngspice's OpenMP makes two workers 100 times slower than one),
    a decimal point, and nothing of the user's that reaches into a run."""
    kept = {name: value for name, value in os.environ.items() if name not in _MEDDLING and not name.startswith("LC_")}
    return kept | {"LC_ALL": "C", "OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}


def program() -> Path:
    """The path of ngspice: `$GAINCELL_NGSPICE`, else the first one on PATH.

    Raises
    ------
    EnvironmentFault
        There is none.
    """
    named = os.environ.get(PROGRAM_VARIABLE)
    found = shutil.which(named or "ngspice")
    if found is None:
        where = f"{PROGRAM_VARIABLE} names {named!r}, which cannot be run" if named else "no ngspice on PATH"
        raise EnvironmentFault(f"{where}; install the Debian package ngspice (and libngspice0 for the session engine), "
                               f"or set {PROGRAM_VARIABLE} to the program")  # fmt: skip
    return Path(found).resolve()


def library() -> Path:
    """The full path of the ngspice shared library: `$NGSPICE_LIBRARY_PATH`, else what the dynamic linker knows.

    Raises
    ------
    EnvironmentFault
        There is none.
    """
    named = os.environ.get(LIBRARY_VARIABLE)
    if named:
        if Path(named).is_file():
            return Path(named).resolve()
        raise EnvironmentFault(f"{LIBRARY_VARIABLE} names {named!r}, which is no file; unset it or give the full path")
    soname = ctypes.util.find_library("ngspice")
    path = _linker_path(soname) if soname else None
    if path is None:
        raise EnvironmentFault("no libngspice on this machine; install the Debian package libngspice0, "
                               f"or set {LIBRARY_VARIABLE} to the library's full path")  # fmt: skip
    return path


def _linker_path(soname: str) -> Path | None:
    """Where the dynamic linker finds `soname` (find_library gives a name without a folder)."""
    if Path(soname).is_absolute():
        return Path(soname)
    ldconfig = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if ldconfig is None:
        return None
    listing = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False, env=environment()).stdout
    match = re.search(rf"^\s*{re.escape(soname)} \(.*\) => (\S.*)$", listing, re.MULTILINE)
    return Path(match[1]) if match else None


def simulator() -> Simulator:
    """The ngspice of this machine, asked once a process for its version.

    Raises
    ------
    EnvironmentFault
        There is none, or it does not answer as ngspice does.
    """
    path = program()
    return _ask(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _ask(path: Path, modified_ns: int) -> Simulator:
    about = describe(ask(path, "version\n.control\nversion -f\nquit 0\n.endc\n.end\n"))
    match = re.search(r"ngspice-(\d[\w.+-]*)", about)
    if match is None:
        raise EnvironmentFault(
            f"{path} does not answer as ngspice does; install the Debian package ngspice, "
            f"or set {PROGRAM_VARIABLE} to the program"
        )
    return Simulator(path, match[1], about)


def ask(path: Path, question: str) -> str:
    """What the ngspice at `path` prints (stdout, then stderr) when it runs a deck with a `.control` block of ours.

    Raises
    ------
    EnvironmentFault
        It does not run.
    """
    with tempfile.TemporaryDirectory(prefix="gaincell-") as folder:
        deck = Path(folder, "question.cir")
        deck.write_text(question, encoding="ascii")
        try:
            run = subprocess.run(
                [path, "-n", "-b", deck],
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=30,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnvironmentFault(f"{path} does not run ({error}); reinstall the Debian package ngspice") from error
    return run.stdout + run.stderr


def describe(output: str) -> str:
    """The lines that `version -f` prints, without their frame."""
    lines = (re.match(r"\*\*\s+(.*)", line.strip()) for line in output.splitlines())
    return "\n".join(match[1].strip() for match in lines if match and match[1].strip())

"""A deck in a folder of its own, with all that it includes: to be moved, read, changed, run by `ngspice deck.cir`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from gaincell_char.errors import EnvironmentFault
from gaincell_char.keys import publish
from gaincell_char.spice.netlist import included_files
from gaincell_char.spice.rawfile import Plot, RawFileError, read_raw
from gaincell_char.spice.simulator import environment, simulator
from gaincell_char.spice.types import Deck, FailureKind
from gaincell_char.spice.verdict import Outcome

DECK, LOG, RAW, INCLUDES = "deck.cir", "deck.log", "deck.raw", "includes"
_CONTROL = """.control
run
write {raw} {vectors}
if $?batchmode
  quit 0
end
echo the vectors are in {raw}, and can be plotted: plot {first}
.endc
.end
"""


def write_folder(deck: Deck, folder: Path) -> Path:
    """Write `deck` and copies of all its files to `folder`; returns the path of the deck. The copies keep their places
    to each other, so what includes its neighbor still does.

    Raises
    ------
    EnvironmentFault
        The folder cannot be written.
    InputError
        An included file cannot be read.
    """
    files = sorted({*deck.files, *included_files(deck.text)})
    places = _places(files)
    text = _relocated(deck.text, places)
    body = text.rstrip().removesuffix(".end")
    vectors = " ".join(deck.vectors)
    publish(folder / DECK, (body + _CONTROL.format(raw=RAW, vectors=vectors, first=deck.vectors[0])).encode())
    for path, place in places.items():
        content = path.read_text(encoding="utf-8")
        publish(folder / place, _relocated(content, places, Path(place).parent).encode())
    return folder / DECK


def _places(files: list[Path]) -> dict[Path, str]:
    """Where each file goes, relative to the folder."""
    if not files:
        return {}
    common = Path(os.path.commonpath([path.parent for path in files]))
    return {path: f"{INCLUDES}/{path.relative_to(common).as_posix()}" for path in files}


def _relocated(text: str, places: dict[Path, str], start: Path = Path()) -> str:
    """`text` with absolute paths replaced by the way from `start` to the copies."""
    for path in sorted(places, key=lambda each: len(str(each)), reverse=True):
        text = text.replace(str(path), Path(os.path.relpath(places[path], start)).as_posix())
    return text


def run_folder(folder: Path, timeout_s: float) -> Outcome:
    """Run the deck in `folder` as a designer would (but without the user's `.spiceinit`), leave `deck.log` and
    `deck.raw` there, and return what came of it.

    Raises
    ------
    EnvironmentFault
        No ngspice.
    """
    command = [str(simulator().path), "-n", "-b", DECK]
    fault: tuple[FailureKind, str] | None = None
    try:
        done = subprocess.run(command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=timeout_s, check=False)  # fmt: skip
        code, out, err = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        code, out, err = 1, late.stdout or b"", late.stderr or b""
        fault = FailureKind.TIMEOUT, f"no result after {timeout_s:g} s; the simulator was stopped"
    except OSError as error:
        raise EnvironmentFault(f"{command[0]}: cannot be run ({error.strerror})") from error
    publish(folder / LOG, out + err)
    plots: tuple[Plot, ...] = ()
    try:
        plots = read_raw(folder / RAW)
    except FileNotFoundError:
        pass
    except RawFileError as error:
        fault = fault or (FailureKind.INCOMPLETE, str(error))
    return Outcome(out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), plots, code, fault)


def clear(folder: Path) -> None:
    """Remove what an earlier `write_folder` and `run_folder` left in `folder`, and nothing else."""
    for name in (DECK, LOG, RAW):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / INCLUDES, ignore_errors=True)

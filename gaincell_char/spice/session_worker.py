"""The process behind a session: libngspice through PySpice, one deck after the other, nothing judged here.

A process of its own, because a fatal error, a hang or a crash of the library takes its process with it, and because the
thread limit, the user's start-up files and the working folder belong to a process.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySpice.Spice.NgSpice import Shared

from gaincell_char.spice.rawfile import Plot, canonical
from gaincell_char.spice.simulator import describe
from gaincell_char.spice.staging import stage
from gaincell_char.spice.verdict import Outcome

_VOLTAGE = 3  # vector types of ngspice (sim.h)


class Session(Shared.NgSpiceShared):  # type: ignore[misc]
    """PySpice's shared-library session, with messages collected and nothing decided: PySpice takes a note on stderr for
    a failure, and does not see an ignored parameter."""

    exited = False

    @staticmethod
    def _send_char(message: Any, ngspice_id: int, user_data: Any) -> int:
        session = Shared.ffi.from_handle(user_data)
        stream, _, content = Shared.ffi.string(message).decode("utf-8", "replace").partition(" ")
        (session._stderr if stream == "stderr" else session._stdout).append(content)
        return 0

    @staticmethod
    def _exit(status: int, immediate: bool, quit_exit: bool, ngspice_id: int, user_data: Any) -> int:
        Shared.ffi.from_handle(user_data).exited = True
        return int(status)

    def command(self, command: str) -> None:
        """Run one command; what it says is added to the messages. The library's return code means nothing."""
        self._number_of_exec_calls += 1
        if self._number_of_exec_calls % 1000 == 0:
            self._ngspice_shared.ngSpice_Command(Shared.FFI.NULL)  # frees the library's command history
        self._ngspice_shared.ngSpice_Command(command.encode("ascii"))

    def exec_command(self, command: str, join_lines: bool = True) -> Any:
        """What PySpice's own start-up calls: the answer of one command."""
        self.clear_output()
        self.command(command)
        return self.stdout if join_lines else self._stdout

    def run_deck(self, text: str) -> Outcome:
        """Run a deck from scratch. Plots left by earlier runs are destroyed first: after a failed run the old one would
        still be current, and would be taken for the result."""
        self.clear_output()
        self.command("destroy all")
        self._load(text.splitlines())
        if not self.exited and self._loaded():
            self.command("run")
        plots = () if self.exited else tuple(map(self._plot, self._new_plots()))
        if not self.exited:
            self.command("destroy all")
            self.command("remcirc")
        return Outcome("\n".join(self._stdout), "\n".join(self._stderr), plots)

    def about(self) -> str:
        return describe(self.exec_command("version -f"))

    def _load(self, lines: Sequence[str]) -> None:
        # empty lines would be dropped, and with them the line numbers in messages
        kept = [Shared.ffi.new("char[]", (line if line.strip() else "*").encode("utf-8")) for line in lines]
        self._ngspice_shared.ngSpice_Circ(Shared.ffi.new("char *[]", [*kept, Shared.FFI.NULL]))

    def _loaded(self) -> bool:
        return not any("circuit not parsed" in line or "aren't any circuits" in line for line in self._stderr)

    def _new_plots(self) -> list[str]:
        return [str(name) for name in reversed(self.plot_names) if name != "const"]

    def _plot(self, name: str) -> Plot:
        vectors = self._ngspice_shared.ngSpice_AllVecs(name.encode("ascii"))
        read = [self._vector(name, vector) for vector in self._convert_string_array(vectors)]
        # the library lists vectors in no useful order; a raw file has the sweep variable first
        ordered = sorted(read, key=lambda vector: vector[0] not in _SCALES)
        points = max((values.size for _, values in ordered), default=0)
        whole = [vector for vector in ordered if vector[1].size == points]
        data = np.array([values for _, values in whole]) if whole else np.empty((0, 0))
        kind = next((title for prefix, title in _KINDS.items() if name.startswith(prefix)), name)
        return Plot(kind, tuple(vector for vector, _ in whole), data)

    def _vector(self, plot: str, name: str) -> tuple[str, npt.NDArray[Any]]:
        """Canonical name and a copy of the values: the library has one record, which its next answer overwrites."""
        info = self._ngspice_shared.ngGet_Vec_Info(f"{plot}.{name}".encode())
        if info == Shared.FFI.NULL:
            return name, np.empty(0)
        return canonical(name, "voltage" if info.v_type == _VOLTAGE else ""), _values(info)


_KINDS = {"op": "Operating Point", "dc": "DC transfer characteristic", "tran": "Transient Analysis"}
_SCALES = ("time", "frequency", "v-sweep", "i-sweep", "temp-sweep", "res-sweep")


def _values(info: Any) -> npt.NDArray[Any]:
    if info.v_compdata != Shared.FFI.NULL:
        return np.frombuffer(Shared.ffi.buffer(info.v_compdata, info.v_length * 16), np.complex128).copy()
    if info.v_realdata == Shared.FFI.NULL:
        return np.empty(0)
    return np.frombuffer(Shared.ffi.buffer(info.v_realdata, info.v_length * 8), np.float64).copy()


def _end_with_owner(descriptor: int, folder: Path) -> None:
    """A killed owner must not leave a simulation running: wait until the other end hangs up."""
    hung_up = select.poll()
    hung_up.register(descriptor, 0)
    hung_up.poll()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main() -> None:
    """Serve decks on the connection whose file descriptor is the first argument, in the folder that is the second."""
    connection = Connection(int(sys.argv[1]))
    folder = Path(sys.argv[2])
    threading.Thread(target=_end_with_owner, args=[connection.fileno(), folder], daemon=True).start()
    # ngspice looks for a start-up file here before it looks in the user's home
    (folder / ".spiceinit").write_text("set num_threads=1\n", encoding="ascii")
    os.chdir(folder)
    os.environ["HOME"] = os.environ["SPICE_USERINIT_DIR"] = str(folder)
    session = Session()
    connection.send(session.about())
    with contextlib.suppress(EOFError):
        while not session.exited:
            connection.send((session.run_deck(stage(connection.recv(), folder)), session.exited))

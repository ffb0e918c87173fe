"""A circuit with a closed form, for the tests of sweep/: the charging of an RC low pass through netlists of its own.

v(t) = v_step (1 - exp(-t / (r c))). The resistor sits two includes down, behind a corner: tt, ff, ss scale r.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gaincell_char.circuits.testbench import Axis, Circuit, Parameter, Setting, Testbench
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms

PARAMETERS = (
    Parameter("rc.r", 1e3, "ohm", 1.0, 1e6, "resistor"),
    Parameter("rc.c", 1e-9, "F", 1e-12, 1e-6, "capacitor"),
)
AXES = (
    Axis("time_s", "s", (0.5e-6, 1e-6, 2e-6), True, "when the output is read"),
    Axis("v_step_V", "V", (1.0,), False, "height of the step"),
    Axis("v_start_V", "V", (0.0,), False, "output before the step"),
)
CORNER_SCALE = {"tt": 1.0, "ff": 0.9, "ss": 1.1}
FOLDER = Path()


def write_netlists(folder: Path) -> None:
    """`rc.lib` includes `devices.lib`, which includes `values.lib`."""
    global FOLDER
    FOLDER = folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "values.lib").write_text(".param unit=1\n")
    sections = "".join(f".lib {c}\n.param scale={s}\n.endl {c}\n" for c, s in CORNER_SCALE.items())
    (folder / "devices.lib").write_text(sections)
    include = f'.include "{folder / "values.lib"}"'
    body = ".subckt rc in out r=1k c=1n\nr1 in out {r*scale*unit}\nc1 out 0 {c}\n.ends rc"
    (folder / "rc.lib").write_text(f"{include}\n{body}\n")


def deck(setting: Setting) -> Deck:
    step, start = setting.axes["v_step_V"][0], setting.axes["v_start_V"][0]
    stop = max(setting.axes["time_s"])
    r, c = setting.parameters["rc.r"], setting.parameters["rc.c"]
    files = (FOLDER / "devices.lib", FOLDER / "rc.lib")
    lines = [
        "rc step",
        f'.lib "{files[0]}" {setting.corner}',
        f'.include "{files[1]}"',
        f".temp {float(setting.temperature_C)!r}",
        f"vin in 0 dc {float(step)!r}",
        f"x1 in out rc r={float(r)!r} c={float(c)!r}",
        f".ic v(out)={float(start)!r}",
        f".options reltol={float(setting.numerics['reltol'])!r}",
        f".tran {stop / 200!r} {stop!r} 0 {stop / 200!r}",
        ".end",
    ]
    return Deck("\n".join(lines) + "\n", ("v(out)",), files)


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    if setting.axes["v_step_V"][0] < 0:
        raise SimulationFailure(FailureKind.MEASURE_FAILED, "a step below 0 V", "the log")
    rows = []
    for time in setting.axes["time_s"]:
        value = float(np.interp(time, waveforms.scale, waveforms.vectors["v(out)"]))
        row = {"time_s": time, "v_step_V": setting.axes["v_step_V"][0], "v_start_V": setting.axes["v_start_V"][0]}
        rows.append(row | {"v_out_V": value})
    return rows


BENCH = Testbench(
    circuit="rc", name="step", summary="charging", parameters=PARAMETERS, axes=AXES, columns={"v_out_V": "V"},
    version=1, deck=deck, measure=measure, numerics={"reltol": 1e-4},
)  # fmt: skip
CIRCUIT = Circuit(name="rc", summary="RC low pass", netlist="rc.lib", parameters=PARAMETERS, testbenches=(BENCH,))


def analytic(time_s: float, step_V: float, start_V: float, r: float, c: float) -> float:
    return float(step_V + (start_V - step_V) * np.exp(-time_s / (r * c)))


class AnalyticEngine:
    """An engine that knows the answer: for tests of everything but the simulator."""

    identity = "analytic-1"

    def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
        words = {line.split()[0]: line.split() for line in deck.text.splitlines() if line}
        r, c = (float(words["x1"][i].split("=")[1]) for i in (4, 5))
        step, start = float(words["vin"][4]), float(words[".ic"][1].split("=")[1])
        corner = words[".lib"][-1]
        time = np.linspace(0, float(words[".tran"][2]), 2001)
        out = np.array([analytic(t, step, start, r * CORNER_SCALE[corner], c) for t in time])
        return Waveforms("time", time, {"v(out)": out})

    def close(self) -> None:
        pass

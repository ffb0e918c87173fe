"""The wire network of gaincell_char.array against ngspice: a mesh of its own law's cells, and one of transistors."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from gaincell_char.array import tile_of
from gaincell_char.behavior.schema import TileCurrent, Wires
from gaincell_char.circuits.array.patterns import NAMES, pattern
from gaincell_char.circuits.deck import assemble, number
from gaincell_char.circuits.gain_cell.cell import NETLIST as CELL_NETLIST
from gaincell_char.circuits.gain_cell.cell import PARAMETERS as CELL_PARAMETERS
from gaincell_char.circuits.gain_cell.cell import hold, instance, sources
from gaincell_char.circuits.settings import parameter_values
from gaincell_char.circuits.testbench import Setting
from gaincell_char.fit.array import fit_tile_current
from gaincell_char.spice.batch import BatchEngine
from gaincell_char.sweep.dataset import Dataset

pytestmark = pytest.mark.ngspice
Characterize = Callable[..., pd.DataFrame]
Array = npt.NDArray[np.float64]
UNIT_A = 1.2349e-7
FULL_SCALE = 80.0
"""Unit currents of the converter's full scale."""


def wires(bl_ohm: float, rail_ohm: float) -> Wires:
    return Wires(
        bl_resistance_ohm=bl_ohm,
        bl_capacitance_F=0.0,
        wl_resistance_ohm=0.0,
        wl_capacitance_F=0.0,
        rail_resistance_ohm=rail_ohm,
    )


def fitted(name: str, frames: list[pd.DataFrame]) -> TileCurrent:
    frame = pd.concat(frames, ignore_index=True).assign(
        corner="tt", temperature_C=27.0, vdd_V=0.9, status="ok", reason=""
    )
    return fit_tile_current(Dataset(frame, {"testbench": name, "parameters": {"gain_cell.bl_V": 0.45}}))


@pytest.fixture(scope="module")
def direct(characterize: Characterize) -> TileCurrent:
    points = itertools.product((0.0, 0.015, 0.03), repeat=2)
    return fitted(
        "array.direct",
        [characterize("array.direct", axes={"vss_rise_V": (rise,), "vdd_drop_V": (drop,)}) for rise, drop in points],
    )


@pytest.fixture(scope="module")
def off_A(engine: BatchEngine) -> Array:
    """What leaks from the bit line into a cell whose row is off, at each of the 8 levels (A)."""
    values = parameter_values(Setting(), CELL_PARAMETERS)
    lines = [
        *sources(vdd=0.9, st=0.0, bl=0.45, wlr=0.0, wlrb=0.9),
        *hold(values),
        instance("x1", "wbl wwl wwlb st wlr wlrb bl vdd 0", values),
        f".dc vst 0 0.9 {number(0.9 / 7)}",
    ]
    numerics = {"gmin": 1e-18, "reltol": 1e-8, "abstol": 1e-18, "vntol": 1e-11}
    return -engine.run(assemble("off", Setting(), CELL_NETLIST, numerics, lines, ["i(vbl)"])).vectors["i(vbl)"]


def against_transistors(
    characterize: Characterize, law: TileCurrent, off_A: Array, number: int, rows: int, bl_ohm: float, rail_ohm: float,
    columns: tuple[float, ...] = (0.0, 42.0),
) -> tuple[float, float]:  # fmt: skip
    """Largest error of the ideal and of the exact tier, of full scale; leaks of rows that are off added."""
    found = characterize(
        "array.dc",
        parameters={"array.rows": float(rows), "array.bl_ohm": bl_ohm, "array.rail_ohm": rail_ohm},
        axes={"pattern": (float(number),), "column": columns},
    )
    applied = pattern(number, rows, 64)
    levels, on = applied.levels[:, found["column"].astype(int)], (applied.widths > 0).astype(float)[:, np.newaxis]
    leaks = np.where(on, 0.0, off_A[np.rint(levels * 7).astype(int)]).sum(axis=0)
    truth = (found["current_A"].to_numpy() - leaks) / UNIT_A
    one = tile_of(law, wires(bl_ohm, rail_ohm), UNIT_A)
    ideal, exact = (
        np.abs(one.currents(levels * 0.9, on, tier)[:, 0] - truth).max() / FULL_SCALE for tier in ("ideal", "exact")
    )
    return float(ideal), float(exact)


def test_the_law_of_the_direct_currents_is_exact_at_the_levels(direct: TileCurrent) -> None:
    assert direct.powers[0] == (0, 0, 0)
    assert direct.error.maximum_relative < 5e-4
    assert direct.error.n_held_out > 1000


@pytest.mark.parametrize("number", range(5), ids=NAMES)
def test_direct_current_of_transistors_on_resistive_bit_lines(
    characterize: Characterize, direct: TileCurrent, off_A: Array, number: int
) -> None:
    """Sixteen cells on segments of 100 ohm drop as 64 cells on 6 ohm do. Rails as good as the netlist allows."""
    ideal, exact = against_transistors(characterize, direct, off_A, number, 16, 100.0, 1e-4)
    assert exact < 1e-6
    assert ideal > 50 * exact


def test_direct_current_of_transistors_on_resistive_rails(
    characterize: Characterize, direct: TileCurrent, off_A: Array
) -> None:
    """The law's polynomial in three shifts costs more than the network that is solved with it."""
    for pattern_number in (2, 3):
        ideal, exact = against_transistors(characterize, direct, off_A, pattern_number, 16, 30.0, 15.0)
        assert exact < 1e-4
        assert ideal > 200 * exact


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("bl_ohm", [0.5, 10.0])
@pytest.mark.parametrize("number", range(5), ids=NAMES)
def test_direct_current_of_64_x_64_transistor_cells(
    characterize: Characterize, direct: TileCurrent, off_A: Array, number: int, bl_ohm: float
) -> None:
    every = tuple(float(column) for column in range(64))
    _, exact = against_transistors(characterize, direct, off_A, number, 64, bl_ohm, 1e-4, every)
    assert exact < 1e-6


def sources_of(law: TileCurrent, stored: Array, on: Array, bl_ohm: float, rail_ohm: float) -> list[str]:
    """One column of 64 whose cells are the law itself, as behavioral sources; shifts are the voltages of its nodes."""
    lines = ["vclamp b 0 0", "vvss s 0 0", "vvdd d 0 0"]
    for row, (store, is_on) in enumerate(zip(stored, on, strict=True)):
        near = "" if row == 0 else str(row - 1)
        for line, ohm in (("b", bl_ohm), ("s", rail_ohm), ("d", rail_ohm)):
            lines.append(f"r{line}{row} {line}{near} {line}{row} {number(ohm)}")
        if is_on:
            x, y, z = f"v(b{row})", f"v(s{row})", f"v(d{row})"
            for name, functions, ends in (("n", law.sink_A, f"b{row} s{row}"), ("p", law.source_A, f"d{row} b{row}")):
                terms = "+".join(
                    "*".join([f"({number(float(function(store)))})", *[x] * a, *[y] * b, *[f"(-{z})"] * c])
                    for function, (a, b, c) in zip(functions, law.powers, strict=True)
                )
                lines.append(f"b{name}{row} {ends} i={terms}")
    return lines


@pytest.mark.parametrize(("number", "bl_ohm", "rail_ohm"), [(0, 10.0, 1e-3), (2, 0.5, 1e-3), (3, 10.0, 10.0)])
def test_a_mesh_of_the_laws_own_cells_is_solved_to_rounding(
    engine: BatchEngine, direct: TileCurrent, number: int, bl_ohm: float, rail_ohm: float
) -> None:
    """The wire solver alone: 64 cells, the polynomial that it is given as ngspice's behavioral sources."""
    applied = pattern(number, 64, 64)
    stored, on = applied.levels[:, [9]] * 0.9, (applied.widths > 0).astype(float)[:, np.newaxis]
    numerics = {"gmin": 1e-18, "reltol": 1e-9, "abstol": 1e-18, "vntol": 1e-12}
    lines = [*sources_of(direct, stored[:, 0], on[:, 0], bl_ohm, rail_ohm), ".op"]
    found = engine.run(assemble("law", Setting(), CELL_NETLIST, numerics, lines, ["i(vclamp)"]))
    exact = tile_of(direct, wires(bl_ohm, rail_ohm), UNIT_A).currents(stored, on)
    assert -found.vectors["i(vclamp)"][0] / UNIT_A == pytest.approx(exact[0, 0], abs=1e-8 * FULL_SCALE)


@pytest.fixture(scope="module")
def read(characterize: Characterize) -> TileCurrent:
    """The law of a read pulse at the levels and between, on a coarse grid of shifts."""
    axes = {
        "v_store_V": tuple(np.linspace(0, 0.9, 15).round(12)),
        "bl_shift_V": (-0.03, -0.015, 0.0, 0.015, 0.03),
    }
    points = itertools.product((0.0, 0.01), repeat=2)
    return fitted(
        "array.read",
        [
            characterize("array.read", axes={**axes, "vss_rise_V": (rise,), "vdd_drop_V": (drop,)})
            for rise, drop in points
        ],
    )


@pytest.fixture(scope="module")
def fixed_C(characterize: Characterize) -> Array:
    """What a pulse brings beside its current, at each level: the intercept of charge over width."""
    levels = tuple(np.linspace(0, 0.9, 8).round(12))
    short, long = (
        characterize("gain_cell.pulse", axes={"v_store_V": levels, "pulse_s": (width,)})["charge_C"].to_numpy()
        for width in (5e-9, 10e-9)
    )
    return np.asarray(2 * short - long)


def test_charge_of_pulses_of_many_widths_and_what_the_kick_is_worth(
    characterize: Characterize, direct: TileCurrent, read: TileCurrent, fixed_C: Array
) -> None:
    """Twelve cells on 150 ohm. Quasi-static charge with the law of a read pulse agrees; that of a direct current, which
    does not know that the pulse kicks the store, is far off: so the kick is the residual."""
    found = characterize(
        "array.pwm",
        parameters={"array.rows": 12.0, "array.bl_ohm": 150.0, "array.rail_ohm": 1e-4},
        axes={"pattern": (0.0,), "column": (5.0,)},
    )
    applied = pattern(0, 12, 64)
    levels, pulses = applied.levels[:, [5]], applied.widths[:, np.newaxis]
    fixed = np.where(pulses > 0, fixed_C[np.rint(levels * 7).astype(int)], 0.0).sum(axis=0)
    truth = (found["charge_C"].to_numpy() - fixed) / UNIT_A / 15e-9
    errors = {
        name: np.abs(tile_of(law, wires(150.0, wire), UNIT_A).charges(levels * 0.9, pulses, tier)[:, 0] - truth).max()
        for name, law, wire, tier in (
            ("exact", read, 0.0, "exact"),
            ("ideal", read, 0.0, "ideal"),
            ("no kick", direct, 0.0, "exact"),
        )
    }
    assert errors["exact"] / FULL_SCALE < 5e-4
    assert errors["exact"] < 5e-4 * truth.max()
    assert errors["exact"] < errors["ideal"] / 5
    assert errors["no kick"] > 100 * errors["exact"]

"""The tile's netlist and testbenches: patterns, decks, what is refused, delays, columns that do not know each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gaincell_char.circuits.array.patterns import NAMES, pattern
from gaincell_char.circuits.array.tile import NETLIST, PARAMETERS, column
from gaincell_char.circuits.deck import assemble, number
from gaincell_char.circuits.gain_cell.cell import NETLIST as CELL_NETLIST
from gaincell_char.circuits.settings import parameter_values
from gaincell_char.circuits.testbench import Setting, testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.batch import BatchEngine

Characterize = Callable[..., pd.DataFrame]


def test_patterns_are_distinct_and_one_has_no_symmetry() -> None:
    tiles = [pattern(number, 64, 64) for number in range(len(NAMES))]
    for one in tiles:
        assert one.levels.shape == (64, 64)
        assert one.widths.shape == (64,)
        np.testing.assert_allclose(one.levels * 7, np.rint(one.levels * 7), atol=1e-9)
        assert 0 <= one.widths.min() <= one.widths.max() <= 1
    corner = pattern(NAMES.index("corner"), 64, 64).levels
    for turned in (corner.T, corner[::-1], corner[:, ::-1], corner[::-1, ::-1]):
        assert np.abs(corner - turned).max() > 0.5
    with pytest.raises(InputError, match=r"pattern 7: expected one of 0 full, .* 4 halves"):
        pattern(7, 64, 64)


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("array.dc", {"parameters": {"array.bl_ohm": 0.0}}, "array.bl_ohm: 0 ohm is outside"),
        ("array.dc", {"axes": {"pattern": (2.5,)}}, "pattern 2.5"),
        ("array.pwm", {"parameters": {"array.rows": 0.0}}, "array.rows"),
        ("array.bit_line", {"parameters": {"array.rows": 8.0}}, "the column has the rows 0 to 7"),
    ],
)
def test_what_is_no_tile_is_refused(name: str, setting: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        testbench(name).deck(Setting(**setting))  # type: ignore[arg-type]


def test_a_deck_of_the_nominal_tile_leaves_sizes_to_the_netlist() -> None:
    small = testbench("array.dc").deck(Setting(axes={"column": (3.0,)}))
    assert "array_cell\n" in small.text
    wider = testbench("array.dc").deck(Setting(axes={"column": (3.0,)}, parameters={"gain_cell.wn": 1e-7}))
    assert wider.text.count("array_cell wn=1e-07") == 64


@pytest.mark.ngspice
def test_a_column_by_itself_is_the_column_of_a_tile_that_is_wired_as_built(engine: BatchEngine) -> None:
    """Word lines run through all columns of the wired tile; they carry no direct current, so nothing else changes."""
    rows = columns = 5
    wires = {"array.rows": float(rows), "array.bl_ohm": 100.0, "array.rail_ohm": 50.0, "array.wl_ohm": 10.0}
    applied = pattern(3, rows, columns)
    values = parameter_values(Setting(parameters=wires), PARAMETERS)
    alone, wired = (
        engine.run(_tile(applied.levels * 0.9, applied.widths > 0, values, through)) for through in (False, True)
    )
    for index in range(columns):
        one, other = (each.vectors[f"i(vb{index})"][0] for each in (alone, wired))
        assert one == pytest.approx(other, rel=1e-9)
    assert abs(alone.vectors["i(vb0)"][0]) > 1.2 * abs(alone.vectors["i(vb2)"][0])


def _tile(stored: np.ndarray, on: np.ndarray, values: dict[str, float], through: bool):  # type: ignore[no-untyped-def]
    """A direct-current deck: the columns side by side, or wired to each other by their word lines."""
    rows, columns = stored.shape
    lines = ["vhi hi 0 0.9"]
    for index in range(columns):
        words = [("hi", "0") if row else ("0", "hi") for row in on]
        if through and index > 0:
            words = [(f"g{row}_{index - 1}", f"h{row}_{index - 1}") for row in range(rows)]
        lines += column(index, words, values, 0.9)
        lines += [f"vq{row}_{index} q{row}_{index} s{row}_{index} {number(stored[row, index])}" for row in range(rows)]
    numerics = {"gmin": 1e-18, "reltol": 1e-9, "abstol": 1e-18, "vntol": 1e-12}
    vectors = [f"i(vb{index})" for index in range(columns)]
    return assemble("tile", Setting(), (CELL_NETLIST, NETLIST), numerics, [*lines, ".op"], vectors)


@pytest.mark.ngspice
def test_word_lines_are_late_by_their_elmore_delay_and_pulses_keep_their_width(characterize: Characterize) -> None:
    """Behind cell k of N a distributed line is late by r c k (2 N - k + 1)/2; both edges alike."""
    rows = characterize(
        "array.word_line", parameters={"array.wl_ohm": 2.0, "array.wl_F": 1e-15}, axes={"column": (31.0, 63.0)}
    )
    near, far = rows["delay_s"]
    elmore = 2.0 * 1e-15 * 64 * 65 / 2
    # a line faster than the edge is late by the first moment of its response; gates add to the wire's capacitance
    assert elmore < far < 1.2 * elmore
    assert near / far == pytest.approx(32 * 97 / (64 * 65), rel=0.01)
    np.testing.assert_allclose(rows["width_s"], 1e-9, rtol=1e-4)
    assert np.ptp(rows["charge_C"]) < 0.005 * rows["charge_C"].max()


@pytest.mark.ngspice
def test_bit_lines_are_late_by_the_first_moment_of_their_response(characterize: Characterize) -> None:
    wires = {"array.rows": 16.0, "array.bl_ohm": 50.0, "array.bl_F": 5e-15}
    rows = characterize("array.bit_line", parameters=wires, axes={"row": (0.0, 7.0, 15.0)})
    late = rows["onset_s"].iloc[0] - rows["onset_s"]
    node = np.array([1, 8, 16])
    moment = 50.0 * 5e-15 * (node * 16 - node * (node - 1) / 2)
    np.testing.assert_allclose(late.iloc[1:], (moment - moment[0])[1:], rtol=0.1)

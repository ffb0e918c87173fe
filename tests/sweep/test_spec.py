"""A spec says one thing; whatever else gets one line with the place, what was given and what was expected."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gaincell_char.errors import InputError
from gaincell_char.paths import data_folder
from gaincell_char.sweep.axis import count, expand, parse_axis
from gaincell_char.sweep.document import parse_document
from gaincell_char.sweep.section import validated
from gaincell_char.sweep.spec import CORNERS, Spec, load_spec

GOOD = """
name: cell_iv
testbench: gain_cell.iv
parameters: {gain_cell.wn: 80n}
axes:
  v_store_V: {start: 0, stop: 0.9, num: 7}
  v_bl_V: [0.4, 0.45, 0.5]
presets:
  hold:
    - {wwl_V: -0.5, wwlb_V: 1.4}
    - {wwl_V: -0.3, wwlb_V: 1.2}
corners: [tt, ss]
limits:
  high: {column: current_A, where: {v_store_V: 0.9, corner: tt}, min: 0.5u, typ: 1.2u, max: 5u}
"""


def read(text: str) -> Spec:
    return validated(Spec, parse_document(text, "f.yaml"), "f.yaml")


def test_numbers_go_through_the_si_parser() -> None:
    spec = read(GOOD)
    assert spec.parameters == {"gain_cell.wn": 80e-9}
    assert expand(spec.axes["v_store_V"]) == (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
    assert spec.limits["high"].min == 0.5e-6
    assert spec.limits["high"].where == {"v_store_V": 0.9, "corner": "tt"}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("num: 7", "num: 7.5", "axes.v_store_V.num: '7.5' is not a count"),
        ("num: 7", "num: 0", "axes.v_store_V.num: '0' is not a count"),
        ("num: 7", "num: 1", "axes.v_store_V: num is 1, but both ends belong to a range"),
        ("80n", "1M", "parameters.gain_cell.wn: '1M' is ambiguous: SPICE reads 1 milli, others 1 mega"),
        ("80n", "80 nm", "parameters.gain_cell.wn: '80 nm' has an unknown suffix 'nm'"),
        ("80n", '"80n\\n.control"', "parameters.gain_cell.wn: '80n\\n.control' is not a number"),
        ("80n", ".nan", "parameters.gain_cell.wn: '.nan' is not a number"),
        ("80n", "1e999", "parameters.gain_cell.wn: '1e999' is not finite"),
        ("80n", "", "parameters.gain_cell.wn: None is not a number"),
        ("gain_cell.wn", "wn", "parameters.wn: 'wn': expected a name"),
        ("stop: 0.9", "stopp: 0.9", "axes.v_store_V: unknown key 'stopp'; did you mean stop or step?"),
        ("stop: 0.9", "stop: 0", "axes.v_store_V: start and stop are both 0"),
        ("num: 7", "step: -0.1", "axes.v_store_V: step -0.1 does not lead from 0 to 0.9"),
        ("num: 7", "num: 7, step: 0.1", "axes.v_store_V: expected start, stop and one of num and step"),
        ("num: 7", "num: 7, scale: log", "axes.v_store_V: a log scale needs num, and two ends of one sign"),
        ("num: 7", "num: 7, scale: cubic", "axes.v_store_V.scale: 'cubic': expected 'linear' or 'log'"),
        ("{start: 0, stop: 0.9, num: 7}", "3", "axes.v_store_V: '3': expected a mapping"),
        ("[0.4, 0.45, 0.5]", "[]", "axes.v_bl_V: an empty list"),
        ("[0.4, 0.45, 0.5]", "[0.4, 400m]", "axes.v_bl_V: 0.4 is given twice"),
        ("[0.4, 0.45, 0.5]", "[0.4, inf]", "axes.v_bl_V[1]: 'inf' is not a number"),
        ("[tt, ss]", "[tt, sx]", "corners: unknown corner 'sx'; did you mean"),
        ("[tt, ss]", "[tt, tt]", "corners: tt, tt: a corner is given twice"),
        ("[tt, ss]", "tt", "corners: 'tt': expected a list"),
        ("[tt, ss]", "[]", "corners: an empty list"),
        ("corners:", "corner:", "unknown key 'corner'; did you mean corners?"),
        ("name: cell_iv", "", "name: is required, and missing"),
        ("cell_iv", "../cell", "name: '../cell': expected a name"),
        ("gain_cell.iv", "iv", "testbench: 'iv': expected a name"),
        ("min: 0.5u", "min: 9u", "limits.high: expected min <= typ <= max, given 9e-06, 1.2e-06, 5e-06"),
        ("min: 0.5u, typ: 1.2u, max: 5u", "typ: 1", "limits.high: has neither min nor max"),
        ("column: current_A, ", "", "limits.high.column: is required, and missing"),
        ("corner: tt}", "corner: t}", "limits.high.where: unknown corner 't'"),
        ("min: 0.5u", "reduce: median, min: 0.5u", "limits.high.reduce: 'median': expected 'each', 'min'"),
        ("wwlb_V: 1.2", "wbl_V: 1.2", "presets: hold[1] sets wwl_V, wbl_V, but hold[0] sets wwl_V, wwlb_V"),
        ("wwl_V: -0.3, wwlb_V: 1.2", "wwl_V: -0.5, wwlb_V: 1.4", "presets: hold[1] is given twice"),
        ("  v_bl_V:", "  wwl_V:", "wwl_V is set in axes and in presets.hold; keep one"),
        ("corners:", "temperatures_C: [-300]\ncorners:", "temperatures_C: -300 is not a temperature"),
        ("corners:", "supplies_V: [0.9, 0]\ncorners:", "supplies_V: 0 is not a supply voltage"),
    ],
)
def test_one_line_for_each_fault(old: str, new: str, line: str) -> None:
    assert GOOD.count(old) >= 1
    with pytest.raises(InputError) as caught:
        read(GOOD.replace(old, new))
    assert str(caught.value).startswith(f"f.yaml: {line}")
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_further_faults_are_counted() -> None:
    with pytest.raises(InputError, match=r"\(and 1 more\)$"):
        read(GOOD.replace("80n", "x").replace("num: 7", "num: x"))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0:0.9:4", (0.0, 0.3, 0.6, 0.9)),
        ("1n:1u:4:log", (1e-9, 1e-8, 1e-7, 1e-6)),
        ("-1:-100:3:log", (-1.0, -10.0, -100.0)),
        ("0.4, 0.45", (0.4, 0.45)),
        ("5 m", (5e-3,)),
        ("0.9:0:3", (0.9, 0.45, 0.0)),
    ],
)
def test_axes_of_the_command_line(text: str, values: tuple[float, ...]) -> None:
    axis = parse_axis(text, "--axis x")
    assert expand(axis) == values
    assert count(axis) == len(values)


@pytest.mark.parametrize("text", ["", "0:1", "0:1:2:lin", "0:1:x", "a", "0:1:2:log:3", "1,,2", "0:0:1", "1,1"])
def test_axes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match=r"^--axis x: "):
        parse_axis(text, "--axis x")


@given(st.integers(-1000, 1000), st.integers(1, 200), st.sampled_from([0.1, 0.05, 1e-9, 3.0]))
def test_a_range_by_step_ends_where_it_says(first: int, steps: int, step: float) -> None:
    spec = read(
        "name: x\ntestbench: a.b\n"
        + f"axes: {{v: {{start: {first * step!r}, stop: {(first + steps) * step!r}, step: {step!r}}}}}"
    )
    values = expand(spec.axes["v"])
    assert len(values) == count(spec.axes["v"]) == steps + 1
    assert values[-1] == pytest.approx((first + steps) * step, rel=1e-9, abs=1e-9 * step)


def test_counting_does_not_make_the_values() -> None:
    spec = read(
        "name: x\ntestbench: a.b\naxes: {v: {start: 0, stop: 1, num: 1e15}, w: {start: 0, stop: 1, step: 1e-9}}"
    )
    assert count(spec.axes["v"]) == 10**15
    assert count(spec.axes["w"]) == 10**9 + 1


numbers = st.floats(-1e3, 1e3).map(lambda value: value + 0.0)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
lists = st.lists(numbers, min_size=1, max_size=4, unique=True)
ranges = st.builds(
    lambda a, b, n: {"start": a, "stop": a + b, "num": n}, numbers, st.floats(0.1, 10), st.integers(2, 10**9)
)
limits = st.builds(
    lambda c, e, w: {"column": c, "min": min(e), "max": max(e), "where": w},
    names,
    st.lists(numbers, min_size=1, max_size=2),
    st.dictionaries(names.filter(lambda name: name != "corner"), numbers, max_size=2),
)
documents = st.fixed_dictionaries(
    {"name": names, "testbench": st.builds("{}.{}".format, names, names)},
    optional={
        "axes": st.dictionaries(names, lists | ranges, max_size=3),
        "parameters": st.dictionaries(st.builds("{}.{}".format, names, names), numbers, max_size=3),
        "corners": st.lists(st.sampled_from(CORNERS), min_size=1, unique=True),
        "temperatures_C": st.lists(st.floats(-100, 200), min_size=1, max_size=3, unique=True),
        "supplies_V": st.lists(st.floats(0.1, 2), min_size=1, max_size=3, unique=True),
        "limits": st.dictionaries(names, limits, max_size=3),
        "description": st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc"])),
    },
)


@given(documents)
def test_a_spec_comes_back_from_its_document(document: dict[str, Any]) -> None:
    spec = validated(Spec, document, "f")
    assert validated(Spec, spec.document(), "f") == spec
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(spec.document(), stream)
    again = read(stream.getvalue())
    assert again == spec
    assert again.digest == spec.digest


def test_the_digest_is_of_the_content() -> None:
    assert (
        read(GOOD).digest
        == read("# a comment\n" + GOOD.replace("80n", "0.08u").replace("[tt, ss]", "[tt,   ss]")).digest
    )
    assert read(GOOD).digest != read(GOOD.replace("80n", "81n")).digest


@pytest.mark.parametrize("path", sorted(data_folder("sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_bundled_specs_are_found_by_name(path: Path) -> None:
    assert load_spec(path.stem) == load_spec(path)
    assert load_spec(path).name == path.stem


def test_an_unknown_spec_gets_the_nearest_names() -> None:
    with pytest.raises(InputError, match="unknown sweep 'gain_cel_iv'; did you mean gain_cell_iv"):
        load_spec("gain_cel_iv")
    with pytest.raises(InputError, match=r"none.yaml.*No such file"):
        load_spec("none.yaml")

"""A plan is a pure function: every combination once, in one order, and nothing that the testbench does not know."""

from __future__ import annotations

import math
import time

import pytest
import rc_bench
from conftest import make_spec
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char.circuits.testbench import testbench
from gaincell_char.errors import InputError
from gaincell_char.paths import data_folder
from gaincell_char.sweep.overrides import Overrides, override, parse_overrides
from gaincell_char.sweep.plan import plan
from gaincell_char.sweep.spec import load_spec

BENCH = rc_bench.BENCH


def test_the_order_and_the_defaults() -> None:
    layout = plan(make_spec(temperatures_C=["27", "85"]), BENCH)
    found = [(s.corner, s.temperature_C, s.parameters["rc.r"], s.axes["v_step_V"]) for s in layout.settings]
    assert found == [
        (corner, temperature, r, (step,))
        for corner in ("tt", "ss")
        for temperature in (27.0, 85.0)
        for r in (1e3, 2e3)
        for step in (0.5, 1.0, 2.0)
    ]
    first = layout.settings[0]
    assert first.axes["time_s"] == (0.5e-6, 1e-6, 2e-6)
    assert first.axes["v_start_V"] == (0.0,)
    assert first.parameters == {"rc.r": 1e3, "rc.c": 1e-9}
    assert first.numerics == {"reltol": 1e-4}
    assert layout.varied == ("rc.r", "time_s", "v_step_V", "v_start_V")
    assert layout.fixed == {"rc.c": 1e-9}
    assert (layout.points_per_device, layout.points) == (3, 72)


def test_presets_move_together() -> None:
    spec = make_spec(
        "name: x\ntestbench: rc.step\npresets:\n  both: [{v_step_V: 1, v_start_V: 0}, {v_step_V: 2, v_start_V: 1, }]\n"
        "  size: [{rc.r: 1k, rc.c: 1n}, {rc.r: 2k, rc.c: 2n}]\n"
    )
    layout = plan(spec, BENCH)
    found = [(s.axes["v_step_V"][0], s.axes["v_start_V"][0], s.parameters["rc.r"]) for s in layout.settings]
    assert found == [(1, 0, 1e3), (1, 0, 2e3), (2, 1, 1e3), (2, 1, 2e3)]
    assert layout.varied == ("rc.r", "rc.c", "time_s", "v_step_V", "v_start_V")
    assert layout.fixed == {}


axis_values = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=4, unique=True)


@given(
    axes=st.fixed_dictionaries({}, optional={"v_step_V": axis_values, "v_start_V": axis_values}),
    sizes=st.lists(st.integers(1, 1000).map(float), min_size=1, max_size=4, unique=True),
    corners=st.lists(st.sampled_from(["tt", "ff", "ss"]), min_size=1, unique=True),
    temperatures=st.lists(st.integers(-40, 125).map(float), min_size=1, max_size=3, unique=True),
)
def test_every_combination_once(
    axes: dict[str, list[float]], sizes: list[float], corners: list[str], temperatures: list[float]
) -> None:
    spec = make_spec(axes=axes | {"rc.r": sizes}, corners=corners, temperatures_C=temperatures)
    layout = plan(spec, BENCH)
    wanted = len(sizes) * len(corners) * len(temperatures) * math.prod(len(values) for values in axes.values())
    settings = list(layout.settings)
    assert len(layout.settings) == len(settings) == wanted
    assert len({repr(setting) for setting in settings}) == wanted
    assert plan(spec, BENCH) == layout
    for setting in settings:
        assert setting.parameters["rc.r"] in sizes
        assert all(setting.axes[name][0] in values for name, values in axes.items())


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"parameters": {"rc.cc": "1n"}}, "rc: parameters: unknown parameter 'rc.cc'; did you mean rc.c"),
        ({"axes": {"v_step_mV": ["1"]}}, "rc: axes: unknown axis 'v_step_mV'; did you mean v_step_V"),
        ({"numerics": {"relto": "1"}}, "rc: numerics: unknown numeric setting 'relto'; did you mean reltol?"),
        ({"presets": {"p": [{"v_stop_V": "1"}]}}, "rc: presets.p: unknown axis 'v_stop_V'; did you mean v_st"),
        ({"presets": {"p": [{"time_s": "1"}]}}, "rc: presets.p: the points of time_s share a deck, so it moves alone"),
        (
            {"limits": {"l": {"column": "v_ou_V", "max": "1"}}},
            "rc: limits.l.column: unknown column 'v_ou_V'; did you mean v_out_V",
        ),
        (
            {"limits": {"l": {"column": "v_out_V", "max": "1", "where": {"tim_s": "1"}}}},
            "rc: limits.l.where: unknown column 'tim_s'",
        ),
    ],
)
def test_names_are_checked_against_the_testbench(changes: dict[str, object], line: str) -> None:
    with pytest.raises(InputError) as caught:
        plan(make_spec(**changes), BENCH)
    assert str(caught.value).startswith(line)


def test_a_product_of_a_billion_is_refused_with_the_count() -> None:
    huge = {"start": "0", "stop": "1", "num": "1000"}
    spec = make_spec(axes={"v_step_V": huge, "v_start_V": huge, "time_s": huge}, corners=["tt"])
    started = time.process_time()
    with pytest.raises(
        InputError, match=r"rc: 1000000000 points \(time_s 1000 x v_step_V 1000 x v_start_V 1000\), more than"
    ):
        plan(spec, BENCH)
    assert time.process_time() - started < 1


def test_overrides_of_the_command_line() -> None:
    changes = parse_overrides(["rc.c=2n"], ["v_step_V=0:1:3", "rc.r=1k,3k"], "ff", "27,85", "0.85")
    spec = override(make_spec(), changes)
    layout = plan(spec, BENCH)
    assert layout.fixed == {"rc.c": 2e-9}
    assert {(s.corner, s.temperature_C, s.vdd_V) for s in layout.settings} == {("ff", 27.0, 0.85), ("ff", 85.0, 0.85)}
    assert [s.axes["v_step_V"][0] for s in layout.settings[:3]] == [0.0, 0.5, 1.0]
    assert [s.parameters["rc.r"] for s in layout.settings[:6]] == [1e3] * 3 + [3e3] * 3
    assert override(make_spec(), Overrides()) == make_spec()


def test_an_axis_replaces_a_fixed_parameter() -> None:
    spec = override(make_spec(parameters={"rc.c": "1n"}), parse_overrides(axes=["rc.c=1n,2n"]))
    assert plan(spec, BENCH).fixed == {}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"sets": ["rc.c"]}, "--set: 'rc.c'; expected NAME=VALUE"),
        ({"sets": ["rc.c=1n", "rc.c=2n"]}, "--set: rc.c is given twice"),
        ({"sets": ["rc.c=1M"]}, "--set rc.c: '1M' is ambiguous"),
        ({"sets": ["rc.r=1k"]}, "--set rc.r: it is an axis of rc; change it with --axis rc.r=..."),
        ({"axes": ["v_step_V=0:1"]}, "--axis v_step_V: '0:1'; expected start:stop:num"),
        ({"corner": "tt,sx"}, "rc: corners: unknown corner 'sx'"),
        ({"temperature": "hot"}, "--temp: 'hot' is not a number"),
        ({"temperature": "27,27"}, "rc: temperatures_C: 27 is given twice"),
        ({"supply": "-1"}, "rc: supplies_V: -1 is not a supply voltage"),
    ],
)
def test_overrides_that_cannot_be_taken(arguments: dict[str, object], line: str) -> None:
    with pytest.raises(InputError) as caught:
        override(make_spec(), parse_overrides(**arguments))  # type: ignore[arg-type]
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize("path", sorted(data_folder("sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_bundled_specs_fit_their_testbenches(path: object) -> None:
    spec = load_spec(str(path))
    bench = testbench(spec.testbench)
    for setting in plan(spec, bench).settings:
        assert bench.deck(setting).text.rstrip().endswith(".end")

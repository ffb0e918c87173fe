"""The key of a deck: different where anything that matters differs, equal where nothing does."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
import rc_bench
from conftest import make_spec

from gaincell_char.circuits.testbench import Setting, testbench
from gaincell_char.errors import InputError
from gaincell_char.sweep.identity import Identity, difference, identify
from gaincell_char.sweep.plan import plan

SETTING = plan(make_spec(), rc_bench.BENCH).settings[0]


def of(setting: Setting = SETTING, engine: str = "ngspice-39 batch", bench: object = rc_bench.BENCH) -> Identity:
    return identify(bench, setting, rc_bench.deck(setting), engine)  # type: ignore[arg-type]


def test_it_is_a_pure_function(rc: Path) -> None:
    assert of().key == of().key


@pytest.mark.parametrize(
    "change",
    [{"corner": "ss"}, {"temperature_C": 28.0}, {"vdd_V": 0.91}, {"parameters": {"rc.r": 1e3, "rc.c": 1.1e-9}},
     {"axes": {"time_s": (1e-6, 2e-6), "v_step_V": (0.5,), "v_start_V": (0.0,)}}, {"numerics": {"reltol": 1e-5}}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_each_part_of_the_setting_counts(rc: Path, change: dict[str, object]) -> None:
    changed = dataclasses.replace(SETTING, **change)  # type: ignore[arg-type]
    assert of(changed).key != of().key
    assert of(changed).point != of().point


def test_the_corner_alone_is_another_key_for_the_gain_cell() -> None:
    bench = testbench("gain_cell.iv")
    typical, fast = (Setting(corner=corner) for corner in ("tt", "ff"))
    keys = {identify(bench, setting, bench.deck(setting), "x").key for setting in (typical, fast)}
    assert len(keys) == 2


def test_engine_and_version_count_but_are_the_same_point(rc: Path) -> None:
    newer = dataclasses.replace(rc_bench.BENCH, version=2)
    others = [of(engine="ngspice-44 batch"), of(bench=newer)]
    assert len({of().key, *(other.key for other in others)}) == 3
    assert {other.point for other in others} == {of().point}
    assert difference(of().inputs, others[0].inputs) == "engine: ngspice-39 batch -> ngspice-44 batch"
    assert difference(of().inputs, others[1].inputs) == "version: 1 -> 2"


def test_a_file_two_includes_down_counts(rc: Path) -> None:
    before = of()
    assert sorted(name for name, _ in before.inputs["files"]) == ["devices.lib", "rc.lib", "values.lib"]
    (rc / "values.lib").write_text(".param unit=2\n")
    after = of()
    assert after.key != before.key
    assert difference(before.inputs, after.inputs) == "values.lib was edited"


def test_an_edit_that_keeps_size_and_time_is_seen_by_the_next_process(rc: Path) -> None:
    before = of()
    path = rc / "values.lib"
    status = path.stat()
    path.write_text(".param unit=3\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert of().key != before.key


def test_a_moved_installation_keeps_its_results(rc: Path, tmp_path: Path) -> None:
    before = of()
    rc_bench.write_netlists(tmp_path / "another folder µ")
    text = (rc_bench.FOLDER / "rc.lib").read_text()
    (rc_bench.FOLDER / "rc.lib").write_text(text.replace(str(rc_bench.FOLDER / "values.lib"), "values.lib"))
    (rc / "rc.lib").write_text(text.replace(str(rc_bench.FOLDER / "values.lib"), "values.lib"))
    moved = of()
    rc_bench.FOLDER = rc
    assert of().key == moved.key
    assert of().key != before.key  # rc.lib itself was edited


def test_an_include_that_is_gone_is_named(rc: Path) -> None:
    (rc / "values.lib").unlink()
    with pytest.raises(InputError, match=r"values\.lib"):
        of()

"""Keys name values, not spellings; what is published is whole."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaincell_char import keys
from gaincell_char.errors import EnvironmentFault

finite = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers() | finite | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@given(st.dictionaries(st.text(), values, max_size=5))
def test_the_order_of_names_does_not_matter(inputs: dict[str, object]) -> None:
    backwards = dict(reversed(list(inputs.items())))
    assert keys.key(inputs) == keys.key(backwards)


@given(st.dictionaries(st.text(), values, min_size=1, max_size=5), st.floats(allow_nan=False, allow_infinity=False))
def test_another_value_is_another_key(inputs: dict[str, object], value: float) -> None:
    name = next(iter(inputs))
    changed = inputs | {name: [inputs[name], value]}
    assert keys.key(inputs) != keys.key(changed)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_neighboring_floats_differ(value: float) -> None:
    neighbor = math.nextafter(value, math.inf)
    if math.isfinite(neighbor) and neighbor != value:
        assert keys.key({"x": value}) != keys.key({"x": neighbor})


def test_a_key_is_sha256_of_canonical_json() -> None:
    assert keys.canonical_json({"b": 1e-9, "a": [True, "µ"]}) == '{"a":[true,"\\u00b5"],"b":1e-09}'
    assert keys.key({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # sha256 of {}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_has_no_key(value: float) -> None:
    with pytest.raises(ValueError):
        keys.key({"x": value})


def test_publish_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ein Ordner µ" / "result.bin"
    keys.publish(path, b"old")
    keys.publish(path, b"new" * 1000)
    assert path.read_bytes() == b"new" * 1000
    assert [each.name for each in path.parent.iterdir()] == ["result.bin"]
    assert keys.file_digest(path) == keys.digest(b"new" * 1000)


def test_publish_says_which_path_it_could_not_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentFault, match="file/result"):
        keys.publish(tmp_path / "file" / "result", b"x")


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "result"
    keys.publish(path, b"old")
    program = (
        "import resource, signal, sys; from pathlib import Path; from gaincell_char import keys\n"
        "from gaincell_char.errors import EnvironmentFault\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: keys.publish(Path(sys.argv[1]), b'x' * 100_000)\n"
        "except EnvironmentFault as error: print(error); sys.exit(error.exit_code)\n"
    )
    run = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
    assert run.returncode == 4, run.stderr
    assert str(path) in run.stdout
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["result"]  # noqa: PTH208

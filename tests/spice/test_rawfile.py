"""The raw reader against files written by hand, and against ngspice's own two formats."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_bytes import raw_bytes

from gaincell_char.spice.rawfile import RawFileError, canonical, read_raw
from gaincell_char.spice.simulator import environment, program

NAMES = ("v(v-sweep)", "v(Out)", "i(@m1[id])")


def _write(folder: Path, content: bytes) -> Path:
    path = folder / "some.raw"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("ascii_values", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_both_formats_real_and_complex(tmp_path: Path, ascii_values: bool, dtype: type) -> None:
    data = np.arange(12, dtype=dtype).reshape(3, 4) / 7
    if dtype is np.complex128:
        data = data - 1j * data[::-1]
    (plot,) = read_raw(_write(tmp_path, raw_bytes(NAMES, data, ascii_values=ascii_values)))
    assert plot.names == ("v-sweep", "v(out)", "@m1[id]")
    assert plot.kind == "DC transfer characteristic"
    assert plot.data.dtype == dtype
    np.testing.assert_array_equal(plot.data, data)


def test_several_plots_in_order(tmp_path: Path) -> None:
    first, second = np.ones((3, 2)), np.full((2, 5), -2.0)
    content = raw_bytes(NAMES, first) + raw_bytes(
        ("time", "v(a)"), second, kind="Transient Analysis", ascii_values=True
    )
    plots = read_raw(_write(tmp_path, content + raw_bytes(NAMES, first)))
    assert [plot.kind.split()[0] for plot in plots] == ["DC", "Transient", "DC"]
    np.testing.assert_array_equal(plots[1].data, second)


@given(cut=st.integers(min_value=1, max_value=95))
def test_a_file_cut_anywhere_in_its_data_is_refused(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    content = raw_bytes(NAMES, np.ones((3, 4)))  # 96 bytes of data
    with pytest.raises(RawFileError, match=r"cut short: \d+ of 96 bytes"):
        read_raw(_write(tmp_path_factory.mktemp("cut"), content[:-cut]))


@pytest.mark.parametrize(
    "content", [b"Title: x\nPlotname: y\n", b"noise\x00\xff", b"Binary:\n", b"Title: x\nFlags: real\nBinary:\n"]
)
def test_what_is_no_raw_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RawFileError):
        read_raw(_write(tmp_path, content))


def test_an_ascii_file_cut_short_is_refused(tmp_path: Path) -> None:
    content = raw_bytes(NAMES, np.ones((3, 4)), ascii_values=True)
    with pytest.raises(RawFileError, match="cut short"):
        read_raw(_write(tmp_path, content[:-12]))


def test_a_killed_run_has_no_points(tmp_path: Path) -> None:
    (plot,) = read_raw(_write(tmp_path, raw_bytes(NAMES, np.ones((3, 4)), announced=0)))
    assert plot.points == 0


def test_one_name_for_a_vector_whoever_wrote_it() -> None:
    assert canonical("V(X1.St)") == "v(x1.st)" == canonical("x1.st", "voltage")
    assert canonical("v.x1.vm#branch") == "i(v.x1.vm)" == canonical("i(v.x1.vm)")
    assert canonical("i(@d1[id])") == "@d1[id]" == canonical("@d1[id]", "voltage")
    assert canonical("v(v-sweep)") == "v-sweep" == canonical("v-sweep", "voltage")
    assert canonical("time") == "time"


@pytest.mark.ngspice
def test_ngspice_writes_the_same_in_both_formats(tmp_path: Path) -> None:
    deck = tmp_path / "ac.cir"
    deck.write_text("rc\nv1 a 0 dc 0.3 ac 1\nr1 a b 1k\nc1 b 0 1n\n.ac dec 5 1e3 1e6\n.dc v1 0 1 0.1\n.end\n")
    read = []
    for ascii_file in ("0", "1"):
        raw = tmp_path / f"out{ascii_file}.raw"
        settings = environment() | {"SPICE_ASCIIRAWFILE": ascii_file}
        subprocess.run([program(), "-n", "-b", "-r", raw, deck], env=settings, check=True, capture_output=True)
        read.append(read_raw(raw))
    binary, text = read
    assert [plot.kind for plot in binary] == [plot.kind for plot in text]
    for one, other in zip(binary, text, strict=True):
        assert one.names == other.names
        np.testing.assert_allclose(one.data[1:], other.data[1:], rtol=1e-14)
        # ngspice leaves the imaginary part of a frequency undefined
        np.testing.assert_allclose(one.data[0].real, other.data[0].real, rtol=1e-14)
    ac = next(plot for plot in binary if "AC" in plot.kind)
    frequency, out = ac.data[0].real, ac.data[ac.names.index("v(b)")]
    np.testing.assert_allclose(out, 1 / (1 + 2j * np.pi * frequency * 1e-6), rtol=1e-9)

"""What is read from the waveforms of a head, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from recorded_head import STEP_S, head_waveforms

from gaincell_char.circuits.head.measure import read_count, read_head
from gaincell_char.circuits.head.phases import Phases
from gaincell_char.spice.types import FailureKind, SimulationFailure, Waveforms


@pytest.mark.parametrize("pulse_s", [5.3e-9, -0.7e-9])
def test_pulses_and_windows(pulse_s: float) -> None:
    found = read_head(head_waveforms(2, pulse_s), 2, Phases(), 0.9)
    assert found.pulse_s == pytest.approx(pulse_s, abs=1e-14)
    assert found.sign == np.sign(pulse_s)
    assert found.key_pulses_s == pytest.approx((4e-9, 4e-9), abs=1e-14)
    assert found.windows_s == pytest.approx((21.205e-9, 43.205e-9, 43.305e-9), abs=1e-14)
    assert found.key_line_V[1] - found.key_line_V[0] == pytest.approx(0.0, abs=0.021)


def _changed(waveforms: Waveforms, **vectors: np.ndarray) -> Waveforms:
    return dataclasses.replace(waveforms, vectors={**waveforms.vectors, **{f"v({n})": v for n, v in vectors.items()}})


@pytest.mark.parametrize("node", ["kwin", "vwinp", "vwinn"])
def test_a_window_that_never_opens_is_a_failure(node: str) -> None:
    good = head_waveforms(1, 3e-9)
    with pytest.raises(SimulationFailure, match=f"{node}.*zero-charge") as raised:
        read_head(_changed(good, **{node: np.zeros_like(good.scale)}), 1, Phases(), 0.9)
    assert raised.value.kind is FailureKind.MEASURE_FAILED


def test_a_pulse_of_the_other_sign_is_a_failure() -> None:
    good = head_waveforms(1, 3e-9)
    with pytest.raises(SimulationFailure, match=r"latched sign of \+1"):
        read_head(_changed(good, pn=good.vectors["v(pp)"]), 1, Phases(), 0.9)


def test_a_window_that_closes_after_the_latch_is_a_failure() -> None:
    good = head_waveforms(1, 3e-9)
    late = np.interp(good.scale, good.scale + 4e-9, good.vectors["v(kwin)"])
    with pytest.raises(SimulationFailure, match="after the sign was latched"):
        read_head(_changed(good, kwin=late), 1, Phases(), 0.9)


def test_a_count_is_read_bit_by_bit() -> None:
    ends = dict(zip(("b0", "b1", "b2", "b3", "b4"), (0.9, 0.0, 0.9, 0.0, 0.0), strict=True))
    bits = Waveforms("time", np.array([0.0, 1.0]), {f"v({n})": np.array([0.0, v]) for n, v in ends.items()})
    assert read_count(bits, 0.9) == 5
    with pytest.raises(SimulationFailure, match=r"b3 ends at 0\.400 V"):
        read_count(_changed(bits, b3=np.array([0.0, 0.4])), 0.9)


def test_the_step_is_the_papers() -> None:
    assert pytest.approx(0.9677e-9, abs=1e-13) == STEP_S

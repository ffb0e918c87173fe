"""The cmos28 devices in ngspice: 28 nm-like figures, corners that mean what they say, leakage that is physics."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from device_figures import LENGTHS_M, Figures, figures, row, transfer

from gaincell_char.technology import CORNERS, technology

pytestmark = pytest.mark.ngspice
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "technology.md"


@pytest.fixture(scope="module")
def measured(engine) -> dict[tuple[str, str], Figures]:
    return {(device, corner): figures(engine, device, corner) for device in LENGTHS_M for corner in CORNERS}


def test_the_document_states_what_the_devices_do(measured) -> None:
    stated = DOCUMENT.read_text(encoding="utf-8").splitlines()
    for (device, corner), found in measured.items():
        now = row(device, corner, found)
        assert now in stated, f"docs/technology.md lacks {now}; tests/circuits/device_figures.py prints the table"


def test_the_document_explains_every_parameter_of_the_card() -> None:
    card = technology("cmos28").card.read_text()
    names = set(re.findall(r"(\w+)=", card.split(".lib devices")[1]))
    explained = DOCUMENT.read_text(encoding="utf-8")
    assert {name for name in names if f"`{name}`" not in explained} == set()


@pytest.mark.parametrize(
    ("device", "ion_uA", "ioff_pA"),
    [("nfet", (600, 1000), (100, 3000)), ("pfet", (350, 700), (100, 3000)), ("nfet_thick", (120, 250), (5, 100)),
     ("pfet_thick", (40, 100), (1, 50))],
)  # fmt: skip
def test_typical_devices_are_28_nm_like(measured, device, ion_uA, ioff_pA) -> None:
    found = measured[device, "tt"]
    assert ion_uA[0] < found.ion_uA < ion_uA[1]
    assert ioff_pA[0] < found.ioff_pA < ioff_pA[1]
    assert 70 < found.swing_mV < 95
    assert 20 < found.dibl_mV_V < 120


@pytest.mark.parametrize("device", LENGTHS_M)
def test_each_polarity_follows_its_letter_of_the_corner(measured, device) -> None:
    letter = 0 if device.startswith("nfet") else 1
    for corner in ("ff", "ss", "sf", "fs"):
        typical, found = measured[device, "tt"], measured[device, corner]
        faster = corner[letter] == "f"
        assert (found.ion_uA > typical.ion_uA) == faster
        assert (found.ioff_pA > typical.ioff_pA) == faster
        assert (found.vt_sat_V < typical.vt_sat_V) == faster


@pytest.mark.parametrize("device", ["nfet_thick", "pfet_thick"])
def test_gate_current_rises_with_the_gate_and_has_no_bump_near_threshold(engine, device) -> None:
    """Without pigcd BSIM4 invents picoamperes of gate current near threshold."""
    gate, _, gate_current = transfer(engine, device, "tt", 0.45, length_m=1e-6, gates="0.05 1.0 0.01")
    assert np.all(np.diff(gate_current) >= 0)
    assert gate_current[np.argmin(np.abs(gate - 0.3))] < 1e-16


@pytest.mark.parametrize("device", ["nfet_thick", "pfet_thick"])
def test_gate_tunnelling_is_on(measured, device) -> None:
    """3.0 nm of SiO2 leaks about 1e-6 A/cm2 at 1 V by direct tunnelling, a hole channel much less."""
    assert 1e-9 < measured[device, "tt"].gate_A_cm2 < 1e-5


def test_gidl_is_on(engine) -> None:
    """Off current rises again when the gate goes far below the source."""
    gate, drain, _ = transfer(engine, "nfet_thick", "tt", 0.9, gates="-1.0 0.0 0.05")
    at = dict(zip(np.round(gate, 3), drain, strict=True))
    assert at[-1.0] > 1.5 * at[-0.4]


def test_long_devices_lose_their_short_channel_effects(engine) -> None:
    def drop(length_m: float) -> float:
        gate, low, _ = transfer(engine, "nfet_thick", "tt", 0.05, length_m=length_m)
        _, high, _ = transfer(engine, "nfet_thick", "tt", 0.9, length_m=length_m)
        up, criterion = gate > 0.05, np.log(1e-7 * 1e-6 / length_m)
        return float(np.interp(criterion, np.log(low[up]), gate[up]) - np.interp(criterion, np.log(high[up]), gate[up]))

    assert drop(2e-6) < 0.010 < 0.025 < drop(150e-9)

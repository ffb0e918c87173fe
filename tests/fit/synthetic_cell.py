"""Datasets of a cell whose every property is known: the published cubic, in amperes, with a known bit-line dependence,
fixed charge, kick, write error and a single exponential decay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from gaincell_char.sweep.dataset import Dataset

UNIT_A = 0.1e-6
COEFFICIENTS = np.array([0.52136361391, 13.612260634, -2.620445619, 46.05483778])
ZERO_V = 0.41216
TAU_S = 5e-3
FIXED_C = 0.1e-15
PARAMETERS = {
    "gain_cell.storage_F": 1e-14,
    "gain_cell.bl_V": 0.45,
    "gain_cell.wwl_hold_V": -0.5,
    "gain_cell.wwlb_hold_V": 1.4,
    "gain_cell.wbl_hold_V": 0.45,
}
Function = Callable[..., np.ndarray]


def published(v: np.ndarray) -> np.ndarray:
    return np.polynomial.polynomial.polyval(np.asarray(v) - 0.45, COEFFICIENTS)


def current(v: np.ndarray, v_bl: np.ndarray | float = 0.45, scale: float = 1.0) -> np.ndarray:
    return scale * UNIT_A * (published(v) + 4.0 * np.sin(3 * (np.asarray(v_bl) - 0.45)))


def grid(first: np.ndarray, second: np.ndarray, names: tuple[str, str], **columns: Function) -> pd.DataFrame:
    x, y = (axis.ravel() for axis in np.meshgrid(first, second, indexing="ij"))
    return pd.DataFrame({names[0]: x, names[1]: y, **{name: make(x, y) for name, make in columns.items()}})


def dataset(testbench: str, frame: pd.DataFrame, **conditions: object) -> Dataset:
    settings = {"corner": "tt", "temperature_C": 27.0, "vdd_V": 0.9, "status": "ok", "reason": "", **conditions}
    metadata = {
        "testbench": f"gain_cell.{testbench}",
        "technology": "cmos28",
        "parameters": dict(PARAMETERS),
        "engine": "ngspice-0 synthetic",
        "netlists": {"gain_cell.lib": "0" * 64},
        "spec": "1" * 64,
    }
    return Dataset(frame.assign(**settings), metadata)


def iv(scale: float = 1.0, corners: tuple[str, ...] = ("tt",)) -> Dataset:
    frame = grid(
        np.linspace(-0.05, 0.95, 81),
        np.linspace(0.25, 0.65, 17),
        ("v_store_V", "v_bl_V"),
        current_A=lambda v, b: current(v, b, scale),
    )
    return dataset(
        "iv",
        pd.concat([frame.assign(corner=corner) for corner in corners]),
        **{"corner": np.repeat(corners, len(frame))},
    )


def pulse(scale: float = 1.0) -> Dataset:
    frame = grid(
        np.linspace(0, 0.9, 29),
        np.array([1, 2, 3, 5, 7, 9, 12, 15]) * 1e-9,
        ("v_store_V", "pulse_s"),
        charge_C=lambda v, t: current(v, 0.45, scale) * t + FIXED_C * v,
        kick_V=lambda v, t: 0.02 * (v - 0.45),
        disturb_V=lambda v, t: -1e-4 * v,
    )
    return dataset("pulse", frame)


def write() -> Dataset:
    frames = [
        grid(
            np.linspace(0, 0.9, 8),
            np.array([0.0, 0.9]),
            ("v_level_V", "v_previous_V"),
            error_V=lambda v, before, width=width: (before - v) * np.exp(-width / 1e-9),
        ).assign(pulse_s=width)
        for width in (1e-9, 5e-9)
    ]
    frame = pd.concat(frames)
    return dataset("write", frame.assign(v_store_V=frame["v_level_V"] + frame["error_V"]))


def retention(tau_s: float = TAU_S, ages_s: np.ndarray | None = None) -> Dataset:
    ages = np.concatenate([[0.0], np.logspace(-6, -1, 41)]) if ages_s is None else ages_s
    frame = grid(
        np.linspace(0, 0.9, 29),
        ages,
        ("v_level_V", "age_s"),
        v_store_V=lambda v, t: 0.45 + (v - 0.45) * np.exp(-t / tau_s),
    )
    return dataset("retention", frame.assign(wwl_V=-0.5, wwlb_V=1.4, wbl_V=0.45))


def everything(scale: float = 1.0) -> dict[str, Dataset]:
    return {"iv": iv(scale), "pulse": pulse(scale), "write": write(), "retention": retention()}

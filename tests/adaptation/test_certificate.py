"""What an adaptation vouches for, and functions as cells."""

from __future__ import annotations

import numpy as np
import pytest

from gaincell_char.adaptation import certificate, model_of, suitability
from gaincell_char.adaptation.certificate import CLIPPED, LARGEST_ERROR, as_rows, line
from gaincell_char.adaptation.loop import Adaptation
from gaincell_char.adaptation.moments import Target
from gaincell_char.attention.observation import HeadStatistics
from gaincell_char.behavior import load_model
from gaincell_char.errors import InputError

GRID = np.linspace(0, 0.9, 200)


def done(**changes: object) -> Adaptation:
    """Two layers of three heads: linear outputs of deviation 2; head (0, 1) 10 % too wide, (1, 0) frozen, (1, 2) off by
    3 % in the mean."""
    nothing = np.zeros(3)
    std = [np.array([0.0, 0.2, 0.0]), np.array([-2.0, 0.0, 0.0])]
    mean = [nothing, np.array([0.0, 0.0, -0.06])]
    errors = tuple({"out": Target(m, s)} for m, s in zip(mean, std, strict=True))
    shares = {name: np.array([0.0, 0.01 * place, 0.0]) for place, name in enumerate(CLIPPED)}
    seen = tuple(
        {name: HeadStatistics(nothing, nothing, share) for name, share in shares.items()}
        | {"out": HeadStatistics(m, 2 + s, nothing)}
        for m, s in zip(mean, std, strict=True)
    )
    fields = {
        "scalers": [],
        "method": "paper",
        "linear_loss": 3.0,
        "loss": (3.0,),
        "kept": 0,
        "iterations": 0,
        "converged": True,
        "diverged": False,
        "errors": errors,
        "frozen": ((1, 0),),
        "statistics": seen,
    }
    return Adaptation(**{**fields, **changes})  # type: ignore[arg-type]


def test_every_head_has_its_own() -> None:
    heads = {(head.layer, head.head): head for head in certificate(done())}
    assert sorted(heads) == [(layer, head) for layer in range(2) for head in range(3)]
    assert [place for place, head in heads.items() if not head.adapted] == [(0, 1), (1, 0)]
    assert heads[0, 1].std_error == pytest.approx(0.1)
    assert heads[1, 2].mean_error == pytest.approx(-0.03)
    assert heads[1, 2].error == pytest.approx(0.03)
    assert LARGEST_ERROR == 0.05
    assert heads[1, 0].frozen
    assert heads[0, 1].saturated == pytest.approx({"q": 0.0, "k": 0.01, "v": 0.02, "score": 0.03, "sum": 0.04})
    assert as_rows(tuple(heads.values()))[1]["saturated"]["sum"] == pytest.approx(0.04)


def test_a_head_that_is_silent_on_linear_cells_has_no_error() -> None:
    silent = done(
        errors=({"out": Target(np.zeros(3), np.zeros(3))},),
        statistics=(
            {name: HeadStatistics(np.zeros(3), np.zeros(3), np.zeros(3)) for name in (*CLIPPED, "out")},
        ),
        frozen=(),
    )  # fmt: skip
    assert all(head.adapted and head.error == 0 for head in certificate(silent))


def test_in_one_line() -> None:
    told = line(done())
    assert told.startswith("certificate: converged; 4 of 6 heads within 5 %; worst output in layer 1 head 0: frozen;")
    assert told.endswith("most cut off: sum of layer 0 head 1, 4.0 %")
    unfrozen = line(done(frozen=(), converged=False))
    assert "not converged; 4 of 6" in unfrozen
    assert "layer 1 head 0: 100.0 % of its deviation" in unfrozen


@pytest.mark.parametrize(
    "function",
    [lambda v: 19.3 * (v - 0.45), lambda v: 10 * np.tanh(3 * (v - 0.4)), lambda v: 5 * (np.exp(v) - np.exp(0.45))],
)
def test_a_function_is_a_cell(function) -> None:
    model = model_of(function, "mine")
    assert np.abs(model.cell.current(GRID) - function(GRID)).max() <= 1e-3 * np.ptp(function(GRID))
    assert model.cell.retention == load_model("leroux2025_linear").cell.retention
    assert model.name == "mine"


def test_the_linear_function_is_the_linear_cell() -> None:
    assert suitability(model_of(lambda v: 19.3 * (v - 0.45))).distortion("paper") == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda v: np.ones_like(v), "the same current at every stored voltage"),
        (lambda v: np.sign(v - 0.4), "no polynomial of degree 21"),
        (lambda v: 3.0, r"shape \(\) for"),
        (lambda v: np.log(v - 0.5 + 0j).real / 0 * v, "not finite"),
        (lambda v: v[:3], r"shape \(3,\)"),
        (lambda v: float(v), "not a function of an array"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_no_cell_is_told(function, told: str) -> None:
    with pytest.raises(InputError, match=told):
        model_of(function)

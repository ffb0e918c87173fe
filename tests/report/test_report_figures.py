"""Figures of the report: what they say, in whose colors, and that equal data give equal bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from xml.etree import ElementTree

import pytest

import gaincell_char as gc
from gaincell_char.behavior import BehavioralModel
from gaincell_char.report import cell_figures, circuit_figures, network_figures
from gaincell_char.report.build import circuits_of, figures_of_circuits
from gaincell_char.report.page import draw, render
from gaincell_char.report.svg import DARK, level_color, standalone, theme

STEPS = [
    {"label": "software", "loss": 2.741, "interval": None},
    {"label": "linear attention", "loss": 2.842, "interval": [0.079, 0.123]},
    {"label": "zero-crossing offset", "loss": 2.8405, "interval": [-0.004, 0.001]},
    {"label": "mismatch", "loss": None, "interval": None},
]
CURVES = {"software-control": {"16": 0.99, "900": 0.5}, "cell.before": {"16": 0.9, "900": 0.1}}
LABELS = {"software-control": "software", "cell.before": "our cell"}


@pytest.fixture(scope="module")
def model() -> BehavioralModel:
    return gc.load_model("cmos28")


def builders(model: BehavioralModel) -> dict[str, Callable[[], str]]:
    assert model.energy is not None
    assert model.latency is not None
    assert model.cell.write is not None
    return {
        "waterfall": partial(network_figures.waterfall, STEPS),
        "recall": partial(network_figures.recall, CURVES, LABELS),
        "retention": partial(cell_figures.retention, model.cell.retention_tables, 0.8e-6),
        "write": partial(cell_figures.write, model.cell.write),
        "current": partial(cell_figures.current, model, gc.load_model("leroux2025")),
        "transfers": partial(circuit_figures.transfers, model),
        "energy": partial(circuit_figures.energy, model.energy),
        "latency": partial(circuit_figures.latency, model.latency),
    }


@pytest.fixture(scope="module")
def drawn(model: BehavioralModel) -> dict[str, str]:
    return draw(builders(model))


def texts(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_waterfall_says_each_step_in_its_row(drawn: dict[str, str]) -> None:
    said = texts(drawn["waterfall"])
    for text in ("2.741", "2.842", "+0.101 ±0.022", "-0.002 ±0.003", "not yet measured", "zero-crossing offset"):
        assert said.count(text) == 1, text


def test_every_axis_has_a_unit(drawn: dict[str, str]) -> None:
    expected = {
        "waterfall": ["loss, nats a token", "nats a token, 95 % interval"],
        "recall": ["recall, %", "distance between assignment and question, tokens"],
        "retention": ["age, s", "V_store, V"],
        "write": ["write pulse, ns", "largest |level error|, mV"],
        "current": ["stored voltage, V", "current into the cell, uA"],
        "transfers": ["charge, fC", "pulse, ns", "charge, of full scale", "pulse - its line, counter steps"],
        "energy": ["pJ a token and head"],
        "latency": ["time, ns"],
    }
    for name, labels in expected.items():
        assert set(labels) <= set(texts(drawn[name])), name


@pytest.mark.parametrize("name", ["write", "energy", "latency", "transfers"])
def test_the_condition_is_on_the_figure(drawn: dict[str, str], name: str) -> None:
    assert any("tt, 27 C, 0.9 V" in text for text in texts(drawn[name]))


def test_colors_follow_the_screen(drawn: dict[str, str]) -> None:
    levels = {level_color(k, 8) for k in range(8)}
    for name, svg in drawn.items():
        bare = re.sub(r"var\(--c\w+,#\w+\)", "", svg)
        left = set(re.findall(r"(?:fill|stroke): ?(#[0-9a-f]{6})", bare)) - levels - {"#000000", "#ffffff"}
        assert not left or name == "current", (name, left)
        assert "var(--c1d2530,#1d2530)" in svg, name
    css = theme()
    for color, dark in DARK.items():
        assert f"--c{color[1:]}:{color};" in css
        assert f"--c{color[1:]}:{dark};" in css


def contrast(one: str, other: str) -> float:
    """Contrast of two colors, 1 to 21 (WCAG 2)."""

    def luminance(color: str) -> float:
        parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_lines_stand_out_on_light_and_dark_paper() -> None:
    paper, grid = "#fffffe", "#e3e7ec"
    for color, dark in DARK.items():
        if color not in (paper, grid):
            assert contrast(color, paper) >= 3
            assert contrast(dark, DARK[paper]) >= 3
    for k in range(8):
        assert contrast(level_color(k, 8), paper) >= 3
        assert contrast(level_color(k, 8), DARK[paper]) >= 3
    assert contrast("#1d2530", paper) >= 7
    assert contrast(DARK["#1d2530"], DARK[paper]) >= 7


def test_levels_differ_from_their_neighbors() -> None:
    colors = [level_color(k, 8) for k in range(8)]
    assert len(set(colors)) == 8
    assert level_color(0, 1).startswith("#")


def test_equal_data_give_equal_bytes(model: BehavioralModel, drawn: dict[str, str]) -> None:
    names = ("waterfall", "energy")
    assert draw({name: builders(model)[name] for name in names}) == {name: drawn[name] for name in names}


def test_a_figure_stands_alone(drawn: dict[str, str]) -> None:
    alone = standalone(drawn["latency"])
    root = ElementTree.fromstring(alone)
    assert float(root.attrib["width"]) > 100
    assert theme() in alone
    assert texts(alone) == texts(drawn["latency"])


def test_energy_and_latency_add_up(model: BehavioralModel, drawn: dict[str, str]) -> None:
    assert model.energy is not None
    assert model.latency is not None
    for product, title in (("key", "query x keys"), ("value", "phi x values")):
        total = sum(part.count * part.energy_J for part in model.energy.parts if part.product == product)
        assert f"{title}: {1e12 * total:.0f} pJ" in texts(drawn["energy"])
    total = sum(phase.duration_s for phase in model.latency.phases)
    assert any(text.startswith(f"Latency {1e9 * total:.1f} ns") for text in texts(drawn["latency"]))


def test_converter_rows_are_the_models_figures(model: BehavioralModel) -> None:
    rows = {row["name"]: row for row in circuit_figures.converter_rows(model)}
    assert list(rows) == ["ReLU", "signed, positive", "signed, negative"]
    step = 15e-9 / 15.5
    relu = model.charge_to_pulse.transfer(model.condition)
    assert relu is not None
    assert rows["ReLU"]["offset"][0] == pytest.approx(relu.positive.offset_s / step)  # type: ignore[index]
    worst = max(each.positive.inl_s for each in model.charge_to_pulse.transfers)
    assert rows["ReLU"]["inl"][1] == pytest.approx(worst / step)  # type: ignore[index]
    signed = model.signed_charge_to_pulse.transfer(model.condition)
    assert signed is not None
    assert signed.negative is not None
    assert rows["signed, negative"]["clamp_s"] == signed.negative.clamp_s
    lowest = min(each.negative.gain_error for each in model.signed_charge_to_pulse.transfers if each.negative)
    assert rows["signed, negative"]["gain"][0] == pytest.approx(100 * lowest)  # type: ignore[index]


def test_a_model_without_circuits_has_no_rows() -> None:
    assert circuit_figures.converter_rows(gc.load_model("leroux2025")) == []


def page(chain: BehavioralModel | None) -> str:
    """The page of a result with one line in every table, its figures replaced by their names."""
    empty = ("waterfall_note", "adaptation_note", "charge_note", "cell_condition", "title", "condition", "sentence")
    tables: dict[str, object] = {"configurations": {}, "corners": [], "retention": [], "stages": []}
    result = dict.fromkeys(empty, "") | tables | {
        "tool": {"ngspice": "n", "version": "v", "python": "p"}, "text": {"description": "d", "distances": []},
        "model_path": "cell.json", "circuits": circuits_of(chain),
    }  # fmt: skip
    names = ("waterfall", "recall", "adaptation", "current", "residuals", "charge", "write", "retention")
    cell = dict.fromkeys(names, "")
    return render(result, cell | {name: f"[{name}]" for name in (figures_of_circuits(chain) if chain else ())})


def test_the_page_has_the_circuits_that_there_are(model: BehavioralModel) -> None:
    whole = page(model)
    for text in ("The circuits around the cell", "[transfers]", "[energy]", "[latency]", "signed, negative"):
        assert text in whole
    without = page(model.model_copy(update={"energy": None, "latency": None}))
    assert "[transfers]" in without
    assert "[energy]" not in without
    assert "Latency" not in without
    assert "The circuits around the cell" not in page(None)


def test_the_page_needs_no_other_file(model: BehavioralModel) -> None:
    whole = page(model)
    assert not re.search(r"(?:src|href)=|@import|url\(", whole)
    assert "prefers-color-scheme:dark" in whole
    assert '<meta name="viewport"' in whole

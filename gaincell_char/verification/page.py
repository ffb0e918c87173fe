"""The folder that `gaincell verify head -o` leaves: head.json and head.html with its figures."""

from __future__ import annotations

import html
import json
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from gaincell_char import keys
from gaincell_char.circuits.head.measure import key_window
from gaincell_char.report.page import draw
from gaincell_char.report.svg import theme
from gaincell_char.spice.engine import open_engine
from gaincell_char.spice.types import Waveforms
from gaincell_char.verification import figures
from gaincell_char.verification.compare import Comparison
from gaincell_char.verification.head import Prepared, Simulated
from gaincell_char.verification.simulate import HeadEngine
from gaincell_char.verification.statistics import histogram

_LOOK = theme() + (
    "body{font:15px/1.5 Inter,Helvetica,Arial,sans-serif;color:var(--c1d2530);background:var(--cfffffe);"
    "max-width:62rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.15rem 1.1rem .15rem 0;"
    "text-align:right}td:first-child,th:first-child{text-align:left}tr.limit{color:var(--c68727f)}"
    "figure{margin:1.5rem 0;overflow-x:auto}"
    ".pair{display:flex;flex-wrap:wrap;gap:1rem}.pair>figure{flex:1 1 22rem;margin:.8rem 0}"
    ".missed{color:var(--cb3261e)}"
)
_MODELS = (
    "circuit: the measured charge of a pulse, the measured transfers of both converters and the counter's phase; "
    "paper: the published equations with the same cell; null: always 0."
)


def write(prepared: Prepared, simulated: Simulated, found: dict[str, Any], folder: Path) -> list[Path]:
    """Write head.json and head.html; the waveforms are those of the case with the largest pulse error, simulated again.

    Raises
    ------
    SimulationFailure
        That case cannot be simulated again.
    EnvironmentFault
        The folder cannot be written.
    """
    written = [folder / "head.json"]
    keys.publish(written[0], (json.dumps(found, indent=1, allow_nan=False) + "\n").encode())
    if simulated.compared:
        worst = max(simulated.compared, key=lambda each: abs(each.errors_LSB["circuit"]))
        drawn = draw(
            {
                "scatter": partial(figures.scatter, simulated.compared),
                "errors": partial(figures.errors, simulated.compared, found["limits"]["max_LSB"]),
                "distribution": partial(figures.distribution, simulated.compared),
                "codes": partial(figures.codes, histogram(simulated.compared)),
                "waveforms": partial(_waveforms, prepared, worst),
            }
        )
        written.append(folder / "head.html")
        keys.publish(written[1], _page(found, drawn).encode())
    return written


def _again(prepared: Prepared, case: Comparison) -> Waveforms:
    with closing(open_engine("batch")) as engine:
        return HeadEngine(engine).run(prepared.tasks[case.index].deck)


def _waveforms(prepared: Prepared, case: Comparison) -> str:
    found, vdd_V = _again(prepared, case), prepared.setting.vdd_V
    return figures.waveforms(found, prepared.phases.after(*key_window(found, vdd_V)), vdd_V, _title(case))


def _title(case: Comparison) -> str:
    said = f"model {case.pulses_s['circuit'] * 1e9:+.3f} ns, {case.codes['circuit']:+d}"
    measured = f"pulse {case.pulse_s * 1e9:+.3f} ns, code {case.code:+d}"
    return f"Case {case.index}, the largest error ({case.errors_LSB['circuit']:+.3f} LSB): {measured}; {said}"


def _page(found: dict[str, Any], drawn: dict[str, str]) -> str:
    verdict = (
        "All limits pass."
        if found["passed"]
        else f'<span class="missed">Missed: {html.escape("; ".join(found["missed"]))}.</span>'
    )
    pairs = (("scatter", "errors"), ("distribution", "codes"))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width, initial-scale=1"><title>A head against its model</title>'
        f"<style>{_LOOK}</style><h1>A head against its model</h1><p>{_what(found)} {verdict}</p>{_table(found)}"
        f"<p>{_MODELS}</p>{''.join(_pair(drawn, *names) for names in pairs)}<figure>{drawn['waveforms']}</figure>"
        f"<details><summary>All {len(found['cases'])} cases</summary>{_cases(found)}</details></html>\n"
    )


def _pair(drawn: dict[str, str], left: str, right: str) -> str:
    return f'<div class="pair"><figure>{drawn[left]}</figure><figure>{drawn[right]}</figure></div>'


def _what(found: dict[str, Any]) -> str:
    where, size = found["condition"], found["size"]
    real = "all" if size["columns"] == size["tokens"] else str(size["columns"])
    return (
        f"{len(found['cases'])} random heads (seed {found['seed']}), {where['corner']}, {where['temperature_C']:g} C, "
        f"{where['vdd_V']:g} V. One output of each, transistor by transistor: {real} of {size['tokens']} key columns "
        f"of {size['rows']} cells, a value column of {size['tokens']} cells. Errors are circuit minus model, in "
        f"counter steps of {found['LSB_s'] * 1e9:.4f} ns."
    )


def _table(found: dict[str, Any]) -> str:
    headings = ("model", "pulse rms", "mean", "max", "codes equal", "off by at most", "ReLU pulses rms", "max")
    rows = [_row("th", headings)]
    for name, each in found["statistics"].items():
        pulse = (f"{each['rms_LSB']:.3f}", f"{each['mean_LSB']:+.3f}", f"{each['max_LSB']:.3f}")
        of_keys = (f"{each['key_rms_LSB']:.3f}", f"{each['key_max_LSB']:.3f}")
        rows.append(_row("td", (name, *pulse, f"{100 * each['equal']:.1f} %", str(each["code_off"]), *of_keys)))
    limits = found["limits"]
    share = f"{100 * limits['equal']:g} %" if "equal" in limits else ""
    bounds = {name: f"{limits[name]:g}" for name in ("rms_LSB", "max_LSB", "code_off") if name in limits}
    cells = ("limit", bounds.get("rms_LSB", ""), "", bounds["max_LSB"], share, bounds.get("code_off", ""), "", "")
    rows.append(_row("td", cells).replace("<tr>", '<tr class="limit">'))
    return f"<table>{''.join(rows)}</table>"


def _cases(found: dict[str, Any]) -> str:
    headings = ("case", "pulse (ns)", "model", "error (LSB)", "code", "model", "error of paper", "code", "window opens")
    rows = [_row("th", headings)]
    for each in found["cases"]:
        opened = each["windows_s"][1 if each["pulse_s"] > 0 else 2] * 1e9
        pulses = (f"{each['pulse_s'] * 1e9:+.3f}", f"{each['model_pulse_s'] * 1e9:+.3f}")
        codes = (str(each["code"]), str(each["model_code"]))
        of_paper = (f"{each['paper_error_LSB']:+.3f}", str(each["paper_code"]))
        error = f"{each['pulse_error_LSB']:+.3f}"
        rows.append(_row("td", (str(each["case"]), *pulses, error, *codes, *of_paper, f"{opened:.2f} ns")))
    return f"<table>{''.join(rows)}</table>"


def _row(tag: str, cells: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"

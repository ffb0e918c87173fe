"""Figures of the gain cell: I-V, residuals of the fits, pulse charge, retention, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior.schema import BehavioralModel, Condition, IvSurface, PulseCharge, RetentionTable, WriteModel
from gaincell_char.fit.points import Points
from gaincell_char.report.svg import CIRCUIT, LINEAR, MUTED, PUBLISHED, level_color, to_svg

Array = npt.NDArray[np.float64]


def condition_text(condition: Condition) -> str:
    """`tt, 27 C, 0.9 V`."""
    return f"{condition.corner}, {condition.temperature_C:g} C, {condition.vdd_V:g} V"


def _elsewhere(condition: Condition) -> str:
    """The condition without its corner: `27 C, 0.9 V`."""
    return f"{condition.temperature_C:g} C, {condition.vdd_V:g} V"


def current(model: BehavioralModel, published: BehavioralModel) -> str:
    """I over V_store at five corners beside the published cubic, and the current over the bit line's voltage."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.4), width_ratios=(1.15, 1))
    v = np.linspace(*model.cell.level_range_V, 181)
    v_bl = model.condition.vdd_V / 2
    shades = {"tt": 1.0, "ff": 0.7, "ss": 0.7, "sf": 0.7, "fs": 0.7}
    styles = {"tt": "-", "ff": "--", "ss": ":", "sf": "-.", "fs": (0, (5, 1, 1, 1))}
    for corner, surface in model.cell.iv.items():
        left.plot(
            v,
            1e6 * surface.surface(v, v_bl),
            color=CIRCUIT,
            alpha=shades[corner],
            linestyle=styles[corner],
            label=corner,
        )
    scaled = published.cell.current(v) * model.cell.unit_current_A / published.cell.unit_current_A
    left.plot(v, 1e6 * scaled, color=PUBLISHED, label="published, scaled to $I_u$")
    left.plot(v, 1e6 * model.cell.unit_current_A * 19.3 * (v - 0.45), color=LINEAR, linewidth=0.9, label="linear")
    left.axhline(0, color=MUTED, linewidth=0.6)
    left.set_xlabel("stored voltage, V")
    left.set_ylabel("current into the cell, uA")
    left.set_title(f"I(V_store), bit line at {v_bl:g} V; {_elsewhere(model.condition)}")
    left.legend(fontsize=8, ncols=2)
    nominal = model.cell.iv[model.condition.corner]
    bl = np.asarray(nominal.surface.y_knots)
    grid = np.linspace(bl[0], bl[-1], 91)
    values = 1e6 * nominal.surface(v[:, None], grid[None, :])
    limit = float(np.abs(values).max())
    mesh = right.pcolormesh(grid, v, values, cmap="RdBu_r", vmin=-limit, vmax=limit, shading="gouraud", rasterized=True)
    steps = np.asarray(MaxNLocator(12).tick_values(-limit, limit))
    lines = right.contour(grid, v, values, levels=steps[steps != 0], colors="k", linewidths=0.4, alpha=0.6)
    right.contour(grid, v, values, levels=[0.0], colors="k", linewidths=1.3)
    right.clabel(lines, fontsize=6.5, fmt="%.2g")
    figure.colorbar(mesh, ax=right, label="current into the cell, uA")
    right.set_xlabel("bit line, V; black line: no current")
    right.set_ylabel("stored voltage, V")
    right.set_title(f"I(V_store, V_BL), {condition_text(nominal.condition)}")
    right.grid(visible=False)
    return to_svg(figure)


def residuals(surface: IvSurface, points: Points) -> str:
    """What each fit leaves, % of full scale: the polynomials at the hold voltage, the spline over the whole surface."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.0))
    v_store, v_bl, measured = points.x, points.y, points.z
    hold = surface.condition.vdd_V / 2
    domain = surface.polynomial.domain
    line = (np.abs(v_bl - hold) < 1e-9) & (v_store >= domain[0] - 1e-9) & (v_store <= domain[1] + 1e-9)
    scale = float(np.abs(measured[line]).max())
    order = np.argsort(v_store[line])
    x, y = v_store[line][order], measured[line][order]
    for polynomial, shade in ((surface.published_degree, PUBLISHED), (surface.polynomial, CIRCUIT)):
        left.plot(x, 100 * (polynomial(x) - y) / scale, color=shade, label=f"degree {polynomial.degree}")
    left.axhspan(-0.5, 0.5, color=LINEAR, alpha=0.12, linewidth=0, label="0.5 % limit")
    left.set_xlabel("stored voltage, V")
    left.set_ylabel("fit - ngspice, % of full scale")
    left.set_title(f"Polynomials, bit line at {hold:g} V, {condition_text(surface.condition)}")
    left.set_ylim(top=left.get_ylim()[1] + 0.2 * np.ptp(left.get_ylim()))
    left.legend(fontsize=8, loc="upper center", ncols=3)
    error = 100 * (surface.surface(v_store, v_bl) - measured) / np.abs(measured).max()
    for mask, shade, label in ((points.fitted, MUTED, "fitted"), (points.judged, CIRCUIT, "held out")):
        right.plot(v_store[mask], error[mask], ".", markersize=2.2, color=shade, label=label)
    right.set_xlabel("stored voltage, V")
    right.set_ylabel("fit - ngspice, % of full scale")
    right.set_title("Tensor spline, all bit-line voltages")
    right.set_ylim(top=right.get_ylim()[1] + 0.15 * np.ptp(right.get_ylim()))
    right.legend(fontsize=8, markerscale=3, loc="upper center", ncols=2)
    return to_svg(figure)


def charge(pulse: PulseCharge, points: Points) -> str:
    """Charge against pulse width for the levels simulated, and the kick and disturb of the storage node."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(8.6, 2.9))
    v_store, pulse_s, charge_C = points.x, points.y, points.z
    levels = np.unique(v_store)
    shown = levels[np.linspace(0, levels.size - 1, min(8, levels.size)).round().astype(int)]
    for k, level in enumerate(shown):
        here = v_store == level
        shade = level_color(k, len(shown))
        left.plot(1e9 * pulse_s[here], 1e15 * charge_C[here], ".", color=shade, markersize=4)
        widths = np.linspace(1, 15, 57)
        left.plot(widths, 1e15 * pulse.surface(level, 1e-9 * widths), color=shade, linewidth=0.9)
        line = np.polynomial.Polynomial.fit(pulse_s[here], charge_C[here], 1)
        middle.plot(1e9 * pulse_s[here], 1e18 * (charge_C[here] - line(pulse_s[here])), color=shade, marker=".")
    left.set(xlabel="pulse, ns", ylabel="charge, fC", title=f"Charge of a read, {condition_text(pulse.condition)}")
    middle.set(xlabel="pulse, ns", ylabel="charge - line, aC", title="Off each level's line")
    v = np.linspace(float(levels[0]), float(levels[-1]), 121)
    right.plot(v, 1e3 * pulse.kick_V(v), color=CIRCUIT, label="kick, pulse on")
    right.plot(v, 1e3 * pulse.disturb_V(v), color=PUBLISHED, label="left after the read")
    right.set(xlabel="stored voltage, V", ylabel="shift of V_store, mV", title="Storage node")
    right.legend(fontsize=8)
    return to_svg(figure)


def retention(tables: Sequence[RetentionTable], token_period_s: float) -> str:
    """V_store(t) of every level, one panel a hold condition and temperature."""
    import matplotlib.pyplot as plt

    columns = sorted({(t.wwl_V, t.wwlb_V) for t in tables}, reverse=True)
    rows = sorted({t.condition.temperature_C for t in tables})
    figure, axes = plt.subplots(
        len(rows), len(columns), figsize=(8.6, 2.4 * len(rows)), sharex=True, sharey=True, squeeze=False
    )
    for table in tables:
        axis = axes[rows.index(table.condition.temperature_C)][columns.index((table.wwl_V, table.wwlb_V))]
        ages = np.asarray(table.ages_s)
        for k, voltages in enumerate(table.voltages_V):
            shade = level_color(k, len(table.voltages_V))
            axis.semilogx(ages[ages > 0], np.asarray(voltages)[ages > 0], color=shade)
        axis.axvline(1024 * token_period_s, color=MUTED, linewidth=0.8, linestyle=":")
        bound = ">" if table.tau_worst_is_lower_bound else ""
        axis.set_title(f"{table.wwl_V:g} / {table.wwlb_V:g} V, {table.condition.temperature_C:g} C: tau {bound}"
                       f"{1e3 * table.tau_worst_s:.3g} ms", fontsize=8.5)  # fmt: skip
    for axis in axes[-1]:
        axis.set_xlabel("age, s")
    for row in axes:
        row[0].set_ylabel("V_store, V")
    return to_svg(figure)


def write(model: WriteModel) -> str:
    """Level error of a write against pulse width, worst over the level stored before."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8.6, 2.8))
    errors = np.abs(np.asarray(model.error_V)).max(axis=2)
    for k, level in enumerate(model.levels_V):
        shade = level_color(k, len(model.levels_V))
        widths, error = 1e9 * np.asarray(model.pulse_widths_s), 1e3 * np.maximum(errors[k], 1e-6)
        axis.loglog(widths, error, marker="o", markersize=3.5, color=shade, label=f"{level:.3f} V")
    axis.axvline(1e9 * model.design_pulse_s, color=MUTED, linewidth=0.8, linestyle=":")
    axis.set(xlabel="write pulse, ns", ylabel="largest |level error|, mV", title=condition_text(model.condition))
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), title="level")
    return to_svg(figure)


def tau_summary(tables: Sequence[RetentionTable]) -> list[Mapping[str, object]]:
    """The retention table of the page: hold, temperature, tau of the worst level, single tau and its misfit."""
    return [
        {
            "hold": f"{t.wwl_V:g} / {t.wwlb_V:g} V",
            "temperature_C": t.condition.temperature_C,
            "tau_s": t.tau_worst_s,
            "bound": t.tau_worst_is_lower_bound,
            "single_tau_s": t.single_tau_s,
            "misfit_V": t.single_tau_misfit_V,
        }
        for t in tables
    ]

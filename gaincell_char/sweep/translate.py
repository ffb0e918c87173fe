"""A spec for another technology than its own: its voltages scale with the supply, its limits do not count."""

from __future__ import annotations

from typing import Any

from gaincell_char.circuits.ported import scaled, supply_ratio
from gaincell_char.circuits.testbench import testbench
from gaincell_char.errors import InputError
from gaincell_char.sweep.axis import Range
from gaincell_char.sweep.section import validated
from gaincell_char.sweep.spec import Spec
from gaincell_char.technology import technology


def in_technology(spec: Spec, name: str) -> Spec:
    """`spec` for the technology called `name`: voltages (supplies, axes, parameters) times the ratio of the nominal
    supplies, corners as far as the technology has them, no limits and measures: they judge the circuit they were
    written for. Sizes stay as written.

    Raises
    ------
    InputError
        No such technology, none of the spec's corners, or filters or an adaptive axis, whose numbers have no unit.
    """
    devices = technology(name)
    if name == spec.technology:
        return spec
    if spec.filters or spec.adaptive:
        part = "filters" if spec.filters else "adaptive"
        raise InputError(f"{spec.name}: {part}: written for {spec.technology}; write a spec with `technology: {name}`")
    corners = [corner for corner in spec.corners if corner in devices.corners]
    if not corners:
        raise InputError(
            f"{spec.name}: {name} has none of {', '.join(spec.corners)}; it has {', '.join(devices.corners)}"
        )
    ratio = supply_ratio(devices, spec.technology)
    bench = testbench(spec.testbench)
    units = {axis.name: axis.unit for axis in bench.axes} | {each.name: each.unit for each in bench.parameters}
    volts = {each for each, unit in units.items() if unit == "V"}
    document = {key: value for key, value in spec.document().items() if key not in ("limits", "measures")}
    for part in ("parameters", "axes"):
        document[part] = _each(document.get(part, {}), volts, ratio)
    for preset, rows in document.get("presets", {}).items():
        document["presets"][preset] = [_each(row, volts, ratio) for row in rows]
    for columns in document.get("zip", {}).values():
        columns.update(_each(columns, volts, ratio))
    for draws in document.get("draws", {}).values():
        draws["of"] = _each(draws["of"], volts, ratio)
    supplies = [scaled(value, ratio) for value in spec.supplies_V]
    return validated(Spec, document | {"technology": name, "corners": corners, "supplies_V": supplies}, spec.name)


def translation(spec: Spec, name: str) -> str:
    """What `in_technology` changes, in one line; empty where it is the spec's own technology."""
    if name == spec.technology:
        return ""
    devices = technology(name)
    gone = [corner for corner in spec.corners if corner not in devices.corners]
    without = f"; no corner {', '.join(gone)} there" if gone else ""
    ratio = supply_ratio(devices, spec.technology)
    return (f"{spec.name} is written for {spec.technology}: its voltages are scaled by {ratio:.4g} for {name} "
            f"({devices.vdd_V:g} V), its limits are not judged{without}")  # fmt: skip


def _each(values: dict[str, Any], volts: set[str], ratio: float) -> dict[str, Any]:
    return {name: _times(value, ratio) if name in volts else value for name, value in values.items()}


def _times(value: Any, ratio: float) -> Any:
    """A number, a list of them, or the numbers of a distribution; a range becomes the list of its values, since rounded
    ends would move what lies between them off 0 and off half the supply."""
    if isinstance(value, dict) and "start" in value:
        return [scaled(each, ratio) for each in validated(Range, value, "").expand()]
    if isinstance(value, dict):
        return {key: each if key == "scale" else _times(each, ratio) for key, each in value.items()}
    if isinstance(value, list):
        return [_times(each, ratio) for each in value]
    return value if value is None else scaled(float(value), ratio)

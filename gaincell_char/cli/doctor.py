"""`gaincell doctor`: what this machine has, and what is missing."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from typing import Any

import click

from gaincell_char.cli.common import json_option, print_json
from gaincell_char.errors import EnvironmentFault
from gaincell_char.paths import cache_folder, data_folder
from gaincell_char.version import __version__

_PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "pydantic", "PySpice", "pebble", "matplotlib", "safetensors",
             "tokenizers", "torch", "transformers")  # fmt: skip


@click.command(name="doctor")
@json_option
def command(as_json: bool) -> None:
    """What this machine has, and what is missing.

    Tries the simulator and both engines. Exit code 4 where something that simulations need is missing; evaluating
    models works without it.
    """
    found = examine()
    if as_json:
        print_json(found)
    else:
        _print(found)
    if found["problems"]:
        raise EnvironmentFault("; ".join(found["problems"]))


def examine() -> dict[str, Any]:
    """Everything that `doctor` reports, as JSON-ready values; `problems` is empty on a machine that can do all."""
    from gaincell_char.spice.capabilities import capabilities
    from gaincell_char.spice.simulator import library, simulator
    from gaincell_char.technology import technologies

    problems: list[str] = []
    found: dict[str, Any] = {
        "gaincell": __version__,
        "python": {"version": platform.python_version(), "path": sys.executable},
        "ngspice": None,
        "libngspice": None,
        "capabilities": [],
        "packages": {name: _version(name) for name in _PACKAGES},
        "technologies": {name: devices.installed for name, devices in technologies().items()},
        "models": sorted(path.stem for path in data_folder("models").glob("*.json") if "schema" not in path.name),
        "networks": sorted(path.parent.name for path in data_folder("models").glob("embedded/*/model.safetensors")),
        "cache": str(cache_folder()),
        "problems": problems,
    }
    try:
        found["libngspice"] = str(library())
    except EnvironmentFault as fault:
        problems.append(str(fault))
    try:
        ngspice = simulator()
        found["ngspice"] = {"path": str(ngspice.path), "version": ngspice.version, "identity": ngspice.identity,
                            "about": ngspice.about.splitlines()}  # fmt: skip
        tried = capabilities(ngspice)
        found["capabilities"] = [vars(capability) for capability in tried]
        known = set(problems)
        problems += [
            f"{each.name}: {each.seen}" for each in tried if each.required and not each.works and each.seen not in known
        ]
    except EnvironmentFault as fault:
        problems.append(str(fault))
    return found


def _install(name: str) -> str:
    from gaincell_char.technology import technology

    return technology(name).install


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _print(found: dict[str, Any]) -> None:
    ngspice = found["ngspice"]
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items() if version)
    absent = ", ".join(name for name, version in found["packages"].items() if version is None)
    rows = [
        ("gaincell", found["gaincell"]),
        ("python", f"{found['python']['version']} ({found['python']['path']})"),
        ("ngspice", f"{ngspice['version']} ({ngspice['path']})" if ngspice else "missing"),
        ("libngspice", found["libngspice"] or "missing"),
        *((each["name"], f"{'yes' if each['works'] else 'no'}: {each['seen']}") for each in found["capabilities"]),
        ("packages", packages),
        ("not installed", absent or "nothing"),
        *(
            (f"technology {name}", where or f"not installed: {_install(name)}")
            for name, where in found["technologies"].items()
        ),
        ("behavioral models", ", ".join(found["models"]) or "none"),
        ("embedded networks", ", ".join(found["networks"]) or "none"),
        ("cache", found["cache"]),
    ]
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        click.echo(f"{name:{width}}  {text}")

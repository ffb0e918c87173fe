"""The example decks, run as a designer would, against the numbers in their titles."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from gaincell_char.paths import data_folder

EXAMPLES = data_folder("netlists") / "examples"


def title(name: str) -> str:
    """The line of an example that states what was measured."""
    return (EXAMPLES / f"{name}.cir").read_text(encoding="utf-8").splitlines()[1]


def stated(name: str) -> list[float]:
    """The numbers after each `=` of that line."""
    return [float(number) for number in re.findall(r"= ([-+.\d]+)", title(name))]


def measured(name: str) -> dict[str, float]:
    """What ngspice prints, by the name of the measurement (lower case)."""
    done = subprocess.run(
        ["ngspice", "-n", "-b", Path(f"{name}.cir")], cwd=EXAMPLES, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return {found[1]: float(found[2]) for found in re.finditer(r"(?m)^(\w+)\s+=\s+([-+.\deE]+)", done.stdout)}

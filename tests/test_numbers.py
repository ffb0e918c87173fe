"""Numbers on the command line that are none: NaN lies within every bound that click knows."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from gaincell_char.cli.main import cli


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["study", "requirements", "--budget"],
        ["optimize", "--budget"],
        ["cost", "--supply"],
        ["finetune", "--weights", "embedded/software", "--model", "leroux2025", "-o", "out", "--rate"],
        ["sweep", "run", "gain_cell_iv", "--timeout"],
        ["fit", "--csv", "table.csv", "-o", "model.json", "--temperature"],
    ],
    ids=lambda arguments: f"{arguments[0]} {arguments[-1]}",
)
def test_a_number_is_finite(arguments, number):
    result = CliRunner().invoke(cli, [*arguments, number])
    assert result.exit_code == 2
    assert arguments[-1] in result.output
    assert "not a finite number" in result.output or "not in the range" in result.output

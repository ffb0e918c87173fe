"""The exported torch program, loaded and differentiated without the package, against the transcription."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from test_torch_attention import CASES, drawn
from transcription import attention_and_gradients

import gaincell_char as gc
from gaincell_char.cli.main import cli

torch = pytest.importorskip("torch", reason="torch (extra `train`) is not installed")
from gaincell_char.integrations.torch.program import save_torch_program  # noqa: E402

ALONE = """
import numpy, sys, torch
program = torch.export.load(sys.argv[1]).module()
assert not any(name.startswith("gaincell_char") for name in sys.modules)
given = dict(numpy.load(sys.argv[2]))
state = {name[6:]: torch.tensor(x) for name, x in given.items() if name.startswith("state.")}
program.load_state_dict(state, strict=False)
leaves = [torch.tensor(given[name], requires_grad=True) for name in "qkv"]
out = program(*leaves)
out.backward(torch.tensor(given["upstream"]))
found = {"out": out.detach(), **{n: x.grad for n, x in zip("qkv", leaves)}}
found |= {n: program.get_parameter(n).grad for n in ("a.q", "b.k", "a.v", "a.out", "b.out")}
numpy.savez(sys.argv[3], **found)
"""


@pytest.mark.full  # torch.export takes its time
@pytest.mark.parametrize("case", ["measured law", "published"])
def test_a_program_gives_the_numbers_and_gradients_where_the_package_is_not(tmp_path, case):
    name, options, setup = CASES[case]
    save_torch_program(gc.load_model(name), tmp_path / "cell.pt2", heads=4, dtype=torch.float64, **options)
    q, k, v, scalers, upstream = drawn((3, 4, 131, 24), seed=2)
    state = {f"state.{part}.{n}": pair[i] for n, pair in scalers.items() for i, part in enumerate("ab")}
    np.savez(tmp_path / "given.npz", q=q, k=k, v=v, upstream=upstream, **state)
    files = [str(tmp_path / file) for file in ("cell.pt2", "given.npz", "found.npz")]
    subprocess.run([sys.executable, "-c", ALONE, *files], check=True)
    wanted, expected, _ = attention_and_gradients(q, k, v, scalers, upstream, setup)
    found = np.load(tmp_path / "found.npz")
    np.testing.assert_allclose(found["out"], wanted, rtol=0, atol=1e-9)
    for gradient in found.files[1:]:
        ours = ".".join(reversed(gradient.split(".")))
        np.testing.assert_allclose(found[gradient], expected[ours], rtol=0, atol=1e-9, err_msg=gradient)


def test_options_of_another_target_are_refused(tmp_path):
    run = ["model", "export", "cmos28", "-o", str(tmp_path / "cell"), "--to"]
    refused = CliRunner().invoke(cli, [*run, "spice", "--heads", "2"])
    assert refused.exit_code == 2
    assert "--heads does nothing with --to spice" in refused.output
    refused = CliRunner().invoke(cli, [*run, "torch", "--corner", "tt"])
    assert "--corner does nothing with --to torch" in refused.output
    for target, comment in (("spice", "*"), ("verilog-a", "//")):
        assert CliRunner().invoke(cli, [*run, target]).exit_code == 0
        assert (tmp_path / "cell").read_text().startswith(f"{comment} Behavioral gain cell cmos28")

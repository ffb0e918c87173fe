"""What an import brings with it: evaluating a model must not load what only simulation and training need."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("PySpice", "pandas", "scipy", "matplotlib", "torch", "transformers", "pyarrow", "ruamel")


def loaded_by(statement: str) -> set[str]:
    """Top-level modules present after `statement` in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.parametrize("room", ["behavior", "attention", "gpt2"])
def test_the_model_branch_is_light(room: str) -> None:
    assert not loaded_by(f"import gaincell_char.{room}") & set(HEAVY)


def test_the_package_alone_loads_nothing() -> None:
    assert not loaded_by("import gaincell_char") & {*HEAVY, "numpy", "pydantic", "safetensors", "tokenizers", "click"}


def test_help_loads_no_room() -> None:
    statement = (
        "import contextlib, io\n"
        "from gaincell_char.cli.main import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n    cli(['--help'], standalone_mode=False)"
    )
    assert not loaded_by(statement) & {*HEAVY, "numpy", "pydantic"}


PUBLIC = ("AnalogAttention", "BehavioralModel", "GPT2", "adapt", "analog_attention", "load_gpt2", "load_model")


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_there(name: str) -> None:
    import gaincell_char

    assert callable(getattr(gaincell_char, name))


def test_an_unknown_name_is_an_attribute_error() -> None:
    import gaincell_char

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gaincell_char.nothing

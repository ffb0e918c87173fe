"""Small checkpoints with random weights, written as Hugging Face directories are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_gpt2 import SIZES, byte_tokenizer, random_tensors
from safetensors.numpy import save_file


@pytest.fixture
def checkpoint(tmp_path: Path) -> Callable[..., Path]:
    """checkpoint(tensors=None, tokenizer=True, **config) -> its folder."""

    def build(
        tensors: dict[str, np.ndarray] | None = None, tokenizer: bool = True, name: str = "tiny", **config: Any
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        content = {"model_type": "gpt2", **SIZES, **config}
        (folder / "config.json").write_text(json.dumps(content))
        save_file(random_tensors(content) if tensors is None else tensors, folder / "model.safetensors")
        if tokenizer:
            byte_tokenizer().save(str(folder / "tokenizer.json"))
        return folder

    return build

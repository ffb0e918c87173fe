"""What `config.json` of a Hugging Face GPT-2 says about the forward pass."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gaincell_char.errors import InputError


class Gaincell(BaseModel):
    """Our own section: which attention the weights were trained for."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    attention: Literal["software", "linear-hardware", "nonlinear-hardware"] = "software"


class GPT2Config(BaseModel):
    """Sizes and switches of the forward pass, under Hugging Face's names.

    Fields of `config.json` that change nothing here (dropout, token ids of other tools, ...) are ignored; those that
    would change the logits in a way that this forward pass does not know are refused by value.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    model_type: Literal["gpt2"] = "gpt2"
    vocab_size: int = Field(gt=0)
    n_positions: int = Field(gt=0)
    n_embd: int = Field(gt=0)
    n_layer: int = Field(gt=0)
    n_head: int = Field(gt=0)
    n_inner: int | None = Field(default=None, gt=0)
    layer_norm_epsilon: float = Field(default=1e-5, gt=0, allow_inf_nan=False)
    activation_function: Literal["gelu_new", "gelu_pytorch_tanh"] = "gelu_new"
    scale_attn_weights: Literal[True] = True
    scale_attn_by_inverse_layer_idx: Literal[False] = False
    add_cross_attention: Literal[False] = False
    tie_word_embeddings: Literal[True] = True
    gaincell: Gaincell = Gaincell()

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> GPT2Config:
        if self.n_embd % self.n_head:
            raise ValueError(f"n_embd {self.n_embd} is no multiple of n_head {self.n_head}")
        return self

    @property
    def head_width(self) -> int:
        """D, 64 in every published GPT-2."""
        return self.n_embd // self.n_head

    @property
    def hidden_width(self) -> int:
        """Width between the two matrices of the MLP."""
        return 4 * self.n_embd if self.n_inner is None else self.n_inner


def load_config(path: Path) -> GPT2Config:
    """Read a `config.json`.

    Raises
    ------
    InputError
        Unreadable, not a JSON object, a field missing or of a value that this forward pass does not know.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error}); expected a GPT-2 config.json") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds a {type(content).__name__}, expected the JSON object of a GPT-2 config")
    try:
        return GPT2Config.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path}: {_first_fault(error, content)}") from error


def _first_fault(error: ValidationError, content: dict[str, Any]) -> str:
    fault = error.errors()[0]
    field = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        close = difflib.get_close_matches(field, content, n=1)
        return f"{field} is missing{f'; did you mean it by {close[0]!r}?' if close else ''}"
    if fault["type"] == "extra_forbidden":
        return f"unknown field {field}; gaincell knows: {', '.join(Gaincell.model_fields)}"
    if not field:
        return str(fault["msg"]).removeprefix("Value error, ")
    return f"{field} is {fault['input']!r}; {fault['msg'][0].lower()}{fault['msg'][1:]}"

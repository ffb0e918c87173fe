"""A fine-tuning from its start to a directory: interrupted at any moment, it goes on to the same weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaincell_char import keys
from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.store import model_text
from gaincell_char.errors import EnvironmentFault, InputError
from gaincell_char.finetuning.recipe import SOFTWARE, Recipe
from gaincell_char.gpt2 import GPT2, load_gpt2

if TYPE_CHECKING:
    from gaincell_char.finetuning.text import Text

Progress = Callable[[int, int, str], None]
"""Called as progress(done, total, note)."""

STATE = "state.pt"
DEVICES = ("auto", "cpu", "cuda")


def fine_tune(
    recipe: Recipe,
    out: Path,
    *,
    text: Sequence[Path] = (),
    device: str = "auto",
    save_every: int = 50,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Fine-tune by `recipe` and leave in `out` what `load_gpt2` reads; returns the record, JSON (`training.json`).

    What `out` holds of the same recipe and text is gone on with, or, when finished, returned. On a CPU the weights are
    then those of a run that nothing interrupted, with as many threads on the same machine, bit by bit.

    Parameters
    ----------
    text: UTF-8 files or `.npy` files of token ids; none: the standard library's code.
    device: "cpu", "cuda", or "auto", a GPU where there is one.
    save_every: updates from one saved state to the next.

    Raises
    ------
    InputError
        A recipe, text, network or model that cannot be used; an `out` that holds something else; a loss that is not
        finite.
    EnvironmentFault
        No torch, no GPU where one is asked for, a folder that cannot be written.
    """
    recipe.check()
    if device not in DEVICES:
        raise InputError(f"device: {device!r}; expected one of {', '.join(DEVICES)}")
    lm, model = load_gpt2(recipe.weights), None if recipe.model == SOFTWARE else load_model(recipe.model)
    if recipe.length > lm.config.n_positions:
        raise InputError(f"length: {recipe.length} tokens; {recipe.weights} knows {lm.config.n_positions} positions")
    require_torch()
    from gaincell_char.finetuning.loop import Training

    read = _read(lm, text, recipe.length)
    identity = _identity(recipe, lm, model, read)
    finished = _finished(out, identity)
    if finished is not None:
        return finished
    return Training(recipe, lm, model, read, identity, out, device).run(save_every, progress)


def require_torch() -> None:
    """Raise `EnvironmentFault` where torch is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise EnvironmentFault("fine-tuning needs torch; install gaincell_char[train]") from error


def use_threads(count: int) -> None:
    """Let torch compute with `count` threads; raises as `require_torch`."""
    require_torch()
    import torch

    torch.set_num_threads(count)


def _read(lm: GPT2, text: Sequence[Path], length: int) -> Text:
    from gaincell_char.finetuning.text import file_text, library_text

    return file_text(lm.tokenizer, text, length) if text else library_text(lm.tokenizer, length)


def _identity(recipe: Recipe, lm: GPT2, model: BehavioralModel | None, text: Text) -> dict[str, Any]:
    """All that the weights depend on, by value or by hash."""
    assert lm.folder is not None  # it was loaded from one
    files = [lm.folder / name for name in ("config.json", "model.safetensors", "scalers.safetensors")]
    return {
        **recipe.describe(),
        "weights_sha256": {file.name: keys.file_digest(file) for file in files if file.is_file()},
        "model_sha256": None if model is None else keys.digest(model_text(model).encode()),
        "text": text.source,
    }


def _finished(out: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """The record in `out` of a run that ended; None where one can begin or go on.

    Raises
    ------
    InputError
        `out` is no folder, or holds another run's record, or files that no fine-tuning left.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; expected a folder to write")
    try:
        record: dict[str, Any] = json.loads((out / "training.json").read_bytes())
    except FileNotFoundError:
        foreign = sorted(path.name for path in out.glob("[!.]*"))
        if foreign and not (out / STATE).is_file():
            raise InputError(f"{out}: holds {foreign[0]}, which no fine-tuning left; choose another folder") from None
        return None
    except ValueError as error:
        raise InputError(f"{out / 'training.json'}: cannot be read ({error}); choose another folder") from error
    check_same(out, record.get("identity"), identity)
    return record


def check_same(out: Path, found: Any, wanted: dict[str, Any]) -> None:
    """Raise `InputError`, naming the first setting that differs, unless `out` is of the same run."""
    if not isinstance(found, dict):
        raise InputError(f"{out}: holds a network that was not fine-tuned here; choose another folder")
    for name, value in wanted.items():
        if found.get(name) != value:
            raise InputError(
                f"{out}: holds a fine-tuning with {name} {found.get(name)!r}, not {value!r}; choose another folder"
            )

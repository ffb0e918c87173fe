"""Which network, which attention: weights and a behavioral model put together, or refused in one line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.errors import InputError
from gaincell_char.gpt2.checkpoint import load_gpt2
from gaincell_char.gpt2.network import GPT2
from gaincell_char.gpt2.softmax import Attention, SoftmaxAttention

if TYPE_CHECKING:
    from gaincell_char.attention import AnalogAttention

SOFTWARE = "software"
SCALERS_FILE = "scalers.safetensors"


@dataclass(frozen=True)
class Choice:
    """A network and its attention by name.

    Attributes
    ----------
    weights: as `load_gpt2` takes them; None: the embedded ones that were trained for the attention.
    model: "software", the name of a behavioral model, or its JSON file.
    scalers: a scalers file; None: the one beside the weights, else a = 1 and b at the center of the cell.
    window: tokens that a query sees, itself included; None: all of them (analog: 1024).
    quantize, decay: of analog attention.
    fidelity: "paper", its equations; "circuit", what was measured of the model's circuits.
    effects: of circuit fidelity, by name; None: all that the model has measured.
    circuit_seed: of mismatch and noise.
    force: analog attention on weights never trained for it.
    """

    weights: str | None = None
    model: str = SOFTWARE
    scalers: Path | None = None
    window: int | None = None
    quantize: bool = True
    decay: bool = True
    fidelity: str = "paper"
    effects: tuple[str, ...] | None = None
    circuit_seed: int = 0
    force: bool = False

    def load(self) -> tuple[GPT2, Attention]:
        """The network and its attention; raises InputError or EnvironmentFault in one line."""
        if self.model == SOFTWARE:
            self._check_software()
            return load_gpt2(self.weights_name), SoftmaxAttention(self.window)
        model = load_model(self.model)
        lm = load_gpt2(self.weights_name)
        return lm, self.attention(lm, model)

    def attention(self, lm: GPT2, model: BehavioralModel) -> AnalogAttention:
        """The attention of the choice on `model`, be it the one that was chosen or one that differs from it."""
        return analog_attention_for(
            lm,
            model,
            self.scalers,
            window=1024 if self.window is None else self.window,
            quantize=self.quantize,
            decay=self.decay,
            fidelity=self.fidelity,
            effects=self.effects,
            seed=self.circuit_seed,
            force=self.force,
        )

    def _check_software(self) -> None:
        meant = {
            "scalers": self.scalers is not None,
            "no-quantize": not self.quantize,
            "no-decay": not self.decay,
            "fidelity": self.fidelity != "paper",
            "effects": self.effects is not None,
        }
        for option, given in meant.items():
            if given:
                raise InputError(f"--{option}: software attention has none; give a behavioral model with --model")

    @property
    def weights_name(self) -> str:
        """`weights`, or the embedded ones that fit `model`."""
        return self.weights or ("embedded/software" if self.model == SOFTWARE else "embedded/linear-hardware")

    def describe(self) -> dict[str, Any]:
        """The choice as JSON."""
        analog: dict[str, Any] = {}
        if self.model != SOFTWARE:
            analog = {"quantize": self.quantize, "decay": self.decay, "fidelity": self.fidelity}
            if self.fidelity != "paper":
                analog |= {"effects": self._effects(), "circuit_seed": self.circuit_seed}
        scalers = None if self.scalers is None else str(self.scalers)
        return {"weights": self.weights_name, "model": self.model, "window": self.window, "scalers": scalers, **analog}

    def _effects(self) -> list[str]:
        from gaincell_char.attention.effects import EFFECTS, chosen_effects

        chosen = chosen_effects(load_model(self.model), self.effects)
        return [name for name in EFFECTS if name in chosen]


def analog_attention_for(
    lm: GPT2,
    model: BehavioralModel,
    scalers: Path | None = None,
    *,
    window: int = 1024,
    quantize: bool = True,
    decay: bool = True,
    fidelity: str = "paper",
    effects: tuple[str, ...] | None = None,
    seed: int = 0,
    force: bool = False,
) -> AnalogAttention:
    """The attention of `model`'s circuit for `lm`, with the scalers of a file or those beside the weights.

    Raises
    ------
    InputError
        The weights were never trained for linear attention and have no scalers, unless `force`; scalers that do not
        fit the network.
    """
    from gaincell_char.attention import AnalogAttention

    found = scalers if scalers is not None else _beside(lm)
    if found is None and lm.config.gaincell.attention == SOFTWARE and not force:
        raise InputError(
            f"{lm.name}: these weights were never trained for analog attention, which has no softmax, and would give "
            "noise; use embedded/linear-hardware, give --scalers, or insist with --force"
        )
    return AnalogAttention(
        model,
        scalers=found,
        window=window,
        quantize=quantize,
        decay=decay,
        fidelity=fidelity,
        effects=effects,
        seed=seed,
    )


def _beside(lm: GPT2) -> Path | None:
    path = None if lm.folder is None else lm.folder / SCALERS_FILE
    return path if path is not None and path.is_file() else None

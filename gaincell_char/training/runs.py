"""The three runs that make the embedded checkpoints: what each starts from, trains on and minimizes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from gaincell_char.corpus.bpe import train_tokenizer
from gaincell_char.corpus.code import held_out_tokens, training_sources
from gaincell_char.corpus.recall import recall_set
from gaincell_char.training import parallel
from gaincell_char.training import state as disk
from gaincell_char.training.calibration import calibrate_scalers
from gaincell_char.training.curriculum import FINE_TUNE, LONG, MORE, ROBUST, SOFTWARE, Data, Phase, make_batch
from gaincell_char.training.evaluate import code_loss, recall_curve
from gaincell_char.training.export import read_weights
from gaincell_char.training.hardware import HardwareAttention
from gaincell_char.training.initialization import lay_out_recall
from gaincell_char.training.model import GPT, ModelConfig
from gaincell_char.training.objective import ObjectiveFunction, distilled_by, layers_matched_to
from gaincell_char.training.optimizer import Optimizers
from gaincell_char.training.train import Progress, train


@dataclass(frozen=True)
class Run:
    """A checkpoint in the making.

    Attributes:
        base: the run whose end this one starts from; None starts from `lay_out_recall`.
        teacher: the run whose model the objectives of the phases compare with; None: plain language.
        checkpoint: folder that the run is published in; "" is its name.
        attention: "software" or "linear-hardware".
        matrix_lr, other_lr: learning rates of Muon and of AdamW.
        notes: what a reader of the checkpoint's record should know about how it was trained.
    """

    name: str
    phases: tuple[Phase, ...]
    base: str | None = None
    teacher: str | None = None
    checkpoint: str = ""
    attention: str = "software"
    matrix_lr: float = 2e-3
    other_lr: float = 2e-3
    notes: tuple[str, ...] = ()


SOFTWARE_NOTES = (
    "Four heads start as copies between subspaces of the residual stream (gaincell_char/training/initialization.py): "
    "recall then appears within 0.1 M tokens of copying instead of after 2 M or more.",
    "Short rows are placed at random positions, so that every position embedding is trained from the start.",
    "Code is in every batch of every phase.",
    "Settings changed while the published checkpoint was trained. Until step 200: one process, programs-128 with 22 + "
    "10 rows. Until step 500: matrix_lr 2e-3, programs-256 with 24 + 8 rows. Until step 600: recall_weight 0.5 in "
    "programs-256. Until step 2634: positions of short rows uniform. The phases after programs-1024 were added "
    "last; linear-hardware and software-control start from the end of recall-1024.",
)
MORE_NOTES = (
    "Phases more-*: states after each layer are drawn to software-control's (match 10, then 4), and 0.8, then 0.7 of "
    "the code's loss is taken against its distribution. Scalers learn at a fifth of the vectors' rate.",
)
ROBUST_NOTES = (
    "After linear-hardware-more (phases more-512 and more-1024).",
    "Phase robust-1024: in half of the rows the cells of all layers cross zero up to 0.045 V beside mid-supply and "
    "have up to 1.25 times the published cell's curvature (the curvature from step 500 on).",
)
LONG_NOTES = ("After linear-hardware-robust (phase robust-1024), against the same teacher.",)
HARDWARE_NOTES = (
    "Scalers start from statistics of the software model (gaincell_char/training/calibration.py), not at a = 1 and "
    "b = 0 or 0.45.",
    "Phases layers-warm-up and layers: each layer's attention imitates the software layer's output on its input.",
    "Phases states-*: states after each layer are drawn to the software model's (half the weight of the loss).",
    "Phases states-* and network-1024: half of the code's loss is taken against the software model's distribution.",
    "Decay, clips and quantizers are on from the first step.",
)

RUNS = {
    run.name: run
    for run in (
        Run("software", SOFTWARE, matrix_lr=3e-3, notes=SOFTWARE_NOTES),
        Run(
            "software-control",
            FINE_TUNE,
            base="software",
            matrix_lr=1.5e-3,
            other_lr=1e-3,
            notes=("The phases, batches and tokens of linear-hardware, with softmax attention and the plain loss.",),
        ),
        Run(
            "linear-hardware",
            FINE_TUNE,
            base="software",
            teacher="software",
            attention="linear-hardware",
            matrix_lr=3e-3,
            notes=HARDWARE_NOTES,
        ),
        Run(
            "software-control-more",
            MORE,
            base="software-control",
            checkpoint="software-control",
            matrix_lr=1.5e-3,
            other_lr=1e-3,
        ),
        Run(
            "linear-hardware-more",
            MORE,
            base="linear-hardware",
            teacher="software-control",
            checkpoint="linear-hardware",
            attention="linear-hardware",
            matrix_lr=3e-3,
            notes=MORE_NOTES,
        ),
        Run(
            "software-control-robust",
            ROBUST,
            base="software-control-more",
            checkpoint="software-control",
            matrix_lr=1.5e-3,
            other_lr=1e-3,
        ),
        Run(
            "linear-hardware-robust",
            ROBUST,
            base="linear-hardware-more",
            teacher="software-control-more",
            checkpoint="linear-hardware",
            attention="linear-hardware",
            matrix_lr=3e-3,
            notes=ROBUST_NOTES,
        ),
        Run(
            "linear-hardware-long",
            LONG,
            base="linear-hardware-robust",
            teacher="software-control-more",
            checkpoint="linear-hardware",
            attention="linear-hardware",
            matrix_lr=3e-3,
            notes=LONG_NOTES,
        ),
    )
}


def tokenizer_path(folder: Path, published: Path) -> Path:
    """The tokenizer of all runs in `folder`: at first a copy of the published one, or trained where there is none."""
    path = folder / "tokenizer.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        known = published / "software" / "tokenizer.json"
        if known.exists():
            shutil.copyfile(known, path)
        else:
            train_tokenizer(training_sources()).save(str(path))
    return path


def new_model(run: Run, config: ModelConfig | None = None) -> GPT:
    """The run's network with random weights."""
    config = ModelConfig() if config is None else config
    attentions: list[nn.Module] | None = None
    if run.attention != "software":
        attentions = [HardwareAttention(config.n_head) for _ in range(config.n_layer)]
    return GPT(config, attentions)


def load_model(run: Run, folder: Path) -> tuple[GPT, Progress]:
    """The run's network and progress as of its last saved state."""
    stored = disk.load(folder / run.name / "state.pt")
    model = new_model(run)
    model.load_state_dict(stored["model"])
    return model, Progress(**stored["progress"])


def finished(name: str, folder: Path, published: Path) -> GPT:
    """The network at the end of run `name`: from its state in `folder`, or else from its published checkpoint.

    Raises:
        ValueError: the run has not finished, or there is neither.
    """
    run = RUNS[name]
    if (folder / name / "state.pt").exists():
        model, progress = load_model(run, folder)
        if progress.phase < len(run.phases):
            raise ValueError(f"run {name!r} has not finished ({progress.step} steps): resume it first")
        return model
    checkpoint = published / (run.checkpoint or name)
    if not checkpoint.is_dir():
        raise ValueError(f"run {name!r} has no state in {folder} and no checkpoint {checkpoint}: train it first")
    model = new_model(run)
    read_weights(model, checkpoint)
    return model


def start(
    run: Run, folder: Path, published: Path, seed: int, data: Data
) -> tuple[GPT, Mapping[str, ObjectiveFunction]]:
    """The network that a run begins with, and what its phases minimize where that is not plain language."""
    torch.manual_seed(seed)
    model = new_model(run)
    if run.base is None:
        lay_out_recall(model)
        return model, {}
    base = finished(run.base, folder, published)
    model.load_state_dict(base.state_dict(), strict=False)  # software has no scalers
    if run.attention != RUNS[run.base].attention:
        first = make_batch(data, run.phases[0], seed, 0, base.config.n_positions)
        calibrate_scalers(model, base, torch.from_numpy(np.concatenate([first.code, first.recall])))
    if run.teacher is None:
        return model, {}
    teacher = finished(run.teacher, folder, published).requires_grad_(False)
    objectives = {phase.name: distilled_by(teacher) for phase in run.phases}
    matched = layers_matched_to(teacher)
    return model, objectives | {phase.name: matched for phase in run.phases if phase.name.startswith("layers")}


def watcher(tokenizer: Tokenizer) -> Callable[[GPT, Phase], dict[str, Any]]:
    """A quick evaluation for the curve: held-out loss on 8 windows, recall on 32 answers at 4 distances."""
    held_out = held_out_tokens(tokenizer, 8)
    sets = [recall_set(tokenizer, distance, 4) for distance in (16, 64, 256, 900)]

    def evaluate(model: GPT, phase: Phase) -> dict[str, Any]:
        row: dict[str, Any] = {"held_out": code_loss(model, held_out, fast=True)}
        if phase.recall == "programs":
            row["distance"] = recall_curve(model, sets, fast=True)
        return row

    return evaluate


def execute(run: Run, folder: Path, published: Path, seed: int = 1) -> Progress:
    """Train `run` to its end, resuming its saved state in `folder`/`run.name`; `published` holds the checkpoints."""
    parallel.start()
    tokenizer = Tokenizer.from_file(str(tokenizer_path(folder, published)))
    data = Data.build(tokenizer, training_sources(tests=True))
    model, objectives = start(run, folder, published, seed, data)
    optimizers = Optimizers(model, run.matrix_lr, run.other_lr, run.other_lr)
    return train(
        model, optimizers, data, run.phases, folder / run.name, seed, objectives=objectives, evaluate=watcher(tokenizer)
    )

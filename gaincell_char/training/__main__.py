"""`python -m gaincell_char.training`: train and publish the embedded checkpoints."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from gaincell_char.corpus.bpe import train_tokenizer
from gaincell_char.corpus.code import held_out_tokens, training_sources
from gaincell_char.corpus.recall import recall_set
from gaincell_char.training.curriculum import SOFTWARE, Data, Phase
from gaincell_char.training.evaluate import code_loss, recall_curve
from gaincell_char.training.model import GPT, ModelConfig
from gaincell_char.training.optimizer import Optimizers
from gaincell_char.training.train import train


def load_tokenizer(folder: Path) -> Tokenizer:
    path = folder / "tokenizer.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        train_tokenizer(training_sources()).save(str(path))
    return Tokenizer.from_file(str(path))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gaincell_char.training", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/training"))
    parser.add_argument("--name", default="software")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--matrix-lr", type=float, default=2e-3)
    parser.add_argument("--embedding-lr", type=float, default=2e-3)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    tokenizer = load_tokenizer(args.folder)
    data = Data.build(tokenizer, training_sources(tests=True))
    held_out = held_out_tokens(tokenizer, 8)
    torch.manual_seed(args.seed)
    model = GPT(ModelConfig())
    optimizers = Optimizers(model, args.matrix_lr, args.embedding_lr, args.embedding_lr)
    sets = [recall_set(tokenizer, distance, 4) for distance in (16, 64, 256, 900)]

    def evaluate(model: GPT, phase: Phase) -> dict[str, Any]:
        row: dict[str, Any] = {"held_out": code_loss(model, held_out, fast=True)}
        if phase.recall == "programs":
            row["distance"] = recall_curve(model, sets, fast=True)
        return row

    train(model, optimizers, data, SOFTWARE, args.folder / args.name, args.seed, evaluate)


if __name__ == "__main__":
    main()

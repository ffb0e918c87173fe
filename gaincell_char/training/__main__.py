"""`python -m gaincell_char.training`: train and publish the embedded checkpoints.

    python -m gaincell_char.training train software            # then software-control, linear-hardware; ...-more go on
    python -m gaincell_char.training publish software          # measure the float16 weights, write models/embedded

Training resumes where it was stopped. On a busy machine two processes of one thread beat one of two threads:

    OMP_NUM_THREADS=1 python -m torch.distributed.run --nproc-per-node 2 -m gaincell_char.training train software
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from gaincell_char.corpus.code import END_OF_TEXT
from gaincell_char.training.export import publish, rounded_to_half
from gaincell_char.training.hardware import HardwareAttention
from gaincell_char.training.record import measure, training_record
from gaincell_char.training.runs import RUNS, execute, load_model, tokenizer_path


def main(arguments: list[str] | None = None) -> None:
    """Entry point; `arguments` replaces the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m gaincell_char.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=["train", "publish"])
    parser.add_argument("run", choices=sorted(RUNS))
    parser.add_argument("--folder", type=Path, default=Path("build/training"), help="where run states live")
    parser.add_argument("--output", type=Path, default=Path("models/embedded"), help="where checkpoints are published")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=None, help="threads per process (torch's default)")
    parser.add_argument("--quick", action="store_true", help="publish: measure on an eighth of the texts")
    options = parser.parse_args(arguments)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    if options.action == "train":
        execute(RUNS[options.run], options.folder, options.output, options.seed)
    else:
        publish_run(options.run, options.folder, options.output, options.seed, options.quick)


def publish_run(name: str, folder: Path, output: Path, seed: int, quick: bool = False) -> None:
    """Measure a run's last saved state with its weights rounded to float16, print the result, publish it."""
    run = RUNS[name]
    model, progress = load_model(run, folder)
    rounded_to_half(model)
    for block in model.blocks:
        if isinstance(block.attn.attention, HardwareAttention):
            block.attn.attention.compute = torch.float32
    path = tokenizer_path(folder, output)
    tokenizer = Tokenizer.from_file(str(path))
    end_of_text = int(tokenizer.token_to_id(END_OF_TEXT) or 0)
    measured = measure(model, tokenizer, 4, 4) if quick else measure(model, tokenizer)
    print(json.dumps(measured, indent=1))
    settings = {
        "run": asdict(run),
        "seed": seed,
        "finished": progress.phase == len(run.phases),
        "start": "lay_out_recall" if run.base is None else run.base,
        "optimizer": "Muon (hidden matrices), AdamW (the rest), gradient norm clipped to 1",
        "arithmetic": "bfloat16 products, float32 weights, norms and losses; measured in float32",
    }
    record = training_record(progress, settings, True, measured)
    earlier = output / run.checkpoint / "training.json"
    if run.checkpoint and earlier.exists():
        before = json.loads(earlier.read_text())
        again = before["settings"]["run"]["name"] == name  # this run was published before, at an earlier step
        record["before"] = before.get("before") if again else without_texts(before)
    publish(model, output / (run.checkpoint or name), path, run.attention, end_of_text, record)


def without_texts(record: dict[str, Any]) -> dict[str, Any]:
    """A training record without its lists of hashes."""
    return {key: value for key, value in record.items() if key not in ("held_out", "trained_on")}


if __name__ == "__main__":
    main()

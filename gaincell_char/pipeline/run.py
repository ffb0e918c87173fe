"""`gaincell run`: the loop, its result and its page, in one folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaincell_char import keys
from gaincell_char.pipeline import work
from gaincell_char.pipeline.artifacts import ArtifactFolder
from gaincell_char.pipeline.loop import Request, loop
from gaincell_char.pipeline.network import CHAIN
from gaincell_char.pipeline.result import stage_row, summarize
from gaincell_char.pipeline.stages import Report, Stage, run_stages
from gaincell_char.pipeline.work import VERSION

REPORT_VERSION = 6


@dataclass(frozen=True)
class Outcome:
    """The result (JSON values), where the page and the model are, and products that were damaged and made again."""

    result: dict[str, Any]
    page: Path
    model: Path
    damaged: tuple[Path, ...]


def run(request: Request, out: Path, workers: int, report: Report | None = None) -> Outcome:
    """Run what is not there yet in `out`, and leave `report.html`, `result.json` and `cell.json` (the model) there.

    Raises
    ------
    GaincellError
        One line; what was finished is kept.
    """
    folder = ArtifactFolder(out / "artifacts")
    stages = loop(request, out, workers)
    results = run_stages(stages, folder, workers=workers, report=report)
    result = summarize(request, stages, results)
    suffix = "@changed" if request.parameters else ""
    chain = [name for name in (f"{CHAIN}{suffix}",) if name in results]
    page = Stage(
        "report",
        draw,
        VERSION * 1000 + REPORT_VERSION,
        {"result": _timeless(result), "suffix": suffix, "model_path": "cell.json"},
        (f"fit{suffix}", f"sweep.iv{suffix}", f"sweep.pulse{suffix}", *chain),
    )
    drawn = run_stages([page], folder, workers=1, done=results)["report"]
    result["stages"].append(stage_row(drawn))
    model = results.get(f"{CHAIN}{suffix}", results[f"fit{suffix}"])
    paths = {"report.html": drawn.artifact.content, "cell.json": model.artifact.content}
    paths["result.json"] = json.dumps(result, indent=1).encode()
    for name, content in paths.items():
        _publish_if_new(out / name, content)
    return Outcome(result, out / "report.html", out / "cell.json", tuple(folder.damaged))


def draw(inputs: work.Inputs, products: work.Products) -> bytes:
    """The page of `inputs["result"]`, HTML."""
    from gaincell_char.behavior.store import load_model, read_model
    from gaincell_char.report.build import build
    from gaincell_char.sweep.dataset import Dataset

    suffix = inputs["suffix"]
    result = {**inputs["result"], "model_path": inputs["model_path"]}
    model = read_model(products[f"fit{suffix}"].decode(), "fit")
    iv, pulse = (Dataset.from_bytes(products[f"sweep.{sweep}{suffix}"], sweep) for sweep in ("iv", "pulse"))
    found = products.get(f"{CHAIN}{suffix}")
    chain = None if found is None else read_model(found.decode(), CHAIN)
    return build(result, model, load_model("leroux2025"), iv, pulse, chain).encode()


def _timeless(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result without which stages ran now: the page of equal products is the same page."""
    stages = [{name: stage[name] for name in ("name", "key", "wall_s")} for stage in result["stages"]]
    return {**result, "stages": stages}


def _publish_if_new(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        keys.publish(path, content)

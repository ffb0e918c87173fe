"""The artifact folder: each stage's product under the key of its inputs, whole or absent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaincell_char import keys


@dataclass(frozen=True)
class Artifact:
    """A stage's product: `content` and what it took to make, by the clock and by the processor (s)."""

    key: str
    content: bytes
    wall_s: float
    cpu_s: float

    @property
    def digest(self) -> str:
        """sha256 of the content: what depending stages put into their keys."""
        return keys.digest(self.content)

    def json(self) -> Any:
        """The content, read as JSON."""
        return json.loads(self.content)


class ArtifactFolder:
    """Products of stages, `<stage>/<key>` with a record `<key>.json` beside, which is written last.

    A product without its record, or whose hash is not the recorded one, was interrupted or damaged and is made again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: list[Path] = []

    def path(self, stage: str, key: str) -> Path:
        """Where the product of `stage` under `key` is kept."""
        return self.folder / stage / key

    def get(self, stage: str, key: str) -> Artifact | None:
        """The product, or None where it has to be made."""
        path = self.path(stage, key)
        try:
            record = json.loads(self._record(path).read_bytes())
            content = path.read_bytes()
        except (OSError, ValueError):
            return None
        if not isinstance(record, dict) or record.get("sha256") != keys.digest(content):
            self.damaged.append(path)
            return None
        return Artifact(key, content, float(record["wall_s"]), float(record["cpu_s"]))

    def put(
        self, stage: str, key: str, content: bytes, inputs: dict[str, Any], wall_s: float, cpu_s: float
    ) -> Artifact:
        """Publish a product and its record.

        Raises
        ------
        EnvironmentFault
            Full disk or read-only folder.
        """
        path = self.path(stage, key)
        wall_s, cpu_s = round(wall_s, 3), round(cpu_s, 3)
        keys.publish(path, content)
        record = {"stage": stage, "sha256": keys.digest(content), "inputs": inputs, "wall_s": wall_s, "cpu_s": cpu_s}
        keys.publish(self._record(path), json.dumps(record, indent=1, sort_keys=True).encode())
        return Artifact(key, content, wall_s, cpu_s)

    @staticmethod
    def _record(path: Path) -> Path:
        return path.with_name(path.name + ".json")

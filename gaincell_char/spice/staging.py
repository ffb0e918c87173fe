"""A deck as it lies on disk, ready to run: used by the engines, and to keep a deck that failed."""

from __future__ import annotations

import re
from pathlib import Path

_LIBRARY = re.compile(
    r"^(?P<card>\s*\.lib\s+)(?P<quote>[\"'])(?P<path>[^\"']+)(?P=quote)(?P<section>\s+\S+\s*)$",
    re.IGNORECASE | re.MULTILINE,
)


def stage(text: str, folder: Path) -> str:
    """`text` as ngspice can read it when it runs in `folder`.

    ngspice reads a quoted path with blanks after `.include`, but not after `.lib`: such a library is reached through a
    link to its folder (so that what it includes beside itself is found too).
    """
    links: dict[Path, str] = {}

    def short(match: re.Match[str]) -> str:
        path = Path(match["path"])
        if not re.search(r"\s", match["path"]):
            return match[0]
        name = links.setdefault(path.parent, f"lib{len(links)}")
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(path.parent, target_is_directory=True)
        return f"{match['card']}{name}/{path.name}{match['section']}"

    return _LIBRARY.sub(short, text)

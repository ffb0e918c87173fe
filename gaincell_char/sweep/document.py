"""A YAML file as plain Python, with nothing guessed: every scalar stays the text that was written.

Reading events instead of building YAML's own objects is what bounds the work: depth, nodes and aliases are refused
while they arrive, so a hostile file costs no more than a long one.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import events as ev
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from gaincell_char.errors import InputError

MAX_BYTES = 256 * 1024
MAX_NODES = 10_000
MAX_DEPTH = 8
_NULLS = ("", "~", "null")


def load_document(path: Path) -> dict[str, Any]:
    """The mapping that the YAML file holds: dicts, lists, strings and None.

    Raises
    ------
    InputError
        Absent, too large, not UTF-8, not YAML, or YAML that a spec does not need (see `parse_document`).
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r}: cannot read ({getattr(error, 'strerror', None) or error})") from error
    if len(content) > MAX_BYTES:
        size = path.stat().st_size
        raise InputError(f"{path}: {size} bytes, more than the {MAX_BYTES} that a spec may have")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start} is 0x{content[error.start]:02x})") from error
    return parse_document(text, str(path))


def parse_document(text: str, where: str) -> dict[str, Any]:
    """`text` as a mapping. Refused: duplicate keys, aliases, tags, several documents, more than `MAX_NODES` nodes or
    `MAX_DEPTH` levels; the message names `where` and the line."""
    builder = _Builder(where)
    try:
        for event in YAML(typ="safe", pure=True).parse(io.StringIO(text)):
            builder.take(event)
    except MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{where}{line}: not valid YAML ({error.problem or error.context})") from error
    except YAMLError as error:
        raise InputError(f"{where}: not valid YAML ({' '.join(str(error).split())})") from error
    if not isinstance(builder.root, dict):
        raise InputError(f"{where}: empty, or not a mapping; expected lines like `name: value`")
    return builder.root


class _Builder:
    """Puts events together, keeping the path to where it is for the messages."""

    def __init__(self, where: str) -> None:
        self.root: Any = None
        self._where = where
        self._open: list[tuple[dict[str, Any] | list[Any], str]] = []
        self._key: list[str | None] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        if isinstance(event, ev.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._refused(event, "a second YAML document; expected one")
        elif isinstance(event, ev.AliasEvent):
            raise self._refused(event, f"the alias *{event.anchor}; write the value out")
        elif isinstance(event, ev.ScalarEvent | ev.MappingStartEvent | ev.SequenceStartEvent):
            self._count(event)
            if isinstance(event, ev.ScalarEvent):
                self._scalar(event)
            else:
                self._start(event, {} if isinstance(event, ev.MappingStartEvent) else [])
        elif isinstance(event, ev.MappingEndEvent | ev.SequenceEndEvent):
            self._open.pop()
            self._key.pop()

    def _count(self, event: Any) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._refused(event, f"more than {MAX_NODES} values; write long axes as start, stop, num")
        if event.tag is not None:
            raise self._refused(event, f"the tag {event.tag!r}; write plain values")

    def _scalar(self, event: Any) -> None:
        if self._open and isinstance(self._open[-1][0], dict) and self._key[-1] is None:
            self._take_key(event)
        else:
            plain_null = event.style is None and event.value in _NULLS
            self._put(event, None if plain_null else event.value)

    def _take_key(self, event: Any) -> None:
        container, _ = self._open[-1]
        if event.value in container:
            raise self._refused(event, f"the key {event.value!r} a second time; keep one")
        self._key[-1] = event.value

    def _start(self, event: Any, container: dict[str, Any] | list[Any]) -> None:
        if len(self._open) == MAX_DEPTH:
            raise self._refused(event, f"more than {MAX_DEPTH} levels of nesting")
        path = self._put(event, container)
        self._open.append((container, path))
        self._key.append(None)

    def _put(self, event: Any, value: Any) -> str:
        if not self._open:
            self.root = value
            return ""
        container, path = self._open[-1]
        if isinstance(container, list):
            container.append(value)
            return f"{path}[{len(container) - 1}]"
        key = self._key[-1]
        if key is None:
            raise self._refused(event, "a key that is not plain text")
        container[key] = value
        self._key[-1] = None
        return f"{path}.{key}" if path else key

    def _refused(self, event: Any, what: str) -> InputError:
        path = self._open[-1][1] if self._open else ""
        return InputError(f"{self._where}:{event.start_mark.line + 1}: {path + ': ' if path else ''}{what}")

"""Behavioral models on disk: load with every fault named in one line, save so that nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from gaincell_char.behavior.json_text import parse, render
from gaincell_char.behavior.schema import SCHEMA_VERSION, BehavioralModel
from gaincell_char.errors import InputError, unknown_name
from gaincell_char.keys import publish
from gaincell_char.paths import data_folder

_SUFFIX = ".json"


def bundled_models() -> dict[str, Path]:
    """The models that travel with the package: name -> file."""
    found = sorted(data_folder("models").glob(f"*{_SUFFIX}"))
    return {path.name.removesuffix(_SUFFIX): path for path in found if not path.name.endswith(".schema.json")}


def load_model(name_or_path: str | Path) -> BehavioralModel:
    """The behavioral model of a bundled name (`leroux2025`, `leroux2025_linear`) or of a JSON file.

    Raises
    ------
    InputError
        No such model; or a file that is truncated, of an unknown schema version, with a duplicate key, a number that is
        not finite, an unknown field or a wrong shape: one line that names the file and the field.
    """
    path = _locate(name_or_path)
    return read_model(_read(path), str(path))


def read_model(text: str, where: str) -> BehavioralModel:
    """The model that the JSON `text` holds; errors begin with `where`. Raises `InputError` as `load_model` does."""
    document = parse(text, where)
    if not isinstance(document, dict):
        raise InputError(f"{where}: expected a JSON object with the fields of a behavioral model")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        given = repr(version) if "schema_version" in document else "missing"
        raise InputError(
            f"{where}: schema_version: {given}; this version of gaincell_char reads {SCHEMA_VERSION}, "
            "so fit the model again or use the version that wrote it"
        )
    try:
        return BehavioralModel.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"{where}: {_first_fault(error, document)}") from None


def save_model(model: BehavioralModel, path: str | Path) -> None:
    """Write `model` to `path`, atomically; equal models give equal bytes and every float returns exactly.

    Raises
    ------
    EnvironmentFault
        A full disk or a folder that cannot be written.
    """
    publish(Path(path), model_text(model).encode())


def model_text(model: BehavioralModel) -> str:
    """`model` as the JSON text that `save_model` writes: fields in the order of the schema, names sorted."""
    return render(_plain(model))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {name: _plain(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _locate(name_or_path: str | Path) -> Path:
    bundled = bundled_models()
    if isinstance(name_or_path, str) and name_or_path in bundled:
        return bundled[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path
    if path.suffix == _SUFFIX or len(path.parts) > 1:
        reason = "is not a file" if path.exists() else "no such file"
        raise InputError(f"{path}: {reason}; give a behavioral model (JSON) or one of: {', '.join(bundled)}")
    raise unknown_name("behavioral model", str(name_or_path), bundled)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}; expected a behavioral model (JSON)") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _first_fault(error: ValidationError, document: Any) -> str:
    """`field: what is wrong; given ...` for the first fault, and how many more there are."""
    faults = error.errors(include_url=False)
    first = faults[0]
    field = _field(first["loc"], document) or "model"
    problem = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        problem = "unknown field"
    given = first["input"]
    shown = "" if first["type"] in ("missing", "value_error") else f"; given {_short(given)}"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{field}: {problem[:1].lower()}{problem[1:]}{shown}{more}"


def _field(location: tuple[int | str, ...], document: Any) -> str:
    """The dotted path of a fault, without the labels pydantic adds for the members of a union."""
    parts: list[str] = []
    here = document
    for step, key in enumerate(location):
        inside = (isinstance(here, dict) and key in here) or (isinstance(here, list) and key in range(len(here)))
        if inside:
            here = here[key]
        elif step < len(location) - 1:
            continue
        parts.append(str(key))
    return ".".join(parts)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

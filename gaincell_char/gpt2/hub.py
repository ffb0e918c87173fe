"""A checkpoint's folder from the Hugging Face hub: the local cache first, the network only for what is not there."""

from __future__ import annotations

from pathlib import Path

from gaincell_char.errors import EnvironmentFault, InputError

HUB_NAMES = {
    "gpt2": "openai-community/gpt2",
    "gpt2-medium": "openai-community/gpt2-medium",
    "gpt2-large": "openai-community/gpt2-large",
    "gpt2-xl": "openai-community/gpt2-xl",
    "distilgpt2": "distilbert/distilgpt2",
}
"""Short names and the repositories that hold them now; caches filled earlier have them under the short name."""

REQUIRED = ("config.json", "model.safetensors")
OPTIONAL = ("tokenizer.json", "vocab.json", "merges.txt")
_PATIENCE_S = 10


def hub_folder(name: str) -> Path:
    """The local snapshot of repository `name` ("gpt2", "owner/name"), downloaded where the cache lacks it.

    Raises
    ------
    EnvironmentFault
        Neither in the cache nor reachable.
    InputError
        The hub has no such repository, or it has no safetensors weights.
    """
    repository = HUB_NAMES.get(name, name)
    for cached in dict.fromkeys((repository, name)):
        folder = _cached(cached)
        if folder is not None:
            return folder
    return _download(repository)


def _cached(repository: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = [try_to_load_from_cache(repository, file) for file in REQUIRED]
    paths = [Path(file) for file in found if isinstance(file, str)]
    return paths[0].parent if len(paths) == len(REQUIRED) else None


def _download(repository: str) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    wanted = f"{repository} from the Hugging Face hub"
    nowhere = (
        f"{wanted}: not in the local cache and the hub cannot be reached; go online once, copy the files and give "
        "their folder, or use embedded/software"
    )
    if not _reachable():
        raise EnvironmentFault(nowhere)
    try:
        folder = Path(hf_hub_download(repository, REQUIRED[0])).parent
        for file in OPTIONAL:
            try:
                hf_hub_download(repository, file)
            except LocalEntryNotFoundError:
                raise
            except EntryNotFoundError:
                continue
        hf_hub_download(repository, REQUIRED[1])
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise InputError(f"{wanted}: no such repository (or a private one); check the name") from error
    except LocalEntryNotFoundError as error:
        raise EnvironmentFault(nowhere) from error
    except EntryNotFoundError as error:
        raise InputError(f"{wanted}: it has no model.safetensors; gaincell reads no other weights") from error
    except Exception as error:  # OSError, and whatever the HTTP client of this version of the library raises
        raise EnvironmentFault(f"{wanted}: the download failed ({str(error).splitlines()[0]}); try again") from error
    return folder


def _reachable() -> bool:
    """Whether the hub answers at all: asked once, where the library itself would try for half a minute."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=_PATIENCE_S)
    except Exception:  # offline mode, no name service, refused, timed out: the HTTP client has an error for each
        return False
    return True

"""`load_gpt2("gpt2")` through huggingface_hub: from a local server with the hub's layout, then from its cache alone.

The library reads its environment when it is imported, so every load runs in a process of its own.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from gaincell_char.errors import InputError
from gaincell_char.gpt2 import load_gpt2
from gaincell_char.gpt2.checkpoint import checkpoint_folder

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LOAD = """
import sys
from gaincell_char.errors import GaincellError
from gaincell_char.gpt2 import load_gpt2
try:
    lm = load_gpt2(sys.argv[1])
    print(repr(float(lm.logits([[1, 2, 3]])[0, -1, 5])), len(lm.encode("abc")))
except GaincellError as error:
    print(type(error).__name__, error)
"""


class Hub(ThreadingHTTPServer):
    """Serves repositories (name -> folder) as the hub does: /<owner>/<name>/resolve/<revision>/<file>."""

    def __init__(self, repositories: dict[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories = repositories
        self.asked: list[str] = []
        self.cut: str | None = None


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        repository, _, rest = self.path.strip("/").partition("/resolve/")
        file = rest.partition("/")[2]
        folder = self.server.repositories.get(repository)
        if folder is None:
            return self._refuse("RepoNotFound")
        if not (folder / file).is_file():
            return self._refuse("EntryNotFound")
        content = (folder / file).read_bytes()
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content[: len(content) // 2] if file == self.server.cut else content)
        return None

    def _refuse(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(checkpoint) -> Iterator[Hub]:
    server = Hub({"openai-community/gpt2": checkpoint(name="served")})
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def load(name: str, cache: Path, **environment: str) -> str:
    """What a fresh process prints that loads `name` with its hub cache at `cache`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    finished = subprocess.run(
        [sys.executable, "-c", LOAD, name],
        env={**kept, "HF_HOME": str(cache), "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "*", **environment},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in finished.stderr, finished.stderr
    return finished.stdout.strip()


def test_download_then_cache_without_network(hub, tmp_path):
    cache = tmp_path / "cache"
    endpoint = f"http://127.0.0.1:{hub.server_port}"
    expected = load_gpt2(hub.repositories["openai-community/gpt2"]).logits([[1, 2, 3]])[0, -1, 5]

    first = load("gpt2", cache, HF_ENDPOINT=endpoint)
    assert first == f"{float(expected)!r} 3"
    assert any("resolve/main/model.safetensors" in asked for asked in hub.asked)

    hub.asked.clear()
    assert load("gpt2", cache, HF_ENDPOINT=endpoint) == first
    assert hub.asked == []  # the cache comes first
    assert load("gpt2", cache, HF_HUB_OFFLINE="1") == first
    assert load("openai-community/gpt2", cache, HF_HUB_OFFLINE="1") == first


def test_nothing_cached_and_no_network(tmp_path):
    for environment in ({"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}):
        said = load("gpt2", tmp_path / "cache", **environment)
        assert said.startswith(
            "EnvironmentFault openai-community/gpt2 from the Hugging Face hub: not in the local cache"
        )
        assert "\n" not in said


def test_what_the_hub_lacks(hub, tmp_path):
    environment = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"}
    assert "InputError someone/nothing from the Hugging Face hub: no such repository" in load(
        "someone/nothing", tmp_path / "cache", **environment
    )
    (hub.repositories["openai-community/gpt2"] / "model.safetensors").unlink()
    assert "it has no model.safetensors" in load("gpt2", tmp_path / "cache", **environment)


def test_a_download_that_breaks_leaves_nothing_to_mistake_for_weights(hub, tmp_path):
    cache = tmp_path / "cache"
    environment = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"}
    hub.cut = "model.safetensors"
    broken = load("gpt2", cache, **environment)
    assert broken.startswith("EnvironmentFault")
    assert "\n" not in broken
    hub.cut = None
    assert load("gpt2", cache, **environment).endswith(" 3")


def test_names_that_lead_nowhere(tmp_path):
    with pytest.raises(InputError, match="unknown checkpoint 'gpt3'; did you mean gpt2"):
        checkpoint_folder("gpt3")
    with pytest.raises(InputError, match="embedded/softwear'; did you mean embedded/software"):
        checkpoint_folder("embedded/softwear")
    for path in ("./absent", "../absent", "/no/such/folder", str(tmp_path / "absent")):
        with pytest.raises(InputError, match="unknown checkpoint"):
            checkpoint_folder(path)
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(InputError, match=r"no model\.safetensors; found pytorch_model\.bin"):
        load_gpt2(tmp_path)
    with pytest.raises(InputError, match="dtype: float16"):
        load_gpt2(tmp_path, np.float16)

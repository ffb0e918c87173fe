"""The library as a corpus: what is held out is never trained on."""

import hashlib
from pathlib import Path

import pytest

from gaincell_char.corpus import code
from gaincell_char.corpus.bpe import train_tokenizer


def test_every_held_out_module_exists_and_none_is_trained_on():
    held_out = code.held_out_sources()
    assert [source.name for source in held_out] == list(code.HELD_OUT_MODULES)
    trained = code.training_sources(tests=True)
    assert not {s.name for s in trained} & {s.name for s in held_out}
    assert not {s.sha256 for s in trained} & {s.sha256 for s in held_out}


def test_training_leaves_out_the_packages_that_come_and_go_and_held_out_tests():
    names = {source.name for source in code.training_sources(tests=True)}
    assert "ast" in names
    assert any(name.startswith("test/") for name in names)
    assert not any(name.startswith(("tkinter/", "idlelib/", "lib2to3/", "encodings/")) for name in names)
    assert "test/test_heapq" not in names
    assert not any(name.startswith("test/test_json/") for name in names)


def test_a_source_is_named_by_path_and_hashed_by_its_bytes(tmp_path: Path):
    for name in code.HELD_OUT_MODULES:
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# {name}\n")
    (tmp_path / "mine.py").write_bytes(b"x = 1\r\n")
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    (tmp_path / "copied.py").write_text("# heapq\n")
    (source,) = code.training_sources(tmp_path)
    assert (source.name, source.text) == ("mine", "x = 1\n")
    assert source.sha256 == hashlib.sha256(b"x = 1\r\n").hexdigest()


def test_a_missing_module_is_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="bisect"):
        code.held_out_sources(tmp_path)


def test_held_out_windows_are_spread_over_the_whole_text():
    tokenizer = train_tokenizer(code.held_out_sources()[:3], vocabulary_size=300)
    stream = code.encode_sources(tokenizer, code.held_out_sources())
    ids = code.held_out_tokens(tokenizer, 5, 64)
    assert ids.shape == (5, 64)
    assert (ids[0] == stream[:64]).all()
    assert (ids[-1] == stream[-64:]).all()
    with pytest.raises(ValueError, match="tokens"):
        code.held_out_tokens(tokenizer, 1, stream.size + 1)

"""Byte-level BPE against GPT-2's published vocabulary, and texts that cannot be used."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_gpt2 import byte_tokenizer

from gaincell_char.errors import InputError
from gaincell_char.gpt2.tokenizer import encode, load_tokenizer, read_text


@pytest.fixture(scope="module")
def published(shared_data):
    tokenizer = load_tokenizer(shared_data / "gpt2_tokenizer")
    assert tokenizer is not None
    return tokenizer


@pytest.mark.parametrize(
    ("text", "ids"),
    [  # as published: the encoder's pre-split, a leading space, bytes beyond ASCII, the special token
        ("Hello world", [15496, 995]),
        (" Hello", [18435]),
        ("it's 2024", [270, 338, 48609]),
        ("def f(x):\n    return x", [4299, 277, 7, 87, 2599, 198, 220, 220, 220, 1441, 2124]),
        ("é", [2634]),
        ("a<|endoftext|>b", [64, 50256, 65]),
    ],
)
def test_published_ids(published, text, ids):
    assert encode(published, text).tolist() == ids


def test_published_vocabulary_survives_real_text(published, shared_data):
    text = (shared_data / "tiny_shakespeare.txt").read_text(encoding="utf-8")[:100_000]
    ids = encode(published, text)
    assert published.decode(ids.tolist()) == text
    assert 3.0 < len(text) / ids.size < 4.5


def test_both_layouts_give_the_same_ids(published, tmp_path):
    published.save(str(tmp_path / "tokenizer.json"))
    text = "Two layouts, one tokenizer: naïve café, 你好, and\ttabs."
    assert encode(load_tokenizer(tmp_path), text).tolist() == encode(published, text).tolist()


@settings(deadline=None)
@given(st.text(min_size=1))
def test_every_text_comes_back(text):
    tokenizer = byte_tokenizer()
    assert tokenizer.decode(encode(tokenizer, text).tolist(), skip_special_tokens=False) == text


def test_short_and_empty_texts():
    with pytest.raises(InputError, match="the text is empty; give at least 2 tokens"):
        encode(byte_tokenizer(), "", least=2)
    with pytest.raises(InputError, match="'x' has 1 token; at least 2 are needed"):
        encode(byte_tokenizer(), "x", least=2)


def test_a_prompt_of_bytes_that_are_no_text():
    with pytest.raises(InputError, match="is not UTF-8 \\(at character 3\\)"):
        encode(byte_tokenizer(), "caf\udce9")


def test_text_files(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"caf\xe9 au lait")
    with pytest.raises(InputError, match="not UTF-8 text \\(byte 0xe9 at offset 3\\)"):
        read_text(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="the text is empty"):
        read_text(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_text(tmp_path / "absent")
    path.write_text("naïve", encoding="utf-8")
    assert read_text(path) == "naïve"


def test_tokenizer_files(tmp_path):
    assert load_tokenizer(tmp_path) is None
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(InputError, match="the tokenizer cannot be read"):
        load_tokenizer(tmp_path)

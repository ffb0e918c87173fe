"""YAML as text: nothing guessed, nothing hostile gets far."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from gaincell_char.errors import InputError
from gaincell_char.sweep.document import MAX_BYTES, load_document, parse_document


def test_scalars_stay_as_written() -> None:
    found = parse_document("a: 1e-9\nb: no\nc: 1:30\nd: 010\ne: 1e9\nf: ~\ng:\nh: ''\ni: 'null'\nj: [.nan, 0x1]\n", "f")
    assert found == {"a": "1e-9", "b": "no", "c": "1:30", "d": "010", "e": "1e9", "f": None, "g": None, "h": "",
                     "i": "null", "j": [".nan", "0x1"]}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2\n", "f:2: the key 'a' a second time; keep one"),
        ("x: {y: {z: 1, z: 1}}\n", "f:1: x.y: the key 'z' a second time; keep one"),
        ("a: &x [1]\nb: *x\n", "f:2: the alias *x; write the value out"),
        ("a: !!python/object/apply:os.system [id]\n", "the tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
        ("? [1, 2]\n: 3\n", "f:1: a key that is not plain text"),
        ("a: 1\n---\nb: 2\n", "f:2: a second YAML document; expected one"),
        ("a: [1\n", "f:2: not valid YAML"),
        ("a: \x00\n", "f: not valid YAML"),
        ("", "f: empty, or not a mapping"),
        ("[1]\n", "f: empty, or not a mapping"),
    ],
)
def test_one_line_says_where(text: str, line: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_document(text, "f")
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


_BOMB = "a: &a [1,1,1,1,1,1,1,1]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 8)}]\n" for i in range(20)
)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (_BOMB, "alias"),
        ("[" * 100_000, "levels of nesting"),
        ("a: " + "{b: " * 50_000, "levels of nesting"),
        ("\n".join(f"{'  ' * i}k:" for i in range(400)), "levels of nesting"),
        ("a: [" + "1, " * 80_000 + "]", "more than 10000 values"),
    ],
)
def test_hostile_text_is_refused_at_once(text: str, what: str) -> None:
    peak_kB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    with pytest.raises(InputError, match=what):
        parse_document(text, "f")
    assert time.process_time() - started < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak_kB < 100_000


def test_a_file_of_100_MB_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as stream:
        stream.truncate(100_000_000)
    started = time.process_time()
    with pytest.raises(InputError, match=f"100000000 bytes, more than the {MAX_BYTES}"):
        load_document(path)
    assert time.process_time() - started < 1


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("name: caf\xe9".encode("latin-1"))
    wanted = {tmp_path: "cannot read", tmp_path / "none.yaml": "cannot read", Path("a\0b"): "cannot read"}
    for path, what in (wanted | {tmp_path / "latin.yaml": "not UTF-8 .byte 9 is 0xe9"}).items():
        with pytest.raises(InputError, match=what):
            load_document(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "spec µ.yaml"
    path.write_text("name: x\n", encoding="utf-8-sig")
    assert load_document(path) == {"name": "x"}

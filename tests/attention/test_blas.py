"""Threads: who has them, and what work side by side gives."""

from __future__ import annotations

import os
import sys
import threading

import numpy as np
import pytest

from gaincell_char.attention import blas
from gaincell_char.cli.main import main


@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if BLAS had two threads, whatever this machine was told."""
    count = [2]
    control = blas._Control(lambda: count[0], lambda threads: count.__setitem__(0, threads))
    monkeypatch.setattr(blas, "_controls", lambda: (control,))


@pytest.mark.parametrize("rows", [1, 63, 64, 65, 200])
def test_all_rows_are_taken_once(two_threads: None, rows: int) -> None:
    seen = np.zeros(rows, int)
    lock = threading.Lock()
    parts = []

    def function(part: slice) -> None:
        with lock:
            parts.append(part)
            seen[part] += 1

    blas.by_rows(function, rows)
    assert (seen == 1).all()
    assert len(parts) == (1 if rows < 64 else 2)


def test_few_rows_leave_blas_its_threads(two_threads: None) -> None:
    (control,) = blas._controls()
    found = []
    for rows in (10, 100):
        blas.by_rows(lambda _: found.append(control.get()), rows)
    assert found == [2, 1, 1]
    assert control.get() == 2


def test_work_that_is_side_by_side_starts_no_more_threads(two_threads: None) -> None:
    names: list[set[str]] = []

    def inner(_: int) -> str:
        return threading.current_thread().name

    def outer(_: int) -> None:
        with blas.side_by_side() as run:
            names.append(set(run(inner, range(8))))

    with blas.single_threaded(), blas.workers(2) as pool:
        list(pool.map(outer, range(4)))
    assert all(len(some) == 1 for some in names)
    with blas.side_by_side() as run:
        assert threading.current_thread().name not in run(inner, range(8))


def test_an_error_in_a_part_is_raised(two_threads: None) -> None:
    def fail(_: slice) -> None:
        raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        blas.by_rows(fail, 100)


@pytest.mark.parametrize(("given", "found"), [(None, "4"), ("26", "26")])
def test_the_command_sends_blas_helpers_to_sleep_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, given: str | None, found: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["gaincell", "--version"])
    monkeypatch.setenv("OPENBLAS_THREAD_TIMEOUT", given or "")
    if given is None:
        monkeypatch.delenv("OPENBLAS_THREAD_TIMEOUT")
    main()
    assert os.environ["OPENBLAS_THREAD_TIMEOUT"] == found

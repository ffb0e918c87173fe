"""Recall programs that hold all distances at once, and accuracies of a network that looks answers up."""

from __future__ import annotations

import numpy as np
import pytest
from networks import Lookup

from gaincell_char.corpus import code
from gaincell_char.corpus.bpe import train_tokenizer
from gaincell_char.corpus.code import held_out_sources
from gaincell_char.errors import EnvironmentFault, InputError
from gaincell_char.evaluation import DISTANCES, evaluate_recall, held_out_ids, recall_programs


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(held_out_sources(), 4096)


@pytest.fixture(scope="module")
def questions(tokenizer):
    return recall_programs(tokenizer, n=4, seed=3)


def test_each_program_asks_at_every_distance(questions):
    assert questions.ids.shape == (4, 1024)
    for distance in DISTANCES:
        assert ((questions.distance == distance).sum(axis=1) == 8).all()
    rows = np.arange(4)[:, None]
    here, before = questions.answer_position, questions.answer_position - questions.distance
    for offset in (-2, -1, 0):  # name, equals, word: said before exactly so
        assert (questions.ids[rows, here + offset] == questions.ids[rows, before + offset]).all()
    assert (questions.ids[rows, here] == questions.answer_id).all()


def test_a_name_is_assigned_once_before_it_is_asked(questions):
    """Else a nearer line would give the answer, and the distance would be wrong."""
    for ids, positions in zip(questions.ids, questions.answer_position, strict=True):
        for position in positions:
            assert (ids == ids[position - 2]).sum() == 2


def test_programs_are_a_function_of_the_seed(tokenizer, questions):
    assert np.array_equal(recall_programs(tokenizer, n=4, seed=3).ids, questions.ids)
    assert np.array_equal(recall_programs(tokenizer, n=2, seed=3).ids, questions.ids[:2])
    assert not np.array_equal(recall_programs(tokenizer, n=4, seed=4).ids, questions.ids)


@pytest.mark.parametrize("window", [65, 300, 1024])
def test_accuracy_falls_where_the_window_ends(tokenizer, questions, window):
    found = evaluate_recall(Lookup(tokenizer.get_vocab_size(), window), questions)
    assert list(found) == sorted(DISTANCES)
    for distance, share in found.items():
        assert share == (1.0 if distance < window else 0.0), distance


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"distances": (2,)}, "expected 4 to 1015"),
        ({"distances": (1020,)}, "expected 4 to 1015"),
        ({"distances": ()}, "expected 4 to 1015"),
        ({"answers": 40}, "240 questions"),
    ],
)
def test_programs_that_do_not_fit(tokenizer, options, said):
    with pytest.raises(InputError, match=said):
        recall_programs(tokenizer, n=1, **options)


def test_held_out_text(tokenizer, monkeypatch, tmp_path):
    ids = held_out_ids(tokenizer, 5, 128)
    assert ids.shape == (5, 128)
    monkeypatch.setattr(code, "library_root", lambda: tmp_path)
    with pytest.raises(EnvironmentFault, match="held-out module 'bisect' not found"):
        held_out_ids(tokenizer)
    with pytest.raises(EnvironmentFault, match="held-out module 'bisect' not found"):
        recall_programs(tokenizer)

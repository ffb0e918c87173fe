"""Recall programs: every answer stands where it is said to, at the distance asked for, and nowhere else."""

import numpy as np
import pytest

from gaincell_char.corpus import recall


@pytest.mark.parametrize("distance", [4, 16, 64, 256, 900])
def test_answers_repeat_the_word_that_many_tokens_back(tokenizer, distance):
    questions = recall.recall_set(tokenizer, distance, n=3, seed=7)
    assert questions.ids.shape == (3, 1024)
    assert questions.answer_position.shape == questions.answer_id.shape == (3, 8)
    assert (questions.distance == distance).all()
    vocab = recall.vocabulary(tokenizer)
    for row, positions, answers in zip(questions.ids, questions.answer_position, questions.answer_id, strict=True):
        for position, answer in zip(positions, answers, strict=True):
            assert row[position] == answer == row[position - distance]
            assert row[position - 2] == row[position - 2 - distance]
            assert row[position - 1] == row[position - 1 - distance] == vocab.equals
            assert row[position + 1] == vocab.newline
            # asked once, assigned once: the name occurs in no other line
            assert (row == row[position - 2]).sum() == 2


def test_same_arguments_same_set_other_seed_other_set(tokenizer):
    first = recall.recall_set(tokenizer, 64, n=2, seed=1)
    again = recall.recall_set(tokenizer, 64, n=2, seed=1)
    other = recall.recall_set(tokenizer, 64, n=2, seed=2)
    assert (first.ids == again.ids).all()
    assert (first.answer_position == again.answer_position).all()
    assert (first.ids != other.ids).any()


def test_a_distance_with_no_room_is_refused(tokenizer):
    with pytest.raises(ValueError, match="distance 1000"):
        recall.recall_set(tokenizer, 1000)
    with pytest.raises(ValueError, match="distance 3"):
        recall.recall_set(tokenizer, 3)


def test_accuracy_reads_the_prediction_before_the_answer(tokenizer):
    questions = recall.recall_set(tokenizer, 64, n=2)
    perfect = np.roll(questions.ids, -1, axis=1)
    assert questions.accuracy(perfect) == 1.0
    assert questions.accuracy(questions.ids) == 0.0


def test_training_programs_ask_only_what_was_assigned(tokenizer):
    vocab = recall.vocabulary(tokenizer)
    filler = recall.filler_tokens(tokenizer)
    ids, mask = recall.training_programs(np.random.default_rng(0), vocab, filler, 4, 256, 20, 5)
    assert mask.sum() > 40
    for row, answers in zip(ids, mask, strict=True):
        for position in np.flatnonzero(answers):
            earlier = np.flatnonzero(row[: position - 2] == row[position - 2])
            assert row[earlier[-1] + 2] == row[position]


def test_copying_and_pairs_can_be_answered_from_the_context(tokenizer):
    ids, mask = recall.copying_batch(np.random.default_rng(0), 100, 8, 64)
    for row, answers in zip(ids, mask, strict=True):
        period = int(np.argmax(answers)) - 1
        assert (row[period:] == row[:-period]).all()
        assert answers[period + 1 :].all()
    vocab = recall.vocabulary(tokenizer)
    ids, mask = recall.pairs_batch(np.random.default_rng(0), vocab, 4, 64)
    for row, answers in zip(ids, mask, strict=True):
        known = dict(zip(row[:32:2], row[1:32:2], strict=True))
        assert all(known[row[position - 1]] == row[position] for position in np.flatnonzero(answers))

"""Losses, perplexity and the order of things done side by side, with networks whose answers are known."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from networks import Unigram

from gaincell_char.errors import InputError
from gaincell_char.evaluation import Loss, evaluate_loss, evaluate_text
from gaincell_char.evaluation.parallel import map_sequences
from gaincell_char.evaluation.perplexity import windows

LM = Unigram([0.5, 0.25, 0.125, 0.125])


def test_loss_of_a_known_source():
    ids = np.random.default_rng(0).choice(4, (40, 200), p=[0.5, 0.25, 0.125, 0.125])
    said = []
    loss = evaluate_loss(LM, ids, progress=lambda *what: said.append(what))
    assert np.array_equal(loss.nats, LM.loss[ids[:, 1:]])
    assert loss.perplexity == pytest.approx(math.exp(loss.mean))
    entropy = 1.75 * math.log(2)
    assert loss.interval.low < entropy < loss.interval.high
    assert [(done, total) for done, total, _ in said] == [(row, 40) for row in range(1, 41)]
    assert said[-1][2] == f"loss {loss.mean:.3f}"


def test_attention_reaches_the_network_and_pairs():
    ids = np.random.default_rng(0).integers(0, 4, (8, 50))
    difference = evaluate_loss(LM, ids, 0.25).minus(evaluate_loss(LM, ids))
    assert (difference.mean, difference.low, difference.high) == pytest.approx((0.25, 0.25, 0.25))


@pytest.mark.parametrize("length", [2, 3, 63, 64, 65, 127, 128, 1000])
def test_every_token_but_the_first_is_predicted_once(length):
    rng = np.random.default_rng(length)
    ids = rng.integers(0, 4, length)
    pieces = list(windows(ids, 64))
    assert all(2 <= piece.size <= 64 for piece in pieces)
    assert np.concatenate([piece[1:] for piece in pieces]).tolist() == ids[1:].tolist()
    found = evaluate_text(LM, "".join("abcd"[i] for i in ids))
    assert found.tokens == length - 1
    assert found.windows == len(pieces)
    assert found.loss.mean == pytest.approx(LM.loss[ids[1:]].mean())
    assert (found.interval is None) == (len(pieces) == 1)


def test_what_is_printed_and_stored():
    one = evaluate_text(LM, "ab")
    assert str(one) == "loss 1.3863 nats a token, perplexity 4.00; 1 token in 1 window"
    assert one.describe()["perplexity_interval"] is None
    two = evaluate_text(LM, "abcd" * 20)
    assert f"perplexity {two.perplexity:.2f} [" in str(two)
    assert two.describe()["loss_interval_nats"] == [two.loss.low, two.loss.high]


@pytest.mark.parametrize("context", [1, 65])
def test_contexts_the_network_does_not_have(context):
    with pytest.raises(InputError, match=f"context: {context} tokens; expected 2 to 64"):
        evaluate_text(LM, "abab", context=context)


def test_results_keep_their_order():
    def slow_first(item: int) -> int:
        time.sleep(0.05 if item == 0 else 0)
        return item

    assert list(map_sequences(slow_first, range(6))) == list(range(6))
    assert list(map_sequences(slow_first, [])) == []


def test_a_failure_in_a_sequence_is_raised():
    def fail(item: int) -> int:
        raise InputError(f"sequence {item}")

    with pytest.raises(InputError, match="sequence 0"):
        list(map_sequences(fail, [0, 1]))


def test_losses_of_other_texts_do_not_pair():
    with pytest.raises(ValueError, match="not of the same tokens"):
        Loss(np.zeros((2, 5))).minus(Loss(np.zeros((2, 6))))

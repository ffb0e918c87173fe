"""Sampling and decoding."""

from __future__ import annotations

import numpy as np
import pytest

from gaincell_char.errors import InputError
from gaincell_char.gpt2 import load_gpt2
from gaincell_char.gpt2.generation import decode
from gaincell_char.gpt2.sampling import Sampling


def test_frequencies_follow_the_softmax():
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    for temperature in (1.0, 0.5):
        sampling = Sampling(temperature)
        rng = sampling.generator()
        drawn = np.bincount([sampling.choose(logits, rng) for _ in range(8000)], minlength=4) / 8000
        expected = np.exp(logits / temperature) / np.exp(logits / temperature).sum()
        # four standard deviations of a binomial share
        assert np.all(np.abs(drawn - expected) < 4 * np.sqrt(expected * (1 - expected) / 8000))


def test_top_k_keeps_the_likeliest():
    logits = np.random.default_rng(0).normal(size=50)
    sampling = Sampling(temperature=5.0, top_k=3)
    rng = sampling.generator()
    assert {sampling.choose(logits, rng) for _ in range(300)} == set(np.argsort(logits)[-3:].tolist())
    assert Sampling(temperature=0).choose(logits, rng) == logits.argmax()
    assert Sampling(top_k=1).choose(logits, rng) == logits.argmax()


def test_large_logits_do_not_overflow():
    assert Sampling(temperature=0.01).choose(np.array([900.0, 1000.0]), np.random.default_rng(0)) == 1


def test_greedy_decoding_is_repeated_full_forwards(checkpoint):
    lm = load_gpt2(checkpoint(), "float64")
    prompt = np.arange(10)
    ids = prompt
    for _ in range(12):
        ids = np.append(ids, lm.logits(ids[None])[0, -1].argmax())
    assert list(decode(lm, prompt, None, 12, Sampling(temperature=0))) == ids[10:].tolist()


def test_a_seed_names_a_text(checkpoint):
    lm = load_gpt2(checkpoint())
    texts = [lm.generate("once", max_new_tokens=30, seed=seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert texts[0] != lm.generate("twice", max_new_tokens=30, seed=1)


def test_generation_ends_with_the_text(checkpoint, monkeypatch):
    lm = load_gpt2(checkpoint())
    end = lm.tokenizer.token_to_id("<|endoftext|>")
    drawn = iter([5, 6, end, 7])
    monkeypatch.setattr(Sampling, "choose", lambda *_: next(drawn))
    assert lm.generate("x", max_new_tokens=4) == lm.tokenizer.decode([5, 6])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"prompt": ""}, "the text is empty"),
        ({"prompt": "x" * 96}, "the prompt has 96 tokens and the network 96 positions"),
        ({"prompt": "x" * 90, "max_new_tokens": 7}, "ask for 1 to 6"),
        ({"prompt": "x", "max_new_tokens": 0}, "ask for 1 to 95"),
        ({"prompt": "x", "temperature": -1.0}, "temperature: -1.0"),
        ({"prompt": "x", "temperature": float("nan")}, "temperature: nan"),
        ({"prompt": "x", "top_k": 0}, "top_k: 0"),
        ({"prompt": "x", "seed": -3}, "seed: -3"),
    ],
)
def test_what_cannot_be_generated(checkpoint, arguments, said):
    with pytest.raises(InputError, match=said):
        load_gpt2(checkpoint()).generate(**arguments)


def test_text_needs_a_tokenizer_and_ids_do_not(checkpoint):
    lm = load_gpt2(checkpoint(tokenizer=False))
    assert len(list(decode(lm, np.arange(3), None, 5, Sampling()))) == 5
    with pytest.raises(InputError, match=r"no tokenizer\.json"):
        lm.generate("x")

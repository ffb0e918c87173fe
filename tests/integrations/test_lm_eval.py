"""The evaluation harness: our scores against the network's logits, and tasks from local files where it is installed."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from gaincell_char.errors import EnvironmentFault, InputError
from gaincell_char.gpt2.hardware import Choice
from gaincell_char.integrations.lm_eval.scoring import Scorer

INSTALLED = importlib.util.find_spec("lm_eval") is not None
needs_harness = pytest.mark.skipif(not INSTALLED, reason="lm-eval (extra `eval`) is not installed")


@pytest.fixture(scope="module")
def scorer():
    return Scorer(*Choice(model="leroux2025").load())


def log_softmax(logits):
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def test_a_continuation_is_as_likely_as_the_network_says(scorer):
    ids = scorer.lm.encode("def f(x):\n    return x + 1\n")
    log_p = log_softmax(scorer.lm.logits(ids[None], scorer.attention)[0].astype(float))
    wanted = sum(log_p[i - 1, ids[i]] for i in range(5, len(ids)))
    got, greedy = scorer.log_likelihood(list(ids[:5]), list(ids[5:]))
    np.testing.assert_allclose(got, wanted, rtol=1e-6)
    assert greedy == all(log_p[i - 1].argmax() == ids[i] for i in range(5, len(ids)))
    likeliest = int(log_p[4].argmax())
    assert scorer.log_likelihood(list(ids[:5]), [likeliest])[1]


def test_a_context_that_is_too_long_loses_its_beginning(scorer):
    ids = list(scorer.lm.encode("x = 1\n" * 800))[: scorer.positions + 40]
    got, _ = scorer.log_likelihood(ids[:-3], ids[-3:])
    wanted, _ = scorer.log_likelihood(ids[-scorer.positions - 1 : -3], ids[-3:])
    assert got == wanted
    with pytest.raises(InputError, match="a continuation of 0 tokens after 2"):
        scorer.log_likelihood([1, 2], [])


def test_generation_ends_where_the_task_says(scorer):
    context = list(scorer.lm.encode("def read(path):\n    with open(path"))
    whole = scorer.continued(context, [], 12)
    assert whole == scorer.lm.generate("def read(path):\n    with open(path", scorer.attention, 12, temperature=0)
    assert "\n" in whole
    assert scorer.continued(context, ["\n"], 12) == whole.split("\n")[0]
    with pytest.raises(InputError, match="room for 1 to 1023"):
        scorer.continued(context, [], 1024)


@pytest.mark.skipif(INSTALLED, reason="lm-eval is installed")
def test_without_the_harness_the_error_says_what_to_install():
    with pytest.raises(EnvironmentFault, match=r"install gaincell_char\[eval\]"):
        importlib.import_module("gaincell_char.integrations.lm_eval.model")


CHOICES = """
task: local_choices
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/choices.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{choices.text}}"
doc_to_target: "{{choices.label.index(answerKey)}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""
LAST_WORD = """
task: local_last_word
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/words.jsonl}}
test_split: test
output_type: loglikelihood
doc_to_text: "{{text.rsplit(' ', 1)[0]}}"
doc_to_target: "{{' ' + text.rsplit(' ', 1)[1]}}"
metric_list: [{metric: perplexity, aggregation: perplexity, higher_is_better: false}]
"""
WHOLE_TEXT = """
task: local_text
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/pages.jsonl}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{page}}"
metric_list: [{metric: byte_perplexity}]
"""


@needs_harness
def test_tasks_in_the_formats_of_arc_lambada_and_wikitext_run_from_local_files(tmp_path, scorer):
    """ARC's choices, LAMBADA's last word and WikiText's pages; the harness's results against our own arithmetic."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    import gaincell_char.integrations.lm_eval.model  # noqa: F401

    questions = [
        {"question": "import", "choices": {"text": [" os", " qqq"], "label": ["A", "B"]}, "answerKey": "A"},
        {"question": "return", "choices": {"text": [" ][", " None"], "label": ["A", "B"]}, "answerKey": "B"},
    ]
    words = [{"text": "for line in lines"}, {"text": "if not os.path.exists(path): return None"}]
    pages = [{"page": "import os\n\ndef f(path):\n    return os.path.exists(path)\n" * 60}]
    for name, rows in (("choices", questions), ("words", words), ("pages", pages)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, task in (("choices", CHOICES), ("last_word", LAST_WORD), ("text", WHOLE_TEXT)):
        (tmp_path / f"{name}.yaml").write_text(task.replace("FOLDER", str(tmp_path)))
    found = lm_eval.simple_evaluate(
        model="gaincell",
        model_args="model=leroux2025",
        tasks=["local_choices", "local_last_word", "local_text"],
        task_manager=TaskManager(include_path=str(tmp_path), include_defaults=False),
        bootstrap_iters=0,
    )["results"]
    lm = scorer.lm

    def log_p(context, continuation):
        before = len(lm.encode(context))
        ids = list(lm.encode(context + continuation))
        return scorer.log_likelihood(ids[:before], ids[before:])[0]

    right = [
        np.argmax([log_p(q["question"], f" {text.strip()}") for text in q["choices"]["text"]])
        == q["choices"]["label"].index(q["answerKey"])
        for q in questions
    ]
    np.testing.assert_allclose(found["local_choices"]["acc,none"], np.mean(right))
    last = [log_p(*(row["text"].rsplit(" ", 1)[0], " " + row["text"].rsplit(" ", 1)[1])) for row in words]
    np.testing.assert_allclose(found["local_last_word"]["perplexity,none"], np.exp(-np.mean(last)), rtol=1e-9)
    page = pages[0]["page"]
    ids = [lm.tokenizer.token_to_id("<|endoftext|>"), *lm.encode(page)]
    assert len(ids) > 1 + lm.config.n_positions
    first, second = ids[: 1 + lm.config.n_positions], ids[-1 - lm.config.n_positions :]
    total = -lm.token_losses(np.array([first[:-1]]), scorer.attention).sum()
    total += scorer.log_likelihood(first[:-1], first[-1:])[0]
    rest = len(ids) - len(first)
    total += scorer.log_likelihood(second[:-rest], second[-rest:])[0]
    np.testing.assert_allclose(
        found["local_text"]["byte_perplexity,none"], np.exp(-total / len(page.encode())), rtol=1e-6
    )

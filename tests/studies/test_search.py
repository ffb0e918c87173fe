"""The search for a limit, on costs that are known."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaincell_char.studies.search import FINE, Question, run, search


def drive(costs, start=1.0, outward=2.0, budget=0.05):
    asked = []

    def answer(questions):
        asked.extend(questions["x"] for _ in range(1))
        return {"x": costs(questions["x"])}

    return run({"x": search(start, outward, budget)}, answer)["x"], asked


@given(st.floats(1e-3, 1e3), st.floats(0.5, 3), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_power_law_is_cut_where_it_crosses_the_budget(limit, power, down):
    """0.05 (x / limit)^power, or its mirror, where less is worse."""
    sign = -1 if down else 1
    found, asked = drive(lambda question: 0.05 * (question.value / limit) ** (sign * power), outward=2.0**sign)
    assert found.breaks
    assert 1 - 1e-9 <= (limit / found.value) ** sign <= FINE + 1e-9
    assert found.cost <= 0.05 < found.past_cost
    assert found.past == pytest.approx(found.value * 1.1**sign)
    assert len(asked) <= 24


def test_coarse_costs_that_are_wrong_only_cost_questions():
    found, _ = drive(lambda question: 0.05 * question.value / (4.0 if question.coarse else 9.0))
    assert 9.0 / FINE <= found.value <= 9.0


def test_a_dip_past_the_limit_moves_it():
    def cost(question):
        dip = 1.05 < question.value < 1.15
        return 0.01 if dip and not question.coarse else 0.05 * question.value**2

    found, _ = drive(cost, start=0.25)
    assert found.breaks
    assert found.value > 1.05


def test_what_never_breaks_and_what_never_holds_have_no_limit():
    assert drive(lambda question: 0.0)[0] is None
    assert drive(lambda question: 1.0)[0] is None


def test_searches_are_asked_together_and_end_on_their_own():
    rounds = []

    def costs(questions):
        rounds.append(set(questions))
        assert all(isinstance(question, Question) for question in questions.values())
        return {
            name: 0.05 * question.value / (3.0 if name == "near" else 900.0) for name, question in questions.items()
        }

    found = run({name: search(1.0, 2.0, 0.05) for name in ("near", "far")}, costs)
    assert list(found) == ["near", "far"]
    assert math.isclose(found["far"].value, 900, rel_tol=0.05)
    assert rounds[0] == {"near", "far"}
    assert rounds[-1] == {"far"}

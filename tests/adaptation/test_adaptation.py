"""Adaptation of a network written out beside the package: what it undoes, what it cannot, and what it says then."""

import numpy as np
import pytest
from tiny_hardware import HEADS, LAYERS, WIDTH, TinyNetwork, linear_cell

from gaincell_char.adaptation.loop import iterate
from gaincell_char.adaptation.moments import Target
from gaincell_char.adaptation.offset import OffsetAware
from gaincell_char.adaptation.update import mismatch
from gaincell_char.attention.observation import HeadStatistics
from gaincell_char.attention.scalers import NAMES
from gaincell_char.behavior.published import published_models

SEED = 1


def identity():
    return [{n: (np.ones(HEADS), np.zeros(HEADS)) for n in NAMES} for _ in range(LAYERS)]


LINEAR, PUBLISHED = (published_models()[name] for name in ("leroux2025_linear", "leroux2025"))
published = PUBLISHED.cell.current


def with_cell(zero_V, *coefficients):
    """The linear model with I = sum_i coefficients[i] (V - zero_V)^(i + 1)."""
    current = LINEAR.cell.current.model_copy(update={"center": zero_V, "coefficients": [0.0, *coefficients]})
    return LINEAR.model_copy(update={"cell": LINEAR.cell.model_copy(update={"current": current})})


@pytest.fixture(scope="module")
def linear():
    """The linear network's trained scalers, its pass (whose loss is the entropy) and its predictions."""
    network = TinyNetwork(seed=SEED)
    trained = network.trained_scalers()
    network(trained)
    network.reference = network.logits
    return trained, network(trained), network.reference


def paper(linear, cell, start=None, **options):
    _, target, reference = linear
    network = TinyNetwork(cell, seed=SEED, reference=reference)
    options = {"method": "paper"} | options
    return iterate(network, start or identity(), target, lambda _: target.layers, **options)


def aware(linear, model, **options):
    trained, target, reference = linear
    network = TinyNetwork(model.cell.current, seed=SEED, reference=reference)
    moved = OffsetAware(model, LINEAR, WIDTH)
    options = {"method": "offset-aware", "patience": 10} | options
    return iterate(
        network, moved.start(trained), target, lambda seen: moved.targets(seen.layers, target.layers), **options
    )


def test_the_linear_network_is_a_fixed_point(linear):
    trained, target, _ = linear
    done = paper(linear, linear_cell, start=trained)
    assert done.converged
    assert done.iterations == 0
    assert done.loss == (target.loss,)
    assert done.scalers is trained


def test_from_identity_it_finds_the_linear_networks_scalers(linear):
    trained, target, _ = linear
    done = paper(linear, linear_cell)
    assert done.converged
    assert done.loss[0] > target.loss + 0.01
    assert done.loss[-1] == pytest.approx(target.loss, abs=1e-5)
    for layer, goal in zip(done.scalers, trained, strict=True):
        for name in layer:
            np.testing.assert_allclose(layer[name], goal[name], rtol=0.01, atol=2e-3)


def test_a_gain_of_the_cells_is_taken_back_by_the_output(linear):
    """A gain of the cells alone: P is proportional to S above zero, so nineteen twentieths of the loss come back."""
    _, target, _ = linear
    before = paper(linear, lambda v: 0.8 * linear_cell(v), start=linear[0], max_iterations=0)
    after = paper(linear, lambda v: 0.8 * linear_cell(v), start=linear[0])
    assert before.loss[-1] - target.loss > 1e-3
    assert after.loss[-1] - target.loss < 0.05 * (before.loss[-1] - target.loss)


def test_errors_left_are_measured_minus_linear(linear):
    done = paper(linear, published)
    assert done.converged
    for errors in done.errors:
        for name in NAMES:
            assert np.abs(errors[name].mean).max() <= 1e-4
            assert np.abs(errors[name].std).max() <= 1e-4
    assert np.abs(done.errors[0]["score"].mean).min() > 0.1  # the first product's zero is out of reach


def test_the_published_cell_comes_close_in_a_few_passes(linear):
    done = paper(linear, published)
    assert done.loss[-1] - done.linear_loss < 0.02
    assert done.passes_within(0.02) <= 13


@pytest.mark.parametrize("zero_V", [0.40, 0.42, 0.45, 0.48, 0.50])
@pytest.mark.parametrize("gain", [0.7, 1.0, 1.4])
def test_offset_aware_undoes_an_affine_cell(linear, zero_V, gain):
    done = aware(linear, with_cell(zero_V, 19.3 * gain))
    assert done.loss[done.kept] - done.linear_loss < 1e-3
    found, error = done.statistics[0]["score"], done.errors[0]["score"]
    np.testing.assert_allclose(found.mean / found.std, (found.mean - error.mean) / (found.std - error.std), atol=0.01)
    np.testing.assert_allclose(
        found.std, gain * (found.std - error.std), rtol=0.05
    )  # nothing saturates: a gain may stay


def test_offset_aware_leaves_the_linear_network_alone(linear):
    done = aware(linear, LINEAR)
    assert done.converged
    assert done.iterations == 0


@pytest.mark.parametrize("zero_V", [0.40, 0.43, 0.47, 0.50])
@pytest.mark.parametrize("shape", [(13.6, 0.0, 46.0), (19.3, 10.0)], ids=["cubic", "asymmetric"])
def test_offset_aware_is_never_worse_than_paper_on_a_curved_cell_with_offset(linear, zero_V, shape):
    model = with_cell(zero_V, *shape)
    theirs, ours = paper(linear, model.cell.current), aware(linear, model)
    assert ours.loss[ours.kept] < theirs.loss[-1]


def test_values_of_an_asymmetric_cell_are_stored_where_their_mean_current_is_the_linear_one():
    """Not where the current is zero: the stronger side of the cell would pull the mean with it."""
    model = with_cell(0.45, 19.3, 10.0)
    moved = OffsetAware(model, LINEAR, WIDTH)
    mean, std = np.array([0.45, 0.43]), np.array([0.1, 0.15])
    found = moved.value_mean(mean, std)
    rng = np.random.default_rng(0)
    z = rng.normal(size=400_000)
    for head in range(2):
        theirs = linear_cell(np.clip(mean[head] + std[head] * z, 0, 0.9))
        ours = model.cell.current(np.clip(found[head] + std[head] * z, 0, 0.9))
        assert ours.mean() / ours.std() == pytest.approx(theirs.mean() / theirs.std(), abs=0.01)
    assert np.abs(found - mean).min() > 3e-3


def test_a_head_without_scores_is_frozen_and_said_so(linear):
    trained, _, _ = linear
    done = paper(linear, lambda v: linear_cell(v) - 20, start=trained, max_iterations=20)
    assert set(done.frozen) == {(layer, head) for layer in range(LAYERS) for head in range(HEADS)}
    assert np.isfinite(done.loss).all()
    for (layer, head), goal in zip(done.frozen, [trained[i]["out"][0][h] for i, h in done.frozen], strict=True):
        assert done.scalers[layer]["out"][0][head] == goal


def test_with_patience_it_stops_where_targets_are_out_of_reach_and_keeps_the_nearest(linear):
    """A target that jumps with every pass, as quantized levels make it, cannot be reached."""
    _, target, reference = linear
    distances = []

    def jumping(seen):
        away = 0.02 * (-1) ** len(distances)
        goal = [{**layer, "k": Target(layer["k"].mean + away, layer["k"].std)} for layer in target.layers]
        distances.append(mismatch(seen.layers, goal))
        return goal

    network = TinyNetwork(published, seed=SEED, reference=reference)
    done = iterate(network, identity(), target, jumping, method="test", patience=5)
    assert not done.converged
    assert min(distances[-5:]) > 0.9 * min(distances[:-5])
    assert distances[done.kept] == min(distances)
    assert network(done.scalers).loss == pytest.approx(done.loss[done.kept], abs=1e-12)


def test_progress_hears_of_every_update(linear):
    heard = []
    done = paper(linear, published, max_iterations=4, progress=lambda *given: heard.append(given))
    assert [number for number, _, _ in heard] == list(range(1, done.iterations + 1))
    assert heard[0][1] == 4


def head(mean, std, outside=0.0):
    return HeadStatistics(*(np.array([float(value)]) for value in (mean, std, outside)))


@pytest.mark.parametrize("name", ["score", "sum"])
@pytest.mark.parametrize(
    ("std", "outside", "expected"), [(50, 0.10, 0.2), (50, 0.05, 0.25), (20, 0.02, 0.25), (20, 0.1, 0.25)]
)
def test_pulses_shrink_only_where_more_saturates_than_on_linear_cells(name, std, outside, expected):
    """40 / 50 of 0.25 where the cells are strong and saturate; never above the linear model's 0.25."""
    layer = {"q": head(0.2, 0.25), "k": head(0.45, 0.1), "v": head(0.45, 0.1), "out": head(0, 1)}
    goal = {**layer, "score": head(-10.0, 40.0, 0.05), "sum": head(0.0, 10.0, 0.05)}
    now = {**layer, "score": head(-10.0 * std / 40, std, 0.05), "sum": head(0.0, 10.0, 0.05)}
    now[name] = HeadStatistics(now[name].mean, now[name].std, np.array([outside]))
    (moved,) = OffsetAware(LINEAR, LINEAR, WIDTH).targets([now], [goal])
    assert moved["q"].std[0] == pytest.approx(expected)
    assert moved["q"].mean[0] == pytest.approx(0.2 * expected / 0.25)
    assert moved["k"].mean[0] == pytest.approx(0.45, abs=1e-9)

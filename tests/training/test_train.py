"""A run that is killed and resumed ends with the weights of one that was not."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gaincell_char.corpus.recall import Vocabulary  # noqa: E402
from gaincell_char.training import state  # noqa: E402
from gaincell_char.training.calibration import calibrate_scalers  # noqa: E402
from gaincell_char.training.curriculum import Data, Phase, make_batch  # noqa: E402
from gaincell_char.training.hardware import HardwareAttention  # noqa: E402
from gaincell_char.training.initialization import lay_out_recall  # noqa: E402
from gaincell_char.training.model import GPT, ModelConfig  # noqa: E402
from gaincell_char.training.objective import distilled_by, layers_matched_to  # noqa: E402
from gaincell_char.training.optimizer import Optimizers  # noqa: E402
from gaincell_char.training.train import train  # noqa: E402

CONFIG = ModelConfig(vocab_size=256, n_positions=64, n_embd=64, n_layer=2, n_head=2)
PHASES = (
    Phase("copying", "copying", 32, 2, 2, 6 * 128, rate_start=0.1),
    Phase("layers", "programs", 32, 2, 2, 4 * 128, questions=(1, 3), distill=0.5, match=0.5),
)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    words = np.arange(100, 160)
    vocabulary = Vocabulary(names=words[:30], words=words[30:], equals=5, newline=6, end_of_text=0)
    stream = rng.integers(7, 100, size=5000).astype(np.uint16)
    return Data(stream, stream[:1000], vocabulary, CONFIG.vocab_size)


def software(seed=0):
    torch.manual_seed(seed)
    model = GPT(CONFIG)
    lay_out_recall(model)
    return model


def hardware(base):
    torch.manual_seed(1)
    model = GPT(CONFIG, [HardwareAttention(2) for _ in range(2)])
    model.load_state_dict(base.state_dict(), strict=False)
    calibrate_scalers(model, base, torch.randint(0, 256, (2, 32)))
    return model


def run(folder, data, make, stops, objectives=None):
    """Train to the end in as many sittings as `stops` has entries, each with freshly made objects."""
    for stop in stops:
        model = make()
        optimizers = Optimizers(model, 1e-3, 1e-3, 1e-3)
        train(
            model,
            optimizers,
            data,
            PHASES,
            folder,
            3,
            objectives=objectives or {},
            log_every=2,
            save_every=3,
            stop_after=stop,
        )
    return model


@pytest.mark.parametrize("kind", ["software", "hardware"])
def test_resuming_is_bit_identical(tmp_path, data, kind):
    teacher = software().requires_grad_(False)
    objectives = {"copying": distilled_by(teacher), "layers": layers_matched_to(teacher)} if kind == "hardware" else {}

    def make():
        return software() if kind == "software" else hardware(software())

    whole = run(tmp_path / "whole", data, make, [None], objectives)
    parts = run(tmp_path / "parts", data, make, [2, 5, None], objectives)
    for (name, one), other in zip(whole.state_dict().items(), parts.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
    curves = [state.load(tmp_path / part / "state.pt")["progress"] for part in ("whole", "parts")]
    assert curves[0]["step"] == curves[1]["step"] == 10
    timeless = [[{k: v for k, v in row.items() if k != "seconds"} for row in c["curve"]] for c in curves]
    assert timeless[0] == timeless[1]
    assert len((tmp_path / "whole" / "curve.jsonl").read_text().splitlines()) == 5


def test_a_phase_may_train_positions_only(tmp_path, data):
    model = software()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    phase = Phase("positions", "programs", 32, 2, 2, 2 * 128, questions=(1, 3), only="wpe")
    train(model, Optimizers(model, 1e-3, 1e-3, 1e-3), data, (phase,), tmp_path, 3)
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"wpe.weight"}


def test_a_kill_while_saving_leaves_the_last_state(tmp_path, monkeypatch):
    path = tmp_path / "state.pt"
    state.save(path, {"step": 1})

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        state.save(path, {"step": 2})
    assert state.load(path) == {"step": 1}


def test_batches_depend_on_seed_and_step_alone(data):
    phase = PHASES[1]
    first, again, other = (make_batch(data, phase, 1, step, 64) for step in (4, 4, 5))
    assert (first.code == again.code).all()
    assert (first.recall == again.recall).all()
    assert first.offset == again.offset
    assert (first.recall != other.recall).any()


def test_the_recall_start_copies_a_repeated_sequence(data):
    torch.manual_seed(0)
    config = ModelConfig(vocab_size=256, n_positions=256)
    model = GPT(config)
    lay_out_recall(model)
    ids = torch.randint(0, 256, (4, 40)).repeat(1, 2)
    with torch.no_grad():
        predicted = model(ids, offset=100).argmax(-1)
    assert (predicted[:, 42:79] == ids[:, 43:80]).float().mean() > 0.5


def test_calibrated_hardware_resembles_the_software_more_than_the_published_start_does():
    base = software()
    published = GPT(CONFIG, [HardwareAttention(2) for _ in range(2)])
    published.load_state_dict(base.state_dict(), strict=False)
    ids = torch.randint(0, 256, (2, 32))
    x = base.blocks[0].ln_1(base.embed(ids))
    with torch.no_grad():
        wanted = base.blocks[0].attn(x)
        errors = [(model.blocks[0].attn(x) - wanted).square().mean() for model in (hardware(base), published)]
    assert errors[0] < 0.8 * wanted.square().mean()
    assert errors[0] < errors[1]

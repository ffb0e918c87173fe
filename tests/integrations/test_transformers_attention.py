"""Networks of transformers through gain-cell attention, held against the NumPy network and attention."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gaincell_char as gc
from gaincell_char.attention import load_scalers
from gaincell_char.errors import InputError

torch = pytest.importorskip("torch", reason="torch (extra `train`) is not installed")
transformers = pytest.importorskip("transformers", reason="transformers (extra `train`) is not installed")
from gaincell_char.integrations.transformers import (  # noqa: E402
    attach,
    network_scalers,
    register,
    save_network_scalers,
)

EXACT = {"rtol": 0, "atol": 1e-9}
WINDOW = 30


@pytest.fixture(autouse=True)
def _registered():
    register("leroux2025", window=WINDOW)


def shake(network, seed=0):
    """Every scaler its own number, so that no mix-up of layers, heads or names stays unseen."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if ".gaincell." in name:
                parameter.add_(0.2 * torch.rand(parameter.shape, generator=generator).to(parameter))


def gpt2(**options):
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=97, n_positions=256, n_embd=24, n_layer=2, n_head=3, initializer_range=0.3,
        attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0, bos_token_id=None, eos_token_id=None, **options,
    )  # fmt: skip
    network = transformers.GPT2LMHeadModel(config).double().eval()
    attach(network)
    shake(network)
    return network


def llama(kind="Llama", **options):
    torch.manual_seed(1)
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, initializer_range=0.3,
        bos_token_id=None, eos_token_id=None, pad_token_id=None, **options,
    )  # fmt: skip
    network = getattr(transformers, f"{kind}ForCausalLM")(config).double().eval()
    attach(network)
    shake(network)
    return network


def ids(batch, tokens, seed=0):
    return torch.randint(0, 97, (batch, tokens), generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_gpt2_gives_the_logits_of_the_numpy_network(tmp_path):
    network = gpt2()
    plain = transformers.GPT2LMHeadModel(network.config)
    plain.load_state_dict({name: x for name, x in network.state_dict().items() if ".gaincell." not in name})
    plain.double().save_pretrained(tmp_path)
    save_network_scalers(network, tmp_path / "scalers.safetensors")
    attention = gc.AnalogAttention(gc.load_model("leroux2025"), tmp_path / "scalers.safetensors", window=WINDOW)
    tokens = ids(2, 150)
    wanted = gc.load_gpt2(tmp_path, np.float64).logits(tokens.numpy(), attention)
    np.testing.assert_allclose(network(tokens).logits, wanted, **EXACT)


@torch.no_grad()
def test_grouped_heads_and_rotary_give_the_numpy_attention_of_what_the_layer_computes(monkeypatch):
    from gaincell_char.integrations.transformers import registry

    seen = []
    real = registry.attention_forward

    def spy(hardware, module, query, key, value, mask, **options):
        out = real(hardware, module, query, key, value, mask, **options)
        seen.append((module.layer_idx, query, key, value, out[0].transpose(1, 2)))
        return out

    monkeypatch.setattr(registry, "attention_forward", spy)
    network = llama()
    network(ids(2, 100))
    scalers, model = network_scalers(network), gc.load_model("leroux2025")
    assert [layer for layer, *_ in seen] == [0, 1]
    for layer, query, key, value, out in seen:
        assert key.shape[1] == 2
        wide = [np.repeat(x.numpy(), 2, axis=1) for x in (key, value)]
        wanted = gc.analog_attention(query.numpy(), *wide, model, scalers[layer], window=WINDOW)
        np.testing.assert_allclose(out, wanted, **EXACT)


def mistral():
    return llama("Mistral", sliding_window=20)


@torch.no_grad()
@pytest.mark.parametrize("cache", ["dynamic", "static"])
@pytest.mark.parametrize("make", [gpt2, llama, mistral])
def test_generate_with_its_cache_says_what_whole_passes_say(make, cache):
    network = make()
    prompt = ids(2, 60)
    options = {"do_sample": False, "output_logits": True, "return_dict_in_generate": True, "max_new_tokens": 8}
    static = {"cache_implementation": "static"} if cache == "static" else {}
    said = network.generate(prompt, attention_mask=torch.ones_like(prompt), **options, **static)
    whole = network(said.sequences[:, :-1], use_cache=False).logits[:, 59:]
    assert torch.equal(said.sequences[:, 60:], whole.argmax(-1))
    np.testing.assert_allclose(torch.stack(said.logits, 1), whole, rtol=1e-6, atol=1e-6)  # generate rounds to float32


@torch.no_grad()
@pytest.mark.parametrize("make", [gpt2, llama, mistral])
def test_pieces_through_the_cache_are_one_pass(make):
    network, tokens = make(), ids(2, 100)
    cache, pieces = transformers.DynamicCache(config=network.config), []
    for first, last in ((0, 63), (63, 64), (64, 65), (65, 100)):
        pieces.append(network(tokens[:, first:last], past_key_values=cache).logits)
    np.testing.assert_allclose(torch.cat(pieces, 1), network(tokens).logits, **EXACT)


@torch.no_grad()
def test_the_window_of_the_network_and_of_the_circuit_both_hold():
    tokens = ids(1, 90)
    other = tokens.clone()
    other[0, 5] = (other[0, 5] + 1) % 97
    for network, reach in ((gpt2(), WINDOW), (mistral(), 20)):
        moved = (network(tokens).logits - network(other).logits).abs().amax((0, 2)) > 0
        layers = 2
        assert moved[5]
        assert moved[5 : 5 + reach].any()
        assert not moved[5 + layers * (reach - 1) + 1 :].any()
        assert moved[5 + reach :].any()


@torch.no_grad()
@pytest.mark.parametrize("make", [gpt2, llama])
def test_padding_changes_nothing(make):
    network = make()
    long, short = ids(1, 80, seed=3), ids(1, 57, seed=4)
    batch = torch.cat([long, torch.cat([torch.zeros(1, 23, dtype=torch.long), short], 1)])
    mask = torch.ones_like(batch)
    mask[1, :23] = 0
    position = (mask.cumsum(1) - 1).clamp_min(0)
    out = network(batch, attention_mask=mask, position_ids=position).logits
    np.testing.assert_allclose(out[0], network(long).logits[0], **EXACT)
    np.testing.assert_allclose(out[1, 23:], network(short).logits[0], **EXACT)

    right = torch.cat([long, torch.cat([short, torch.zeros(1, 23, dtype=torch.long)], 1)])
    out = network(right, attention_mask=mask.flip(1)).logits
    np.testing.assert_allclose(out[1, :57], network(short).logits[0], **EXACT)

    options = {"do_sample": False, "max_new_tokens": 6, "pad_token_id": 0}
    together = network.generate(batch, attention_mask=mask, **options)[:, 80:]
    alone = [network.generate(x, attention_mask=torch.ones_like(x), **options)[0, x.shape[1] :] for x in (long, short)]
    assert torch.equal(together, torch.stack(alone))


def test_scalers_are_parameters_that_train_and_come_back(tmp_path):
    network = gpt2().train()
    names = [name for name, _ in network.named_parameters() if ".gaincell." in name]
    assert len(names) == 2 * 8
    loss = network(ids(1, 20), labels=ids(1, 20)).loss
    loss.backward()
    assert all(network.get_parameter(name).grad.abs().sum() > 0 for name in names if "b.out" not in name)
    save_network_scalers(network, tmp_path / "s.safetensors")
    other = gpt2()
    attach(other, tmp_path / "s.safetensors")
    for ours, theirs in zip(network_scalers(other), load_scalers(tmp_path / "s.safetensors"), strict=True):
        for name, (a, b) in theirs.items():
            np.testing.assert_array_equal(ours[name], (a, b))


def test_one_argument_is_enough_and_says_that_nothing_was_trained(tmp_path):
    gpt2().save_pretrained(tmp_path)
    loaded = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation="gaincell")
    with pytest.warns(UserWarning, match="never trained"):
        out = loaded(ids(1, 10)).logits
    attach(loaded)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = loaded(ids(1, 10)).logits
    torch.testing.assert_close(out, again)


def test_what_no_circuit_does_is_refused_in_one_line():
    network = gpt2()
    tokens = ids(1, 6)
    hole = torch.tensor([[1, 1, 0, 0, 1, 1]])
    with pytest.raises(InputError, match="row 0 has padding within its text"):
        network(tokens, attention_mask=hole)
    with pytest.raises(InputError, match="knows padding only"):
        network(tokens, attention_mask=torch.zeros(1, 1, 6, 6))
    with pytest.raises(InputError, match="packed sequences"):
        llama()(tokens, position_ids=torch.tensor([[0, 1, 2, 0, 1, 2]]), use_cache=False)
    for block in network.transformer.h:
        block.attn.attn_dropout.p = 0.1
    with pytest.raises(InputError, match=r"attention dropout: 0.1"):
        network.train()(tokens)
    with pytest.raises(InputError, match="has an attention 'sdpa' of its own"):
        register("leroux2025", name="sdpa")
    with pytest.raises(InputError, match="'other' is not registered"):
        attach(network, name="other")
    with pytest.raises(InputError, match="of 1 layers; GPT2LMHeadModel has 2"):
        attach(network, network_scalers(network)[:1])

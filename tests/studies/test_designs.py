"""Levels, wires, sizes and holds: how their studies are laid out and what they conclude of rows that are given."""

import json

import numpy as np
import pytest

from gaincell_char.behavior import load_model
from gaincell_char.behavior.law import current_law
from gaincell_char.behavior.schema import RetentionTable
from gaincell_char.behavior.store import model_text, read_model
from gaincell_char.errors import InputError
from gaincell_char.studies import bits, decay_aware, ir_drop, leakage, scale, sizes, wire_tiers
from gaincell_char.studies.holds import held
from gaincell_char.studies.study import Row


def row(added, recall=1.0, **labels):
    both = {"64": recall, "900": recall}
    return Row(labels, "as trained", 3 + added, added, (added - 0.01, added + 0.01), both, None, None, 0, None)


def test_fewest_levels_are_those_from_which_on_all_are_good():
    rows = [
        row(added, of="K", levels=levels) for levels, added in ((2, 0.5), (4, 0.01), (6, 0.03), (8, 0.0), (16, 0.01))
    ]
    assert bits.fewest(rows) == 8
    assert bits.fewest([row(0.5, of="K", levels=4)]) is None
    every = [row(0.0, of=of, levels=8) for of in bits.BUILT]
    every += [row(0.2, of="all", levels=4), row(-0.01, of="all", levels=256)]
    numbers, sentence = bits.conclude(every)
    assert numbers["needed"] == {"Q": 8, "K": 8, "V": 8, "output": 8}
    assert "half of all cost +0.200" in sentence


def test_levels_vary_one_at_a_time():
    variants = {variant.name: variant.change for variant in bits.variants()}
    assert variants["V 3"].v_levels == 3
    assert (variants["V 3"].q_levels, variants["V 3"].k_levels, variants["V 3"].out_levels) == (16, 8, 32)
    assert variants["Q 16"] == variants["K 8"] == variants["output 32"]


def test_wires_are_compared_with_the_same_tile_without():
    variants = {variant.name: variant for variant in ir_drop.variants()}
    wired = variants["tile 128, wires 16"]
    assert variants[wired.against].change.tile == 128
    assert variants[wired.against].change.ir_drop is None
    model, built = wired.model.array.wires, load_model("cmos28").array.wires
    assert model.bl_resistance_ohm == 16 * built.bl_resistance_ohm
    assert model.rail_resistance_ohm == 16 * built.rail_resistance_ohm
    assert model.bl_capacitance_F == built.bl_capacitance_F
    assert read_model(model_text(wired.model), "wires").name == "cmos28-wires-16"


def test_the_most_resistance_ends_at_the_first_that_is_too_much():
    rows = [
        row(added, tile=64, wires=wires) for wires, added in ((0, 0.3), (1, 0.0), (4, 0.015), (16, 0.03), (64, 0.01))
    ]
    assert ir_drop.most(rows, 64) == 4
    assert ir_drop.most(rows, 32) is None
    every = [row(0.001 * wires, tile=tile, wires=wires) for tile in ir_drop.TILES for wires in (0, *ir_drop.FACTORS)]
    assert "16 (64)" in ir_drop.conclude(every)
    assert ir_drop.figure(every).startswith("<svg")


def test_fast_wires_are_closer_to_exact_ones_than_ideal_ones():
    rng = np.random.default_rng(3)
    tiles = [(rng.choice(np.linspace(0, 0.9, 8), size=(32, 4)), rng.uniform(size=(32, 6)) ** 3)]
    found = wire_tiers.distances(load_model("cmos28"), tiles)
    assert found["columns"] == 4 * wire_tiers.QUERIES
    assert 0 < found["fast"]["rms"] < found["ideal"]["rms"] / 5
    more = wire_tiers.distances(wire_tiers.with_wires(load_model("cmos28"), 4), tiles)
    assert more["ideal"]["rms"] == pytest.approx(4 * found["ideal"]["rms"], rel=0.2)
    beyond = wire_tiers.distances(wire_tiers.with_wires(load_model("cmos28"), 1e4), tiles)
    assert set(beyond) == {"beyond"}


def test_a_cell_ages_as_its_table_says():
    model = load_model("cmos28")
    table = next(t for t in model.cell.retention_tables if t.wwl_V == 0.0 and t.condition.temperature_C == 85.0)
    law = current_law(held(model, table))
    ages_s = np.array(table.ages_s[1:])
    found = np.einsum("rl,ra->la", law.level_terms(np.array(table.levels_V)), law.age_terms(ages_s / 0.8e-6))
    wanted = model.cell.current(np.array(table.voltages_V)[:, 1:]) / model.cell.unit_current_A
    np.testing.assert_allclose(found, wanted, atol=1.5e-3 * np.abs(wanted).max())


def test_a_table_of_other_levels_is_refused():
    model = load_model("cmos28")
    table = model.cell.retention_tables[0]
    few = RetentionTable(
        **{
            **table.model_dump(),
            "levels_V": table.levels_V[:3],
            "voltages_V": table.voltages_V[:3],
            "level_tau_s": table.level_tau_s[:3],
            "level_tau_is_lower_bound": table.level_tau_is_lower_bound[:3],
        }
    )
    with pytest.raises(InputError, match="retention_tables"):
        held(model, few)


def test_refresh_is_paid_for_once_a_period():
    write_J = leakage.refresh_J(512)
    assert write_J > 1e-12
    assert leakage.refresh_J(None) == leakage.refresh_J(1024) == 0
    assert leakage.refresh_J(64) == pytest.approx(15 * write_J)
    assert leakage.refresh_J(100, window=250) == pytest.approx(2 * write_J)


def test_costs_grow_with_heads_and_windows():
    lines = {(line["network"], line["window"]): line for line in scale.costs()}
    small, large = lines["gpt2", 1024], lines["gpt2-xl", 1024]
    assert large["energy_J"] == pytest.approx(48 * 25 / 144 * small["energy_J"])
    assert large["latency_s"] == pytest.approx(4 * small["latency_s"])
    assert small["life_s"] == pytest.approx(1024 * small["latency_s"])
    assert lines["gpt2", 4096]["circuits_J"] > 3.5 * small["circuits_J"]
    assert lines["gpt2", 4096]["gate_m2"] > 3.5 * small["gate_m2"]
    assert scale.figure(list(lines.values())).startswith("<svg")
    loss = {"size": "as embedded", "layers": 4, "software": 2.8, "linear_hardware": 2.9, "added": 0.1}
    sentence = scale.conclude(list(lines.values()), [loss], ["half", "double"])
    assert "half and double the layers: not trained here" in sentence
    assert "+0.100 nats with 4 layers" in sentence


def test_sizes_are_found_where_both_networks_are(tmp_path):
    assert scale.trained(tmp_path) == [scale.EMBEDDED]
    for kind in sizes.KINDS:
        folder = sizes.checkpoint(tmp_path, "half", kind)
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({}))
    assert [size["name"] for size in scale.trained(tmp_path)] == ["as embedded", "half"]


def test_a_size_starts_from_the_embedded_networks_start():
    torch = pytest.importorskip("torch")
    model, objectives = sizes.start("half", sizes.SOFTWARE, None, None)
    assert len(model.blocks) == 2
    assert objectives == {}
    again, _ = sizes.start("half", sizes.SOFTWARE, None, None)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    assert sizes.phases(sizes.SOFTWARE)[-1].name == sizes.LAST_PHASE
    with pytest.raises(ValueError, match="train software of size half first"):
        sizes.start("half", sizes.HARDWARE, sizes.Path("nowhere"), None)


def test_leakage_says_what_refresh_costs_and_fine_tuning_takes_back():
    def leaks(tau_s, what, added):
        return row(added, tau_s=tau_s, tau_tokens=tau_s / 0.8e-6, what=what)

    rows = [leaks(tau_s, leakage.PLAIN, added) for tau_s, added in ((3e-4, 0.2), (1e-3, 0.04), (5e-3, 0.0))]
    rows += [leaks(3e-4, "refresh 64", 0.02), leaks(3e-4, "refresh 256", 0.05), leaks(3e-4, leakage.TUNED, 0.05)]
    rows += [leaks(0.6, leakage.MEASURED, 0.001), leaks(5e-3, f"{leakage.HELD} 0 V, 27 C", 0.01)]
    numbers, sentence = leakage.conclude(rows)
    by_period = {line["period_tokens"]: line for line in numbers["refresh"]}
    assert set(by_period) == {None, 64, 256}
    assert by_period[64]["head_J"] == pytest.approx(5 * by_period[256]["head_J"])
    (tuned,) = numbers["fine_tuned"]
    assert tuned["recovered"] == pytest.approx(0.75)
    assert numbers["held"]["held 0 V, 27 C"]["worst_tau_s"] == 5e-3
    assert "our cell has 600 ms and adds +0.001 nats" in sentence


def test_a_fine_tuned_network_is_a_variant_once_it_is_finished(tmp_path):
    assert leakage.fine_tuned(tmp_path) == []
    folder = decay_aware.network(tmp_path, decay_aware.TAUS_S[0])
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"")
    (variant,) = leakage.fine_tuned(tmp_path)
    assert variant.weights == str(folder)
    assert variant.labels["tau_s"] == variant.model.cell.retention.tau_s == decay_aware.TAUS_S[0]

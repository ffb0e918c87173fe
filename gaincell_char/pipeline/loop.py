"""The loop as a graph of stages: netlist -> sweeps -> model -> adaptation -> evaluation.

The default cell's stages are always there; a changed design adds its own beside them (`@changed`, `@retrimmed`), so
that both are compared and only what depends on the change is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaincell_char import keys
from gaincell_char.errors import unknown_name
from gaincell_char.pipeline import work
from gaincell_char.pipeline.network import CHAIN, CHANGED, DEFAULT, LINEAR, Network, Sizes
from gaincell_char.pipeline.stages import Stage
from gaincell_char.pipeline.work import VERSION

if TYPE_CHECKING:
    from gaincell_char.circuits.testbench import Parameter
    from gaincell_char.sweep.axis import Range
    from gaincell_char.sweep.run import Prepared
    from gaincell_char.sweep.spec import Spec

SWEEPS = {sweep: f"gain_cell_{sweep}" for sweep in work.FITTED_SWEEPS}
BUNDLED = "cmos28"
SWEPT_EFFECTS = (
    "write-error",
    "read-disturb",
    "word-line",
    "pulse-charge",
    "charge-to-pulse",
    "signed-charge-to-pulse",
    "pulse-counter",
    "ir-drop",
    "mismatch",
    "noise",
)
"""What the sweeps of all circuits measure, as attention knows it."""
WBL_HOLD = "gain_cell.wbl_hold_V"

RETRIMMED = "@retrimmed"
LABELS = {
    "software": "software",
    "software-control": "software control",
    "linear": "linear hardware",
    "published.before": "published, as trained",
    "published.paper": "published, adapted: paper",
    "published.offset-aware": "published, adapted: offset-aware",
    "cell.before": "our cell, as trained",
    "cell.paper": "our cell, adapted: paper",
    "cell.offset-aware": "our cell, adapted: offset-aware",
    "cell.circuit": "our cell, through the whole circuit",
    "changed.before": "changed, as trained",
    "changed.paper": "changed, adapted: paper",
    "changed.offset-aware": "changed, adapted: offset-aware",
    "changed.circuit": "changed, through the whole circuit",
    "retrimmed.before": "retrimmed, as trained",
    "retrimmed.paper": "retrimmed, adapted: paper",
    "retrimmed.offset-aware": "retrimmed, adapted: offset-aware",
}
WATERFALL = ("software", "linear attention", "quantizers", "nonlinearity", "zero-crossing offset", "leakage")


@dataclass(frozen=True)
class Request:
    """What the user asked for: design parameters that differ from the default (SI), whether to retrim as well, and
    whether to sweep the circuits around the cell (else they are those of the bundled model)."""

    parameters: Mapping[str, float] = field(default_factory=dict)
    retrim: bool = False
    all_circuits: bool = False
    sizes: Sizes = field(default_factory=Sizes)


def loop(request: Request, folder: Path, workers: int) -> list[Stage]:
    """The stages that answer `request`, in an order in which they can run; sweeps are stored under `folder`.

    Raises
    ------
    InputError
        An unknown or impossible design parameter.
    EnvironmentFault
        No simulator, or no embedded weights.
    """
    changed = _sweeps(CHANGED, _of_the_cell(request), folder, workers) if request.parameters else []
    weights = {name: work.check_weights(name) for name in ("embedded/software", "embedded/software-control", LINEAR)}
    network = Network(weights, request.sizes)
    stages = [*_sweeps(DEFAULT, {}, folder, workers), _fit(DEFAULT, BUNDLED), network.corpus(), *changed]
    circuits = _circuits(DEFAULT, request, {}, folder, workers)
    stages += circuits
    if changed:
        stages.append(_fit(CHANGED, "changed"))
        stages += _circuits(CHANGED, request, request.parameters, folder, workers) if request.all_circuits else []
        if request.retrim:
            stages.append(_fit(RETRIMMED, "retrimmed"))
    stages += network.references()
    stages += network.cell("cell", {"stage": "fit"})
    stages += network.waterfall()
    steps = _circuit_steps(request) if circuits else {}
    stages += network.circuit(steps)
    if changed:
        stages += network.cell("changed", {"stage": f"fit{CHANGED}"})
        stages += [network.changed_circuit([*steps.values()][-1])] if request.all_circuits else []
        if request.retrim:
            stages += network.cell("retrimmed", {"stage": f"fit{RETRIMMED}"})
    return stages


def configurations(stages: Sequence[Stage]) -> dict[str, str]:
    """Configuration -> name of its evaluation stage, in the order of `LABELS`."""
    present = {stage.name for stage in stages}
    return {name: f"evaluate.{name}" for name in LABELS if f"evaluate.{name}" in present}


def _sweeps(suffix: str, parameters: Mapping[str, float], folder: Path, workers: int) -> list[Stage]:
    from gaincell_char.sweep.overrides import Overrides
    from gaincell_char.sweep.run import prepare
    from gaincell_char.sweep.spec import load_spec

    stages = []
    for sweep, spec in SWEEPS.items():
        document = load_spec(spec)
        axes: dict[str, list[float] | Range] = {}
        if sweep == "retention":
            document = _with_hold(document, parameters)
            if WBL_HOLD in parameters:
                axes["wbl_V"] = [parameters[WBL_HOLD]]
        prepared = prepare(document, overrides=Overrides(parameters, axes))
        inputs = {"spec": prepared.spec.digest, "decks": [task.identity.key for task in prepared.tasks]}
        run = _Sweep(prepared, folder / "sweeps" / f"{spec}.sqlite", workers)
        stages.append(Stage(f"sweep.{sweep}{suffix}", run, VERSION, inputs, in_parent=True))
    return stages


def _with_hold(spec: Spec, parameters: Mapping[str, float]) -> Spec:
    """`spec` of the retention sweep, with the design's own hold voltages among those it compares."""
    from gaincell_char.circuits.testbench import parameters as known

    defaults = {parameter.name: parameter.default for parameter in known("gain_cell")}
    row = {f"{line}_V": parameters.get(f"gain_cell.{line}_hold_V", defaults[f"gain_cell.{line}_hold_V"])
           for line in ("wwl", "wwlb")}  # fmt: skip
    if row in spec.presets["hold"]:
        return spec
    return spec.model_copy(update={"presets": {**spec.presets, "hold": [*spec.presets["hold"], row]}})


class _Sweep:
    """The work of a sweep stage; the decks' keys are its inputs, the store resumes it."""

    def __init__(self, prepared: Prepared, store: Path, workers: int) -> None:
        self.prepared, self.store, self.workers = prepared, store, workers

    def __call__(self, inputs: work.Inputs, products: work.Products) -> bytes:
        from gaincell_char.sweep.run import run_prepared

        dataset = run_prepared(self.prepared, self.store, self.workers, progress=lambda done, total, note: None)
        content = dataset.to_bytes()
        work.failed_points(self.prepared.spec.name, content, str(self.store))
        return content


def known_parameters(all_circuits: bool) -> tuple[Parameter, ...]:
    """The design parameters of what the loop sweeps."""
    from gaincell_char.circuits.testbench import parameters, testbench
    from gaincell_char.fit.chain import chain_specs
    from gaincell_char.sweep.spec import load_spec

    if not all_circuits:
        return parameters("gain_cell")
    benches = [testbench(load_spec(spec).testbench) for spec in chain_specs()]
    return tuple({each.name: each for bench in benches for each in bench.parameters}.values())


def _of_the_cell(request: Request) -> Mapping[str, float]:
    """The parameters that the cell's sweeps take.

    Raises
    ------
    InputError
        A parameter of a circuit that is not swept.
    """
    if not request.all_circuits:
        return request.parameters
    known = [parameter.name for parameter in known_parameters(all_circuits=True)]
    for name in request.parameters:
        if name not in known:
            raise unknown_name("parameter", name, known, "--set")
    return {name: value for name, value in request.parameters.items() if name.startswith("gain_cell.")}


def _circuits(
    suffix: str, request: Request, parameters: Mapping[str, float], folder: Path, workers: int
) -> list[Stage]:
    """The stage `chain`, a cell's model with the circuits around it, and the sweeps it needs; none where the circuits
    are not asked for and the bundled model's are of other netlists."""
    if not request.all_circuits:
        digest = _bundled_circuits()
        inputs = {"fit": f"fit{suffix}", "bundled": BUNDLED, "digest": digest, "sweeps": {}}
        return [Stage(f"{CHAIN}{suffix}", work.chain, VERSION, inputs, (f"fit{suffix}",))] if digest else []
    from gaincell_char.fit.chain import chain_specs

    sweeps = [_circuit_sweep(spec, suffix, parameters, folder, workers) for spec in chain_specs()]
    named = {stage.name.removeprefix("sweep.").removesuffix(suffix): stage.name for stage in sweeps}
    swept: dict[str, Any] = {"fit": f"fit{suffix}", "bundled": None, "sweeps": named}
    return [*sweeps, Stage(f"{CHAIN}{suffix}", work.chain, VERSION, swept, (f"fit{suffix}", *named.values()))]


def _circuit_sweep(spec: str, suffix: str, parameters: Mapping[str, float], folder: Path, workers: int) -> Stage:
    """The sweep of `spec` with those of `parameters` that its testbench has."""
    from gaincell_char.circuits.testbench import testbench
    from gaincell_char.sweep.overrides import Overrides
    from gaincell_char.sweep.run import prepare
    from gaincell_char.sweep.spec import load_spec

    document = load_spec(spec)
    known = {parameter.name for parameter in testbench(document.testbench).parameters}
    prepared = prepare(document, overrides=Overrides({k: v for k, v in parameters.items() if k in known}))
    inputs = {"spec": prepared.spec.digest, "decks": [task.identity.key for task in prepared.tasks]}
    run = _Sweep(prepared, folder / "sweeps" / f"{spec}.sqlite", workers)
    return Stage(f"sweep.{spec}{suffix}", run, VERSION, inputs, in_parent=True)


def _bundled_circuits() -> str:
    """Digest of the bundled model; "" where it has no circuits, or they were swept from other netlists than ours."""
    from gaincell_char.behavior.store import load_model, model_text
    from gaincell_char.paths import data_folder

    model = load_model(BUNDLED)
    files = {path.name: path for path in data_folder("netlists").rglob("*.lib")}
    made = model.provenance.netlists
    same = all(name in files and keys.file_digest(files[name]) == digest for name, digest in made.items())
    return keys.digest(model_text(model).encode()) if same and model.pulse_counter is not None else ""


def _circuit_steps(request: Request) -> dict[str, list[str]]:
    """The steps from paper to circuit fidelity that `chain` will have figures for, with the effects of each."""
    from gaincell_char.behavior.store import load_model
    from gaincell_char.evaluation.waterfall import CIRCUIT_STEPS, circuit_steps

    if not request.all_circuits:
        return {step.name: list(step.effects or ()) for step in circuit_steps(load_model(BUNDLED))}
    chosen: list[str] = []
    steps = {}
    for name, effects in CIRCUIT_STEPS.items():
        if added := [effect for effect in effects if effect in SWEPT_EFFECTS]:
            chosen = steps[name] = [*chosen, *added]
    return steps


def _fit(suffix: str, name: str) -> Stage:
    swept = DEFAULT if suffix == DEFAULT else CHANGED
    sweeps = {sweep: f"sweep.{sweep}{swept}" for sweep in SWEEPS}
    inputs = {"name": name, "sweeps": sweeps, "nominal": {"stage": "fit"} if suffix else None,
              "retrim": suffix == RETRIMMED}  # fmt: skip
    return Stage(f"fit{suffix}", work.fit, VERSION, inputs, (*sweeps.values(), *(("fit",) if suffix else ())))

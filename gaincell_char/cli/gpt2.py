"""`gaincell gpt2`: what a network says and loses, with software attention or a gain-cell array's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gaincell_char.cli.common import Advance, json_option, message, print_json, progress

if TYPE_CHECKING:
    from gaincell_char.evaluation.perplexity import Perplexity
    from gaincell_char.gpt2 import GPT2, Attention
    from gaincell_char.gpt2.hardware import Choice

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@click.group(epilog="Example: gaincell gpt2 recall --model leroux2025 --window 64")
def command() -> None:
    """Run a GPT-2 with software or analog attention."""


def _effects(context: click.Context, option: click.Parameter, given: str | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return () if given.strip() == "none" else tuple(name.strip() for name in given.split(","))


def network_options(function: Decorated) -> Decorated:
    """Which weights, which attention. They are the fields of `gpt2.hardware.Choice`."""
    options = (
        click.option("--weights", help="embedded/software, embedded/linear-hardware, gpt2 or a Hugging Face directory. "
                     "Default: the embedded one that was trained for the attention."),
        click.option("--model", default="software", show_default=True,
                     help="Attention: software, a behavioral model's name, or its JSON file."),
        click.option("--scalers", type=click.Path(path_type=Path),
                     help="Scalers of the attention (safetensors). Default: those beside the weights."),
        click.option("--window", type=click.IntRange(min=1), help="Tokens that a query sees, itself included."),
        click.option("--quantize/--no-quantize", default=True, help="Analog: discrete levels, or continuous ones."),
        click.option("--decay/--no-decay", default=True, help="Analog: stored levels leak, or never do."),
        click.option("--fidelity", default="paper", show_default=True, help="Analog: paper, the published equations; "
                     "circuit, with what the model has measured."),
        click.option("--effects", metavar="NAME,...", callback=_effects,
                     help="Circuit fidelity: only these; none: not one. Default: all measured ones."),
        click.option("--circuit-seed", default=0, show_default=True, type=click.IntRange(min=0),
                     help="Circuit fidelity: of mismatch and noise."),
        click.option("--force", is_flag=True, help="Analog attention on weights that were never trained for it."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@command.command()
@network_options
@click.option("--text", type=click.Path(path_type=Path), help="UTF-8 file. Default: held-out standard-library code.")
@click.option(
    "--fit-draws",
    type=click.IntRange(min=2),
    metavar="N",
    help="Also the interval that the model's fits leave, from N models that their held-out errors allow.",
)
@json_option
def perplexity(text: Path | None, fit_draws: int | None, as_json: bool, **options: Any) -> None:  # fmt: skip
    """Loss and perplexity of a text, with 95 % intervals."""
    from gaincell_char.evaluation.perplexity import evaluate_held_out, evaluate_text
    from gaincell_char.gpt2.tokenizer import read_text

    if fit_draws is not None and options["model"] == "software":
        raise click.UsageError("--fit-draws: software attention is no fit; give a circuit with --model")
    content = None if text is None else read_text(text)
    lm, attention, choice = _network(options)
    measure = partial(evaluate_held_out, lm) if content is None else partial(evaluate_text, lm, content)
    with progress("perplexity", quiet=as_json) as advance:
        found = measure(attention, progress=advance)
        fits = {} if fit_draws is None else _fits(lm, choice, measure, fit_draws, advance)
    if as_json:
        source = str(text or "held-out standard-library code")
        print_json({**choice.describe(), "text": source, **found.describe(), **fits})
        return
    click.echo(str(found))
    if fits:
        low, high = fits["fit_interval_nats"]
        click.echo(f"loss of {fit_draws} models that the fits allow: 95 % within [{low:.4f}, {high:.4f}] nats a token")


def _fits(
    lm: GPT2, choice: Choice, measure: Callable[..., Perplexity], draws: int, advance: Advance
) -> dict[str, Any]:  # fmt: skip
    """What is left open by the model being a fit, as JSON: `evaluation.model_error`, same text, same scalers."""
    from gaincell_char.behavior import load_model
    from gaincell_char.evaluation.model_error import fit_bounds, prediction_interval, with_fit_errors

    model, losses = load_model(choice.model), []
    for seed in range(1, draws + 1):
        losses.append(measure(choice.attention(lm, with_fit_errors(model, seed))).loss.mean)
        advance(seed, draws, "models that the fits allow")
    interval = prediction_interval(losses)
    bounds = {name: error.maximum_relative for name, error in fit_bounds(model).items()}
    return {"fit_interval_nats": [interval.low, interval.high], "fit_draws": draws, "fit_bounds": bounds}


@command.command()
@network_options
@click.option("--programs", default=12, show_default=True, type=click.IntRange(min=1), help="Sequences of 1024 tokens.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of the programs.")
@json_option
def recall(programs: int, seed: int, as_json: bool, **options: Any) -> None:
    """Share of values recalled, by how many tokens ago they were assigned."""
    from gaincell_char.evaluation.interval import share_interval
    from gaincell_char.evaluation.recall import evaluate_recall, recall_programs

    lm, attention, choice = _network(options)
    questions = recall_programs(lm.tokenizer, n=programs, seed=seed, length=min(1024, lm.config.n_positions))
    with progress("recall", quiet=as_json) as advance:
        accuracy = evaluate_recall(lm, questions, attention, progress=advance)
    asked = questions.answer_id.size // len(accuracy)
    if as_json:
        by_distance = {str(distance): share for distance, share in accuracy.items()}
        print_json({**choice.describe(), "answers_per_distance": asked, "seed": seed, "recall": by_distance})
        return
    click.echo("distance  recalled  95 % interval")
    for distance, share in accuracy.items():
        spread = share_interval(round(share * asked), asked)
        click.echo(f"{distance:8d}  {share:8.1%}  {spread.low:.1%} to {spread.high:.1%}")


@command.command()
@network_options
@click.option("--prompt", help="What to continue.")
@click.option("--text", type=click.Path(path_type=Path), help="UTF-8 file to continue instead.")
@click.option("--max-new-tokens", default=64, show_default=True, help="Tokens to add.")
@click.option("--temperature", default=1.0, show_default=True, help="0 takes the likeliest token.")
@click.option("--top-k", type=int, help="Draw from the k likeliest tokens only.")
@click.option("--seed", default=0, show_default=True, help="Of the drawing.")
@json_option
def generate(
    prompt: str | None, text: Path | None, max_new_tokens: int, temperature: float, top_k: int | None, seed: int,
    as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Continue a prompt."""
    from gaincell_char.gpt2.tokenizer import read_text

    if (prompt is None) == (text is None):
        raise click.UsageError("give either --prompt TEXT or --text FILE")
    beginning = read_text(text) if text is not None else str(prompt)
    lm, attention, choice = _network(options)
    added = lm.generate(beginning, attention, max_new_tokens, temperature, top_k, seed)
    if as_json:
        print_json({**choice.describe(), "prompt": beginning, "seed": seed, "generated": added})
    else:
        click.echo(beginning + added)


@command.command()
@network_options
@click.option("--prompt", help="What to read.")
@click.option("--text", type=click.Path(path_type=Path), help="UTF-8 file to read instead.")
@click.option("--tokens", default=512, show_default=True, type=click.IntRange(min=2), help="To read.")
@click.option("--by-head/--no-by-head", default=True, help="Also what each layer and head costs alone, or not.")
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Also write a page.")
@json_option
def explain(
    prompt: str | None, text: Path | None, tokens: int, by_head: bool, page: Path | None, as_json: bool, **options: Any
) -> None:
    """Which tokens the circuit costs, and which layer and head it is."""
    from gaincell_char.explain import explain as explained
    from gaincell_char.explain import ideal_attention
    from gaincell_char.gpt2.hardware import Choice
    from gaincell_char.gpt2.tokenizer import read_text

    if (prompt is None) == (text is None):
        raise click.UsageError("give either --prompt TEXT or --text FILE")
    if options["model"] == "software":
        raise click.UsageError("software attention adds no loss; give a circuit with --model")
    content = read_text(text) if text is not None else str(prompt)
    choice = Choice(**options)
    lm, circuit = choice.load()
    window = 1024 if choice.window is None else choice.window
    with progress("explain", quiet=as_json) as advance:
        found = explained(lm, content, circuit, ideal_attention(lm, window), tokens, by_head, advance)
    if page is not None:
        from gaincell_char.explain.page import html
        from gaincell_char.keys import publish

        publish(page, html(found, choice.describe()).encode())
        message(f"wrote {page}")
    if as_json:
        print_json({**choice.describe(), **found.describe()})
        return
    from rich.console import Console

    from gaincell_char.explain.terminal import rendered

    Console(highlight=False).print(*rendered(found), sep="\n")


def _network(options: dict[str, Any]) -> tuple[GPT2, Attention | None, Choice]:
    from gaincell_char.gpt2.hardware import Choice

    choice = Choice(**options)
    return (*choice.load(), choice)

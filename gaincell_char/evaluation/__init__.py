"""What a network loses with an attention: loss, recall, perplexity, the waterfall."""

from gaincell_char.evaluation.held_out import held_out_ids
from gaincell_char.evaluation.interval import Interval, paired_interval
from gaincell_char.evaluation.loss import Loss, evaluate_loss
from gaincell_char.evaluation.perplexity import Perplexity, evaluate_held_out, evaluate_text
from gaincell_char.evaluation.recall import DISTANCES, evaluate_recall, recall_programs
from gaincell_char.evaluation.waterfall import Increment, Step, circuit_steps, hardware_steps, waterfall

__all__ = [
    "DISTANCES",
    "Increment",
    "Interval",
    "Loss",
    "Perplexity",
    "Step",
    "circuit_steps",
    "evaluate_held_out",
    "evaluate_loss",
    "evaluate_recall",
    "evaluate_text",
    "hardware_steps",
    "held_out_ids",
    "paired_interval",
    "recall_programs",
    "waterfall",
]

"""What a network loses with an attention: loss, recall, perplexity, the waterfall."""

from gaincell_char.evaluation.interval import Interval, paired_interval
from gaincell_char.evaluation.loss import Loss, evaluate_loss
from gaincell_char.evaluation.perplexity import Perplexity, perplexity
from gaincell_char.evaluation.recall import DISTANCES, evaluate_recall, recall_programs
from gaincell_char.evaluation.waterfall import Increment, Step, hardware_steps, waterfall

__all__ = [
    "DISTANCES",
    "Increment",
    "Interval",
    "Loss",
    "Perplexity",
    "Step",
    "evaluate_loss",
    "evaluate_recall",
    "hardware_steps",
    "paired_interval",
    "perplexity",
    "recall_programs",
    "waterfall",
]

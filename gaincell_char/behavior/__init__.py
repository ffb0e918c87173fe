"""The behavioral model: what a circuit does, as one JSON file that needs no SPICE to evaluate."""

from gaincell_char.behavior.conditions import at_condition
from gaincell_char.behavior.difference import diff
from gaincell_char.behavior.schema import BehavioralModel
from gaincell_char.behavior.store import load_model, save_model
from gaincell_char.behavior.validation import validate

__all__ = ["BehavioralModel", "at_condition", "diff", "load_model", "save_model", "validate"]

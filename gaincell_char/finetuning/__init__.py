"""Fine-tuning any GPT-2 on gain-cell attention (extra `train`).

    from gaincell_char.finetuning import Recipe, fine_tune
    fine_tune(Recipe("embedded/software", "leroux2025_linear", tokens=1_000_000), Path("my-network"))

Only `fine_tune` needs torch; it is imported when it is called.
"""

from gaincell_char.finetuning.recipe import Recipe
from gaincell_char.finetuning.run import fine_tune

__all__ = ["Recipe", "fine_tune"]

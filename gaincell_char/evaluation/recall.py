"""Recall accuracy against distance: how many tokens back the network's attention still finds what was said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from gaincell_char.corpus.recall import LINE, RecallSet, filler_tokens, program, vocabulary
from gaincell_char.errors import InputError
from gaincell_char.evaluation.held_out import standard_library
from gaincell_char.evaluation.loss import Progress
from gaincell_char.evaluation.parallel import map_sequences
from gaincell_char.gpt2 import GPT2, Attention

DISTANCES = (16, 64, 128, 256, 512, 900)
"""Tokens between an answer and the line that gave it: within a tile, across tiles, and almost the whole context."""

_ATTEMPTS = 200


def recall_programs(
    tokenizer: Tokenizer,
    distances: Sequence[int] = DISTANCES,
    n: int = 12,
    answers: int = 8,
    length: int = 1024,
    distractors: int = 24,
    seed: int = 0,
) -> RecallSet:
    """`n` programs of `length` tokens, each with `answers` questions at every one of `distances`.

    One forward pass of a program answers for all distances, so a whole curve costs `n` sequences: n * answers answers
    a distance. Deterministic in all arguments and the library read.

    Raises
    ------
    EnvironmentFault
        The standard library's source, which fills the programs, is not there.
    InputError
        A distance shorter than a line, or questions that find no room in a program.
    """
    wanted = np.sort(np.repeat(np.asarray(distances, np.int64), answers))[::-1]  # far ones have the fewest places
    if wanted.size == 0 or wanted[-1] < LINE or wanted[0] > length - 1 - 2 * LINE:
        raise InputError(f"distances: {tuple(distances)}; expected {LINE} to {length - 1 - 2 * LINE} tokens each")
    no_room = f"{wanted.size} questions at {tuple(distances)} tokens find no room in {length} tokens"
    if wanted.size * 2 * LINE >= length:
        raise InputError(no_room)
    with standard_library():
        words, filler = vocabulary(tokenizer), filler_tokens(tokenizer)
    rows = []
    for row in range(n):
        for attempt in range(_ATTEMPTS):
            rng = np.random.default_rng([seed, row, attempt])
            found = program(rng, words, filler, wanted, length, distractors)
            if found[1].size == wanted.size:
                rows.append(found)
                break
        else:
            raise InputError(no_room)
    ids, position = np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows])
    return RecallSet(ids, position, np.take_along_axis(ids, position, 1), np.stack([row[2] for row in rows]))


def evaluate_recall(
    lm: GPT2, questions: RecallSet, attention: Attention | None = None, progress: Progress | None = None
) -> dict[int, float]:
    """Share of answers that are the likeliest next token, by distance in tokens, ascending."""

    def answers(row: int) -> npt.NDArray[np.intp]:
        asked = lm.hidden(questions.ids[row : row + 1], attention)[0, questions.answer_position[row] - 1]
        likeliest: npt.NDArray[np.intp] = lm.head(asked).argmax(axis=1)
        return likeliest

    right = np.empty(questions.answer_id.shape, dtype=bool)
    for row, found in enumerate(map_sequences(answers, range(len(right)))):
        right[row] = found == questions.answer_id[row]
        if progress is not None:
            progress(row + 1, len(right), f"{right[: row + 1].mean():.1%} recalled")
    distances = np.unique(questions.distance)
    return {int(distance): float(right[questions.distance == distance].mean()) for distance in distances}

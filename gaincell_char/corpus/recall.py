"""Recall programs: `name = word` lines, code between, and later the same names asked again.

The answer to a repeated `name =` is the word that followed it before, a known number of tokens back. Accuracy against
that distance shows an attention's window, retention and precision directly; perplexity on code alone hides them.
Every name and every word is one token, a line is four (`name`, ` =`, ` word`, newline), and everything is drawn from a
seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from gaincell_char.corpus.code import encode_sources, held_out_sources

Ids = npt.NDArray[np.int64]

LINE = 4
"""Tokens in a line `name = word`."""


@dataclass(frozen=True)
class Vocabulary:
    """Token ids that recall programs are made of: names (n,), words (m,), and the three fixed tokens."""

    names: Ids
    words: Ids
    equals: int
    newline: int
    end_of_text: int


@dataclass(frozen=True)
class RecallSet:
    """Recall programs and where their answers are.

    Attributes:
        ids: (n, T) token ids.
        answer_position: (n, m) index in `ids` of each answer token: it is predicted by the logits one position before.
        answer_id: (n, m) the right answers, equal to `ids` at `answer_position`.
        distance: (n, m) tokens between the answer and the same word in the line that assigned it.
    """

    ids: Ids
    answer_position: Ids
    answer_id: Ids
    distance: Ids

    def accuracy(self, predicted: Ids) -> float:
        """Share of answers found. `predicted`: (n, T), the likeliest *next* token at every position."""
        rows = np.arange(self.ids.shape[0])[:, None]
        return float(np.mean(predicted[rows, self.answer_position - 1] == self.answer_id))


def vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    """Names and words of one token each: whole English words, lower case, known with and without a leading space."""
    vocab = tokenizer.get_vocab()
    words = sorted(
        token
        for token in vocab
        if len(token) >= 3 and token.isascii() and token.isalpha() and token.islower() and f"\u0120{token}" in vocab
    )
    return Vocabulary(
        names=np.array([vocab[word] for word in words], dtype=np.int64),
        words=np.array([vocab[f"\u0120{word}"] for word in words], dtype=np.int64),
        equals=vocab["\u0120="],
        newline=vocab["\u010a"],
        end_of_text=vocab["<|endoftext|>"],
    )


def filler_tokens(tokenizer: Tokenizer) -> Ids:
    """Code that fills evaluation programs: the held-out modules as one stream, shape (n,)."""
    return encode_sources(tokenizer, held_out_sources()).astype(np.int64)


def _place(rng: np.random.Generator, distances: Ids, length: int, free: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Starts of line pairs (assigned at s, asked at s + distance) that overlap nothing; marks them taken in `free`."""
    placed = []
    for distance in distances:
        last = length - LINE - int(distance)
        if last < 1:
            continue
        for start in rng.integers(1, last + 1, size=12):
            asked = int(start + distance)
            if free[start : start + LINE].all() and free[asked : asked + LINE].all():
                free[start : start + LINE] = False
                free[asked : asked + LINE] = False
                placed.append((int(start), asked))
                break
    return placed


def program(
    rng: np.random.Generator,
    vocab: Vocabulary,
    filler: Ids | None,
    distances: Ids,
    length: int,
    distractors: int,
) -> tuple[Ids, Ids, Ids]:
    """One recall program.

    Args:
        filler: stream of code tokens to take the gaps from; None fills them with further assignments only.
        distances: wanted distance of each question, in tokens; those that find no room are dropped.
        distractors: assignments that are never asked, at most (as far as there is room).

    Returns:
        ids (length,), positions of the answers (m,), their distances (m,).
    """
    ids = np.full(length, -1, dtype=np.int64)
    free = np.ones(length, dtype=bool)
    pairs = _place(rng, distances, length, free)
    names = rng.permutation(vocab.names)[: len(pairs) + distractors]
    words = rng.choice(vocab.words, size=names.size)
    for (start, asked), name, word in zip(pairs, names, words, strict=False):
        line = (name, vocab.equals, word, vocab.newline)
        ids[start : start + LINE] = line
        ids[asked : asked + LINE] = line
    spare = list(zip(names[len(pairs) :], words[len(pairs) :], strict=True))
    for start in rng.permutation(length - LINE)[: 8 * len(spare)] if spare else ():
        if not spare:
            break
        if start >= 1 and free[start : start + LINE].all():
            name, word = spare.pop()
            ids[start : start + LINE] = (name, vocab.equals, word, vocab.newline)
            free[start : start + LINE] = False
    _fill(rng, vocab, filler, ids, names)
    answers = np.array(sorted((asked + 2, asked - start) for start, asked in pairs), dtype=np.int64).reshape(-1, 2)
    return ids, answers[:, 0], answers[:, 1]


def _fill(rng: np.random.Generator, vocab: Vocabulary, filler: Ids | None, ids: Ids, names: Ids) -> None:
    """Fill the gaps of `ids` (where it is -1) with code that ends in a newline and assigns none of `names`."""
    ids[0] = vocab.end_of_text
    holes = np.flatnonzero(ids < 0)
    if holes.size == 0:
        return
    if filler is None:
        ids[holes] = vocab.newline
        return
    start = int(rng.integers(0, filler.size - holes.size))
    code = filler[start : start + holes.size].copy()
    code[np.isin(code, names)] = vocab.newline  # a name in the code between would be a second, wrong assignment
    ids[holes] = code
    ends = holes[np.flatnonzero(np.diff(holes, append=holes[-1] + 2) > 1)]
    ids[ends] = vocab.newline


def recall_set(
    tokenizer: Tokenizer,
    distance: int,
    n: int = 32,
    seed: int = 0,
    length: int = 1024,
    answers: int = 8,
    distractors: int = 24,
) -> RecallSet:
    """Evaluation set: `n` programs of `length` tokens, each with `answers` questions at exactly `distance` tokens.

    Between a line and its question lie code of the held-out modules, other lines with their questions, and up to
    `distractors` assignments that are never asked. Deterministic in all arguments (and the library read).

    Raises:
        ValueError: `distance` is shorter than a line or leaves no room for the questions.
    """
    if distance < LINE or length - 1 - distance < LINE * answers + LINE:
        raise ValueError(f"distance {distance} with {answers} answers does not fit a program of {length} tokens")
    vocab = vocabulary(tokenizer)
    filler = filler_tokens(tokenizer)
    rows: list[tuple[Ids, Ids, Ids]] = []
    wanted = np.full(answers, distance, dtype=np.int64)
    attempt = 0
    while len(rows) < n:
        row = program(np.random.default_rng([seed, distance, attempt]), vocab, filler, wanted, length, distractors)
        attempt += 1
        if row[1].size == answers:
            rows.append(row)
        elif attempt > 1000 * n:
            raise ValueError(f"no room for {answers} questions at distance {distance} in {length} tokens")
    ids = np.stack([row[0] for row in rows])
    position = np.stack([row[1] for row in rows])
    return RecallSet(ids, position, np.take_along_axis(ids, position, 1), np.stack([row[2] for row in rows]))


def training_programs(
    rng: np.random.Generator,
    vocab: Vocabulary,
    filler: Ids | None,
    n: int,
    length: int,
    questions: int,
    distractors: int,
) -> tuple[Ids, npt.NDArray[np.bool_]]:
    """Training batch: `n` programs with up to `questions` questions at log-uniform and far distances.

    Returns:
        ids (n, length) and mask (n, length), true where a token is an answer.
    """
    ids = np.empty((n, length), dtype=np.int64)
    mask = np.zeros((n, length), dtype=bool)
    for row in range(n):
        far = length - 2 * LINE
        logarithmic = np.exp(rng.uniform(np.log(LINE), np.log(far), size=questions))
        uniform = rng.uniform(LINE, far, size=questions)
        # far questions first: they have the fewest places to go
        distances = np.sort(np.where(rng.random(questions) < 0.5, logarithmic, uniform).astype(np.int64))[::-1]
        ids[row], answers, _ = program(rng, vocab, filler, distances, length, distractors)
        mask[row, answers] = True
    return ids, mask


def copying_batch(rng: np.random.Generator, vocab_size: int, n: int, length: int) -> tuple[Ids, npt.NDArray[np.bool_]]:
    """Training batch: random token sequences repeated, the mask true on the repeats (after each one's first token).

    Periods are log-uniform from 4 to half the length: short ones make the head that looks one token back pay at once.
    """
    ids = np.empty((n, length), dtype=np.int64)
    mask = np.zeros((n, length), dtype=bool)
    for row in range(n):
        period = int(np.exp(rng.uniform(np.log(4), np.log(length // 2 + 1))))
        ids[row] = np.resize(rng.integers(1, vocab_size, size=period), length)
        mask[row, period + 1 :] = True
    return ids, mask


def pairs_batch(rng: np.random.Generator, vocab: Vocabulary, n: int, length: int) -> tuple[Ids, npt.NDArray[np.bool_]]:
    """Training batch: `name value` pairs, then the same names asked again in another order."""
    count = length // 4
    ids = np.empty((n, length), dtype=np.int64)
    mask = np.zeros((n, length), dtype=bool)
    for row in range(n):
        names = rng.choice(vocab.names, size=count, replace=False)
        words = rng.choice(vocab.words, size=count)
        order = rng.permutation(count)
        ids[row] = np.concatenate(
            [np.stack([names, words], 1).ravel(), np.stack([names[order], words[order]], 1).ravel()]
        )
    mask[:, 2 * count + 1 :: 2] = True
    return ids, mask

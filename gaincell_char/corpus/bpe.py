"""The embedded model's tokenizer: a byte-level BPE of 4096, trained on the training half of the code corpus."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from gaincell_char.corpus.code import END_OF_TEXT, Source

VOCABULARY_SIZE = 4096


def train_tokenizer(sources: Sequence[Source], vocabulary_size: int = VOCABULARY_SIZE) -> Tokenizer:
    """GPT-2's tokenizer (byte-level, no prefix space) with a vocabulary learned from `sources`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([source.text for source in sources], trainer=trainer)
    return tokenizer

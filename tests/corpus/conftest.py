"""A small tokenizer with enough whole words for recall programs."""

import pytest
from tokenizers import Tokenizer

from gaincell_char.corpus.bpe import train_tokenizer
from gaincell_char.corpus.code import training_sources


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return train_tokenizer(training_sources()[:120], vocabulary_size=2048)

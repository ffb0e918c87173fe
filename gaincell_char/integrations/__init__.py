"""Where machine-learning engineers already work: torch, transformers, lm-eval. Each is an extra, imported when used."""

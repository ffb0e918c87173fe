"""`--model gaincell` of EleutherAI's evaluation harness: our GPT-2, software or analog (extra `eval`).

lm_eval --model gaincell --model_args model=leroux2025 --tasks lambada_openai          # harness with entry points
python -m gaincell_char.integrations.lm_eval --model gaincell --model_args ... --tasks ...      # any harness
"""

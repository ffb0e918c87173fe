"""What the embedded GPT-2 is trained and judged on: Python's own library, and recall programs drawn from a seed."""

"""Training of the embedded GPT-2 and of hardware attention in general; needs the extra `train` (torch).

`runs` says what is trained, `curriculum` on which batches, `train` is the loop; `__main__` the command line.
"""

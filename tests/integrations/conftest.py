"""One thread: the arrays of these tests are small, and on a busy machine threads wait for each other."""

import importlib.util

if importlib.util.find_spec("torch"):
    import torch

    torch.set_num_threads(1)

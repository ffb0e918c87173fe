"""Training needs torch, an extra: without it these tests are skipped."""

import pytest

pytest.importorskip("torch")

# SPDX-License-Identifier: Apache-2.0
"""Cells need torch, which only the trainer has."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

READY = find_spec('torch') and find_spec('onnx')
collect_ignore_glob = [] if READY else ['test_*.py']


@pytest.fixture(scope='session', autouse=True)
def _one_thread() -> Iterator[None]:
    """Compute on one thread: more only wait for each other on layers this small."""
    if not READY:
        yield
        return
    import torch  # noqa: PLC0415

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)

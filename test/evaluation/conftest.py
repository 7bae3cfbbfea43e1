# SPDX-License-Identifier: Apache-2.0
"""Trajectories of known systems, see shared/known_systems.py."""

from known_systems import (
    explanation,
    forward_model,
    inverse_model,
    make_replay,
    make_segment,
    oscillators,
)

__all__ = [
    'explanation',
    'forward_model',
    'inverse_model',
    'make_replay',
    'make_segment',
    'oscillators',
]

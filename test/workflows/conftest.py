# SPDX-License-Identifier: Apache-2.0
"""Trajectories of known systems, see shared/known_systems.py."""

from known_systems import make_segment

__all__ = ['make_segment']

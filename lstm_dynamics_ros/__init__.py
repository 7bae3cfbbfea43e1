# SPDX-License-Identifier: Apache-2.0
"""Learned joint dynamics: train offline, predict and correct online."""

__version__ = '0.1.0'

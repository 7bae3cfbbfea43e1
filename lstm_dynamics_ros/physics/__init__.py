# SPDX-License-Identifier: Apache-2.0
"""Rigid-body knowledge about a robot, for residual models."""

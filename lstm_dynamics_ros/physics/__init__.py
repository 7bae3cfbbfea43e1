# SPDX-License-Identifier: Apache-2.0
"""Rigid-body models of a robot from its URDF, with payload and friction."""

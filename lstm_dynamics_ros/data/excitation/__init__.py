# SPDX-License-Identifier: Apache-2.0
"""Trajectories that show a robot's dynamics, within its limits."""

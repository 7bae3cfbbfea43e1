# SPDX-License-Identifier: Apache-2.0
"""Benchmarks and experiments of lstm_dynamics_ros. Running a robot needs none of it."""

# SPDX-License-Identifier: Apache-2.0
"""Signals that training and the robot compute alike: time grid, filters, references, features."""

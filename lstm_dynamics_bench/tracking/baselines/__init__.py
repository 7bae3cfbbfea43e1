# SPDX-License-Identifier: Apache-2.0
"""Baselines of the tracking benchmark: what a roboticist would otherwise use."""

# SPDX-License-Identifier: Apache-2.0
"""Baselines of the tracking benchmark: the usual alternatives to a learned correction."""

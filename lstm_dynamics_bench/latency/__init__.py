# SPDX-License-Identifier: Apache-2.0
"""Latency of one step and of one pipeline tick."""

# SPDX-License-Identifier: Apache-2.0
"""Fault injection: an armed node is killed in motion, many times."""

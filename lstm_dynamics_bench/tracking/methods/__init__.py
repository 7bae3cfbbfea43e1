# SPDX-License-Identifier: Apache-2.0
"""Corrections that take part in the tracking benchmark, and its two bounds."""

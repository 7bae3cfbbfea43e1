# SPDX-License-Identifier: Apache-2.0
"""Choosing a model for a robot by cross-validation over the motions of its recordings."""

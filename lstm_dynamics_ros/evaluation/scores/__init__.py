# SPDX-License-Identifier: Apache-2.0
"""Scores of models on recordings they have not seen."""

# SPDX-License-Identifier: Apache-2.0
"""Training, export and interpretation of dynamics models. ``settings`` need no torch."""

# SPDX-License-Identifier: Apache-2.0
"""Training, export, interpretation, identification of models. ``settings`` need no torch."""

# SPDX-License-Identifier: Apache-2.0
"""Identification of rigid-body parameters and friction from recorded motion."""

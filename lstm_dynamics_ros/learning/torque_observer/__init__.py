# SPDX-License-Identifier: Apache-2.0
"""The model family for long free runs: an extended Kalman filter with learned corrections."""

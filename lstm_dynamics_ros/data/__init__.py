# SPDX-License-Identifier: Apache-2.0
"""Recordings, and the segments and windows that training makes of them."""

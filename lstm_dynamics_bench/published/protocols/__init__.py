# SPDX-License-Identifier: Apache-2.0
"""Protocols of published data sets, one per file."""

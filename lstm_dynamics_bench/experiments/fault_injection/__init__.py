# SPDX-License-Identifier: Apache-2.0
"""A node killed in motion, again and again."""

# SPDX-License-Identifier: Apache-2.0
"""The nodes, and what they are made of."""

# SPDX-License-Identifier: Apache-2.0
"""The first switch-on of a correction, step by step."""

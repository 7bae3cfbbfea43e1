# SPDX-License-Identifier: Apache-2.0
"""Run-time side of a model file: load and check it, step it, keep its hidden state."""

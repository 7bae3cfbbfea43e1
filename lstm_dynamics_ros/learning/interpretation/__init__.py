# SPDX-License-Identifier: Apache-2.0
"""What a model file depends on, remembers and knows."""

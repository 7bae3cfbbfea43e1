# SPDX-License-Identifier: Apache-2.0
"""Training of dynamics models: data, losses, epochs, validation, checkpoints."""

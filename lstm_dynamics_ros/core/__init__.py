# SPDX-License-Identifier: Apache-2.0
"""What every part speaks: joint states, references, model cards, errors, settings, registries."""

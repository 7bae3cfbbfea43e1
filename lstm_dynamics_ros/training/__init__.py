# SPDX-License-Identifier: Apache-2.0
"""Training and export of dynamics models. Only ``settings`` is free of torch."""

# SPDX-License-Identifier: Apache-2.0
"""The demo: an embedded robot, predicted and corrected live."""

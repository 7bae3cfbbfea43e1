# SPDX-License-Identifier: Apache-2.0
"""From bags and tables to windows of training data, and what is wrong with them in words."""

# SPDX-License-Identifier: Apache-2.0
"""What the commands do, callable from Python."""

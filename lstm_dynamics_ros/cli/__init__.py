# SPDX-License-Identifier: Apache-2.0
"""The command line: argument parsing only, one command per file."""

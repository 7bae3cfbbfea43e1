# SPDX-License-Identifier: Apache-2.0
"""Published tables of numbers (csv, mat, npz) as recordings."""

# SPDX-License-Identifier: Apache-2.0
"""Dynamics models: features, delay line, linear part, recurrent cell, ensembles."""

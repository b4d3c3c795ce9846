"""Covariance-based structural equation models: what a model implies, and what a fit says."""

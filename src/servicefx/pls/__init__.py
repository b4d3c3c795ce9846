"""Composite-based path modelling: PLS weights, loadings, paths and their resamples."""

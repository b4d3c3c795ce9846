"""Ordered items: thresholds and latent correlations, fitted by diagonally weighted least squares."""

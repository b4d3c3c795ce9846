"""Estimators: discrepancy functions, their minimum, and the sampling covariance there."""

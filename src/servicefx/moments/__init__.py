"""Frames and printed matrices to sufficient statistics, and their resamples."""

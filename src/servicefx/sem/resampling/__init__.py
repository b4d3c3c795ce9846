"""Refits of a model to thousands of resamples, and the intervals that come of them."""

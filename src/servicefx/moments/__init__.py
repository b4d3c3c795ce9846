"""Frames and printed matrices to sufficient statistics, and their resamples."""

from servicefx.moments.moments import Moments

__all__ = ["Moments"]

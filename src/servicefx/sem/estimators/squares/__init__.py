"""Least squares on moments: unweighted, generalised, with full or diagonal weights."""

"""Robust errors and scaled tests of maximum likelihood: sandwiches, clusters, weights."""

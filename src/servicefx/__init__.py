"""servicefx: what service quality does, for whom, how surely, and what it is worth."""

__version__ = "0.1.0"

"""How good a model of composites is: criteria of one fit, and of batches of samples."""

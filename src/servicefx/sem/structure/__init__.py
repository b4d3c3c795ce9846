"""A model's structure: its parameters with every default written out, and the arrays computed from them."""

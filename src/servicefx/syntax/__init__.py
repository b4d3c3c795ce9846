"""The model language: lavaan's lines (and '<~' for composites) to a table of parameters."""

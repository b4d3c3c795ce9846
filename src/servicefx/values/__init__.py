"""What travels between rooms: estimates, effects, tables, and the one glossary of their columns."""

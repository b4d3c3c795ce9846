"""What may be asked: constructs, hypotheses, moderators, claims and money lines, as data."""

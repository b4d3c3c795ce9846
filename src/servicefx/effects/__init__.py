"""From estimates to answers: effects along paths, and verdicts on what was claimed."""

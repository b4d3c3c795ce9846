"""What a fitted model is read for: measures, standardised solution, residuals, indices, effects."""

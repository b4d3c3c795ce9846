"""Full-information maximum likelihood: rows with gaps, used for what they hold."""

"""Raw data to a validated, immutable Study: the study file, the files it names, their faults, scores."""

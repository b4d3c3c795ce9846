"""Third-party estimators behind one shape: the only room that imports statsmodels, linearmodels or semopy."""

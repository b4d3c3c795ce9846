"""Third-party estimators behind one shape: the only room that imports statsmodels, linearmodels or semopy."""

from servicefx.engines.second_opinion import second_opinion as second_opinion

__all__ = ["second_opinion"]

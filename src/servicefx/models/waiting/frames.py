"""The tables of a threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.models.waiting.inference import Inversion, SupremumTest
from servicefx.models.waiting.kink import KinkFit
from servicefx.models.waiting.rows import WaitRows
from servicefx.values.effect import Effect
from servicefx.values.estimates import critical_value, two_sided_p_value

__all__ = ["bend_frame", "curve_frame", "interval_frame", "profile_frame", "slope_frame"]

Floats = NDArray[np.float64]
_CURVE_POINTS = 101
PERCENTILE = "percentiles of the resamples"
SYMMETRIC = "symmetric percentiles of the resamples"
INVERSION = "thresholds the F test does not reject (bootstrap critical value)"
NORMAL = "normal approximation"


def slope_frame(
    before: Effect, beyond: Effect, errors: tuple[float, float, float], level: float
) -> pd.DataFrame:
    """Slopes on both sides and their difference."""
    change = beyond - before
    effects = (before, beyond, change)
    estimates = np.array([effect.estimate for effect in effects])
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(np.array(errors) > 0, estimates / np.array(errors), np.nan)
    intervals = np.array([_symmetric(effect, level) for effect in effects])
    known = np.isfinite(statistic)
    return pd.DataFrame(
        {
            "term": ["slope before the threshold", "slope beyond the threshold", "change of slope"],
            "estimate": estimates,
            "std_error": errors,
            "statistic": statistic,
            "p_value": [*two_sided_p_value(statistic, np.inf)[:2], np.nan],
            "conf_low": intervals[:, 0],
            "conf_high": intervals[:, 1],
            "interval": SYMMETRIC,
            "undefined": [
                "" if known[0] else "no error to judge it by",
                "" if known[1] else "no error to judge it by",
                "no normal p-value, as without a bend there is no threshold: see the sup-F test",
            ],
        }
    )


def _symmetric(effect: Effect, level: float) -> tuple[float, float]:
    """Estimate plus and minus the quantile of the draws' distance from it (Hansen 2017)."""
    distance = np.abs(effect.draws - effect.estimate)
    half = float(np.nanquantile(distance, level)) if np.isfinite(distance).any() else float("nan")
    return effect.estimate - half, effect.estimate + half


def interval_frame(
    threshold: Effect, fit: KinkFit, inversion: Inversion, error: float, level: float
) -> pd.DataFrame:
    """The threshold with three intervals, the one to report first."""
    estimate = threshold.estimate
    half = critical_value(level) * error
    low, high = (value * fit.x_scale + fit.x_centre for value in (inversion.low, inversion.high))
    ends = np.array([(low, high), threshold.interval(level), (estimate - half, estimate + half)])
    return pd.DataFrame(
        {
            "term": "threshold",
            "interval": [INVERSION, PERCENTILE, NORMAL],
            "estimate": estimate,
            "conf_low": ends[:, 0],
            "conf_high": ends[:, 1],
            "undefined": ["" if np.isfinite(row).all() else "too few resamples" for row in ends],
        }
    )


def bend_frame(bend: SupremumTest, level: float) -> pd.DataFrame:
    """The sup-F test in one row."""
    return pd.DataFrame(
        {
            "model": ["a bend at an unknown threshold"],
            "against": ["a straight line"],
            "sup_f": [bend.statistic],
            "critical": [float(np.quantile(bend.draws, level))],
            "p_value": [bend.p_value],
            "n_draws": [len(bend.draws)],
        }
    )


def profile_frame(fit: KinkFit, inversion: Inversion) -> pd.DataFrame:
    """Loss of fit with the threshold put elsewhere."""
    return pd.DataFrame(
        {
            "wait": inversion.at * fit.x_scale + fit.x_centre,
            "sup_f": inversion.profile,
            "critical": inversion.critical,
        }
    )


def curve_frame(fit: KinkFit, drawn: tuple[Floats, Floats], rows: WaitRows, level: float) -> pd.DataFrame:
    """The fitted line with pointwise percentile bands."""
    at = np.unique(np.r_[np.linspace(rows.x[0], rows.x[-1], _CURVE_POINTS), fit.threshold])
    line = fit.lines(at, np.array([fit.scaled_threshold]), fit.coefficients[None])[0]
    thresholds, coefficients = drawn
    kept = np.isfinite(thresholds)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(fit.lines(at, thresholds[kept], coefficients[kept]), tails, axis=0)
    return pd.DataFrame({"wait": at, "estimate": line, "conf_low": low, "conf_high": high})

"""How strong an unmeasured cause would have to be to explain a path away, by the standard of what is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.effects.e_values import EValue, e_value
from servicefx.effects.robustness import (
    Robustness,
    adjusted_estimates,
    confounder_bounds,
    robustness_value,
)
from servicefx.engines.discrete import fit_logit
from servicefx.engines.linear import fit_ols
from servicefx.errors import ConvergenceError, DataError, IdentificationError, StudyError
from servicefx.models.loyalty import is_binary
from servicefx.models.sample import Sample, sample_of
from servicefx.study.study import Study
from servicefx.values.estimates import Estimates, critical_value

__all__ = ["PathStrength", "path_strength", "strength_grid"]

RARE = 0.15
"""Share of a 0/1 outcome below which its odds ratio stands for a risk ratio (VanderWeele & Ding 2017)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PathStrength:
    """Robustness of one slope.

    Attributes
    ----------
    source, outcome : str
    given : tuple of str
        Nodes held.
    robustness : Robustness or None
        Of the least-squares slope; None where there is none.
    bounds : DataFrame
        Causes once, twice and three times as strong as the strongest node held: ``benchmark, multiple,
        r2_term, r2_outcome, estimate, conf_low, conf_high, undefined``; empty where nothing is held.
    e_value : EValue or None
        Of the odds ratio of a 0/1 outcome, or the standardised difference of another, per standard
        deviation of the term.
    undefined : str
        Why a part is missing.
    """

    source: str
    outcome: str
    given: tuple[str, ...]
    robustness: Robustness | None = None
    bounds: pd.DataFrame
    e_value: EValue | None = None
    undefined: str = ""

    @property
    def strength(self) -> float:
        """The robustness value, NaN where there is none."""
        return np.nan if self.robustness is None else self.robustness.robustness_value


def path_strength(
    study: Study,
    data: str,
    source: str,
    outcome: str,
    given: Sequence[str],
    slope: tuple[float, float, float],
) -> PathStrength:
    """Robustness value, bounds by the strongest node held, and E-value of one slope.

    Parameters
    ----------
    study : Study
    data : str
        Data file.
    source, outcome : str
        Term and outcome.
    given : sequence of str
        Constructs or columns held.
    slope : tuple of (float, float, float)
        The slope and its interval, errors clustered where the study declares clusters.

    Returns
    -------
    PathStrength

    Notes
    -----
    Shares of variance are those of ordinary least squares on scores: survey weights and clusters are not used
    for them, so that the robustness value of the interval is too high where rows of a cluster are alike. The
    E-value's interval is clustered. The strongest node held is the one that, as strong again, would move the
    estimate furthest towards zero.
    """
    empty = pd.DataFrame(columns=["benchmark", "multiple"])
    try:
        sample = sample_of(study, data, [outcome, source, *given])
        frame = sample.frame
        held = [str(name) for name in frame.columns if name not in (outcome, source)]
        if held:
            robustness, bounds = confounder_bounds(frame, outcome, source, held, held, level=study.level)
            bounds = _strongest(bounds, robustness.estimate)
        else:
            fit = fit_ols(frame, outcome, [source], covariance="classical")
            robustness, bounds = _alone(fit, source, study.level), empty
    except (DataError, IdentificationError, StudyError) as refusal:
        return PathStrength(
            source=source,
            outcome=outcome,
            given=tuple(given),
            bounds=empty,
            undefined=refusal.problems[0].found,
        )
    found, why = None, ""
    try:
        found = _e_value(study, sample, source, outcome, held, slope)
    except (DataError, IdentificationError, ConvergenceError) as refusal:
        why = refusal.problems[0].found
    return PathStrength(
        source=source,
        outcome=outcome,
        given=tuple(given),
        robustness=robustness,
        bounds=bounds,
        e_value=found,
        undefined=why,
    )


def _alone(fit: Estimates, source: str, level: float) -> Robustness:
    error = float(fit.std_errors[fit.terms.index(source)])
    return robustness_value(fit.coefficient(source), error, fit.df, level=level)


def _strongest(bounds: pd.DataFrame, estimate: float) -> pd.DataFrame:
    """Rows of the benchmark that moves the estimate furthest towards zero."""
    once = bounds[(bounds["multiple"] == 1) & (bounds["undefined"] == "")]
    if once.empty:
        return bounds.head(0)
    moved = once["estimate"].astype(float) * np.sign(estimate)
    name = once.loc[moved.idxmin(), "benchmark"]
    columns = [
        "benchmark",
        "multiple",
        "r2_term",
        "r2_outcome",
        "estimate",
        "conf_low",
        "conf_high",
        "undefined",
    ]
    chosen: pd.DataFrame = bounds.loc[bounds["benchmark"] == name, columns].reset_index(drop=True)
    return chosen


def _e_value(
    study: Study,
    sample: Sample,
    source: str,
    outcome: str,
    held: Sequence[str],
    slope: tuple[float, float, float],
) -> EValue:
    """Per standard deviation of the term."""
    frame = sample.frame
    spread = float(frame[source].std())
    if is_binary(study, outcome, sample.data):
        fit = fit_logit(frame, outcome, [source, *held], clusters=sample.clusters)
        place = fit.terms.index(source)
        half = critical_value(study.level, fit.df) * float(fit.std_errors[place])
        log_odds = float(fit.coefficients[place])
        ratio, low, high = np.exp(spread * np.array([log_odds, log_odds - half, log_odds + half])).tolist()
        return e_value(ratio, low, high, measure="odds_ratio", rare=bool(frame[outcome].mean() < RARE))
    scale = spread / float(frame[outcome].std())
    difference, low, high = (scale * value for value in slope)
    return e_value(difference, low, high, measure="standardised_difference")


def strength_grid(strength: PathStrength, *, points: int = 21) -> pd.DataFrame:
    """What the slope would be beside causes of every strength, for a contour figure.

    Parameters
    ----------
    strength : PathStrength
        With a robustness value.
    points : int
        Along each axis.

    Returns
    -------
    DataFrame, points² rows
        ``r2_term, r2_outcome, estimate``; both axes reach beyond the robustness value and the bounds, denser
        near zero, where the estimate bends most.
    """
    robustness = strength.robustness
    if robustness is None:
        return pd.DataFrame(columns=["r2_term", "r2_outcome", "estimate"])
    reach = [1.6 * robustness.robustness_value, 0.1]
    if len(strength.bounds):
        reach += (1.15 * strength.bounds[["r2_term", "r2_outcome"]].max()).tolist()
    largest = float(min(0.9, np.nanmax(reach)))
    ends = largest * np.linspace(0, 1, points) ** 2
    term, outcome = np.meshgrid(ends, ends)
    grid = adjusted_estimates(
        robustness.estimate, robustness.std_error, robustness.df, term.ravel(), outcome.ravel()
    )
    return grid[["r2_term", "r2_outcome", "estimate"]]

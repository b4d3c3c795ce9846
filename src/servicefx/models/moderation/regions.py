"""Johnson-Neyman: where along a moderator a slope differs from zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from servicefx.engines.linear import Covariance
from servicefx.errors import DataError, Problem, StudyError
from servicefx.models.moderation.interaction import fit_interaction
from servicefx.values.estimates import Estimates, critical_value, two_sided_p_value

__all__ = ["FALSE_DISCOVERY_POINTS", "JohnsonNeyman", "benjamini_hochberg", "johnson_neyman"]

Floats = NDArray[np.float64]
FALSE_DISCOVERY_POINTS = 1000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class JohnsonNeyman:
    """Regions of a moderator in which the slope of a term differs from zero.

    Attributes
    ----------
    term, moderator : str
    estimates : Estimates
        The regression behind it.
    roots : tuple of float
        Moderator values at which the slope's interval just touches zero, rising, in its own units; none,
        one or two, also outside the observed range.
    observed : tuple of float
        Lowest and highest value observed.
    critical : float
        t beyond which a slope counts; larger than usual under control of the false discovery rate.
    regions : DataFrame
        Parts of the observed range: ``low, high, sign ("positive", "negative", "undecided"), share`` of rows.
    slopes : DataFrame
        ``at, estimate, std_error, statistic, p_value, p_adjusted, conf_low, conf_high``; the interval uses
        ``critical``, ``p_adjusted`` is Benjamini and Hochberg's over these rows.
    reading : str
        The regions in a sentence.
    """

    term: str
    moderator: str
    estimates: Estimates
    roots: tuple[float, ...]
    observed: tuple[float, float]
    critical: float
    regions: pd.DataFrame
    slopes: pd.DataFrame
    reading: str


def benjamini_hochberg(p_values: Floats) -> Floats:
    """P-values corrected to control the false discovery rate, shape (m,)."""
    m = len(p_values)
    order = np.argsort(p_values)[::-1]
    stepped = np.minimum.accumulate(p_values[order] * m / np.arange(m, 0, -1))
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def johnson_neyman(
    data: pd.DataFrame,
    outcome: str,
    term: str,
    moderator: str,
    covariates: Sequence[str] = (),
    *,
    false_discovery: bool = True,
    level: float = 0.95,
    points: int = FALSE_DISCOVERY_POINTS,
    centre: bool = True,
    covariance: Covariance = "hc3",
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> JohnsonNeyman:
    """Over which values of a moderator the slope of a term differs from zero.

    Parameters
    ----------
    data, outcome, term, moderator, covariates, centre, covariance, clusters, weights
        As `fit_interaction`.
    false_discovery : bool
        Control the false discovery rate over the moderator's range (the classical regions, False, are
        a series of tests without correction).
    level : float
        Of intervals and regions.
    points : int
        Evenly spaced values of the moderator, from lowest to highest observed, at which slopes are drawn
        and tested; the correction depends on them.

    Returns
    -------
    JohnsonNeyman

    Raises
    ------
    DataError
        As `fit_interaction`; also if the moderator has two values only.
    IdentificationError
        As `fit_interaction`.

    Notes
    -----
    The slope at w is ``b1 + b3 w`` with variance ``v11 + 2 w v13 + w² v33``; its regions end at the roots of
    ``(b1 + b3 w)² = t² (v11 + 2 w v13 + w² v33)`` that lie in the observed range. Under control of the false
    discovery rate, t belongs to the largest p-value not above
    ``(1 - level) k / points`` (Benjamini and Hochberg).

    References
    ----------
    Bauer & Curran (2005), Multivariate Behavioral Research 40, 373-400; Esarey & Sumner (2018),
    Comparative Political Studies 51, 1144-1176.
    """
    fit = fit_interaction(
        data, outcome, term, moderator, covariates,
        centre=centre, covariance=covariance, clusters=clusters, weights=weights,
    )  # fmt: skip
    values = fit.observed[moderator]
    if len(values) < 3:
        found = f"'{moderator}' has {len(values)} values, which leaves nothing between them"
        remedy = "Compare the simple slopes instead."
        raise DataError(Problem(f"Johnson-Neyman regions of '{term}' over '{moderator}'", found, remedy))
    middle = float(values @ fit.shares[moderator])  # far from 0 a slope there would lose its digits
    unit = fit.spread[moderator]
    ends = np.array([fit.gradient([middle]), fit.gradient([middle + unit])])
    combine = np.array([ends[0], (ends[1] - ends[0]) / unit])
    return _significance(
        term=term,
        moderator=moderator,
        estimates=fit.estimates,
        line=combine @ fit.estimates.coefficients,
        covariance=combine @ fit.estimates.covariance @ combine.T,
        values=values,
        centre=middle,
        shares=fit.shares[moderator],
        level=level,
        false_discovery=false_discovery,
        points=points,
    )


def _significance(
    *,
    term: str,
    moderator: str,
    estimates: Estimates,
    line: Floats,
    covariance: Floats,
    values: Floats,
    centre: float,
    shares: Floats,
    level: float,
    false_discovery: bool,
    points: int,
) -> JohnsonNeyman:
    """Regions of a slope ``line[0] + line[1] (w - centre)`` with covariance of shape (2, 2).

    Parameters
    ----------
    term, moderator : str
    estimates : Estimates
        For degrees of freedom.
    line, covariance : ndarray, shapes (2,) and (2, 2)
    values, shares : ndarray, shape (v,)
        Observed values of the moderator, rising, and the share of rows at each.
    level, false_discovery, points
        As `johnson_neyman`.
    """
    if points < 2:
        found = f"{points} along '{moderator}', at least 2 expected"
        raise StudyError(Problem("points", found, "Leave it at 1000."))
    df = estimates.df
    low, high = float(values[0]), float(values[-1])
    at = np.linspace(low, high, points)
    slope, error = _along(line, covariance, at - centre)
    statistic = slope / error
    p_value = two_sided_p_value(statistic, df)
    adjusted = benjamini_hochberg(p_value)
    critical, passed = critical_value(level, df), points
    if false_discovery:
        passed = int((adjusted <= 1 - level).sum())
        tail = (1 - level) * max(passed, 1) / points / 2
        critical = float(-ndtri(tail) if np.isinf(df) else -stdtrit(df, tail))
    # where no point passes, a sliver between two of them does not either
    roots = [root + centre for root in _roots(line, covariance, critical)] if passed else []
    inner = [root for root in roots if low < root < high]
    edges = [low, *inner, high]
    rows = []
    for start, end in pairwise(edges):
        middle = (start + end) / 2
        value, spread = (float(found) for found in _along(line, covariance, np.array(middle - centre)))
        decided = passed > 0 and abs(value) > critical * spread
        sign = ("positive" if value > 0 else "negative") if decided else "undecided"
        inside = (values >= start) & ((values < end) | (end == high))
        rows.append((start, end, sign, float(shares[inside].sum())))
    regions = pd.DataFrame(rows, columns=["low", "high", "sign", "share"])
    half = critical * error
    slopes = pd.DataFrame(
        {
            "at": at,
            "estimate": slope,
            "std_error": error,
            "statistic": statistic,
            "p_value": p_value,
            "p_adjusted": adjusted,
            "conf_low": slope - half,
            "conf_high": slope + half,
        }
    )
    return JohnsonNeyman(
        term=term,
        moderator=moderator,
        estimates=estimates,
        roots=tuple(roots),
        observed=(low, high),
        critical=critical,
        regions=regions,
        slopes=slopes,
        reading=_reading(term, moderator, regions),
    )


def _along(line: Floats, covariance: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Slope and its standard error at places along the moderator."""
    variance = covariance[0, 0] + at * (2 * covariance[0, 1] + at * covariance[1, 1])
    return line[0] + line[1] * at, np.sqrt(np.maximum(variance, 0.0))


def _roots(line: Floats, covariance: Floats, critical: float) -> list[float]:
    """Real roots of ``(b0 + b1 w)² = t² var(w)``, rising."""
    squared = critical**2
    a = line[1] ** 2 - squared * covariance[1, 1]
    half = line[0] * line[1] - squared * covariance[0, 1]
    c = line[0] ** 2 - squared * covariance[0, 0]
    inside = half**2 - a * c
    if inside < 0:
        return []
    # the form without cancellation: the larger of the two numerators serves both roots
    larger = -(half + np.copysign(np.sqrt(inside), half))
    found = [larger / a if a != 0 else np.inf, c / larger if larger != 0 else np.inf]
    return sorted(float(root) for root in found if np.isfinite(root))


def _reading(term: str, moderator: str, regions: pd.DataFrame) -> str:
    decided = regions[regions["sign"] != "undecided"]
    if decided.empty:
        return f"nowhere in the observed range of '{moderator}' does the slope of '{term}' differ from zero"
    parts = [
        f"{row.sign} from {row.low:.4g} to {row.high:.4g} ({row.share:.0%} of the rows)"
        for row in decided.itertuples()
    ]
    return f"over '{moderator}' the slope of '{term}' is " + ", and ".join(parts)

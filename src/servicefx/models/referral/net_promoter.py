"""Net promoter score: promoters less detractors, with the variance of a multinomial, by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from servicefx.measurement.answers import linearised_mean
from servicefx.models.referral.promoter_points import groups_of, promoter_points
from servicefx.values.estimates import critical_value

__all__ = ["net_promoter", "promoter_interval"]

Floats = NDArray[np.float64]
SCORE = "score interval"
_BESIDE = 1e-9
NOBODY, ONE = "nobody answered", "one answer"
ONE_CLUSTER = "one cluster only, so nothing says how clusters differ"


def promoter_interval(
    promoters: float, detractors: float, n_effective: float, level: float = 0.95
) -> tuple[float, float]:
    """Score interval of a share of promoters less a share of detractors.

    Unlike estimate plus and minus errors it stays within -1 and 1 and has a width where everybody answers
    alike.

    Parameters
    ----------
    promoters, detractors : float
        Shares in [0, 1], their sum at most 1.
    n_effective : float
        Persons, > 0; fewer under clustering or weighting.
    level : float
        Strictly between 0 and 1.

    Returns
    -------
    tuple of float
        Low and high, in [-1, 1]; NaN where nobody was asked.

    Notes
    -----
    All d with |p - q - d| <= z sqrt((2 q_d + d - d²) / n), where q_d is the share of detractors of highest
    likelihood if the difference is d: the larger root of 2 q² - (p + q - d (2 - p + q)) q - q0 d (1 - d) = 0
    with q0 the share seen. It is Tango's interval for a difference of paired shares, whose two discordant
    cells play promoters and detractors.

    References
    ----------
    Tango (1998), Stat. Med. 17, 891-908, eqs. 3-5; Rocks (2016), Am. Stat. 70, 365-372 (the score interval
    covers best of those tried for net promoter scores).

    Examples
    --------
    >>> [round(end, 3) for end in promoter_interval(0.5, 0.2, 100)]
    [0.14, 0.443]
    """
    if not (np.isfinite(promoters) and np.isfinite(detractors) and n_effective > 0):
        return float("nan"), float("nan")
    centre, z = promoters - detractors, critical_value(level)

    def beyond(d: float) -> float:
        b = promoters + detractors - d * (2.0 - promoters + detractors)
        held = (b + np.sqrt(max(b**2 + 8.0 * detractors * d * (1.0 - d), 0.0))) / 4.0
        variance = max(2.0 * held + d - d**2, 0.0) / n_effective
        return float((centre - d) ** 2 - z**2 * variance)

    # just beside the score itself, where its own variance may be 0
    below, above = max(centre - _BESIDE, -1.0), min(centre + _BESIDE, 1.0)
    low = -1.0 if beyond(-1.0) <= 0 or below <= -1.0 else float(brentq(beyond, -1.0, below, xtol=1e-12))
    high = 1.0 if beyond(1.0) <= 0 or above >= 1.0 else float(brentq(beyond, above, 1.0, xtol=1e-12))
    return low, high


def net_promoter(
    data: pd.DataFrame,
    recommend: str,
    by: Sequence[str] = (),
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Net promoter score in points, of everybody and of every group. Answers H5.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Answers and grouping columns; rows without an answer are not used.
    recommend : str
        Column of whole numbers from 0 to 10: how likely to recommend.
    by : sequence of str
        Grouping columns; rows without a group are in none.
    weights, clusters : Series of length n, optional
        Row by row beside ``data``.
    level : float
        Of intervals.

    Returns
    -------
    DataFrame
        ``segment, group, promoters, passives, detractors, estimate, std_error, conf_low, conf_high,
        interval, n_obs, undefined``: shares in [0, 1], the rest in points of -100 to 100. ``std_error`` is
        100 sqrt((p + d - (p - d)²) / (n - 1)), or its linearised form under weights or clusters;
        ``conf_low`` and ``conf_high`` are the score interval at the effective number of persons.

    Raises
    ------
    DataError
        If an answer is no whole number from 0 to 10, rows named; a column is absent; nobody answered.

    References
    ----------
    Reichheld (2003), Harvard Business Review 81(12), 46-54; Rocks (2016), Am. Stat. 70, 365-372.

    Examples
    --------
    >>> answers = pd.DataFrame({"nps": [10, 9, 8, 3], "shop": ["a", "a", "b", "b"]})
    >>> net_promoter(answers, "nps", ["shop"])["estimate"].tolist()
    [25.0, 100.0, -50.0]
    """
    points, w, codes = promoter_points(data, recommend, by, weights, clusters)
    rows = []
    for segment, group, who in groups_of(data, by):
        inside = who & np.isfinite(points)
        rows.append({"segment": segment, "group": group, **_score(points, w, codes, inside, level)})
    return pd.DataFrame(rows)


def _score(
    points: Floats, w: Floats, codes: NDArray[np.intp] | None, who: NDArray[np.bool_], level: float
) -> dict[str, float | str]:
    """Shares, score, error and interval of one group."""
    n, nan = int(who.sum()), float("nan")
    if not n:
        numbers = ("promoters", "passives", "detractors", "estimate", "std_error", "conf_low", "conf_high")
        return {**dict.fromkeys(numbers, nan), "interval": "", "n_obs": 0, "undefined": NOBODY}
    total = w[who].sum()
    up, down = (float(w[who] @ (points[who] == value) / total) for value in (100.0, -100.0))
    groups = None if codes is None else pd.factorize(codes[who])[0].astype(np.intp)
    mean, error, df = linearised_mean(points[who], w[who], groups)
    effective = float(n)
    if groups is not None or not (w[who] == w[who][0]).all():
        mass = w[who] if groups is None else np.bincount(groups, weights=w[who])
        spread = 1e4 * (up + down - (up - down) ** 2)
        kish = float(mass.sum() ** 2 / (mass**2).sum())
        if df > 0:
            ratio = critical_value(level) / critical_value(level, df)
            effective = min((spread / error**2 if error > 0 else kish) * ratio**2, effective)
        else:
            effective = 0.0
    low, high = promoter_interval(up, down, effective, level)
    return {
        "promoters": up, "passives": max(1.0 - up - down, 0.0), "detractors": down, "estimate": mean,
        "std_error": error, "conf_low": 100 * low, "conf_high": 100 * high,
        "interval": SCORE if np.isfinite(low) else "", "n_obs": n,
        "undefined": "" if np.isfinite(error) else ONE if n == 1 else ONE_CLUSTER,
    }  # fmt: skip

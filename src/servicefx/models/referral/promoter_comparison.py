"""Net promoter scores of groups held against each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc

from servicefx.errors import DataError, Problem
from servicefx.models.referral.promoter_points import groups_of, promoter_points
from servicefx.values.estimates import critical_value, two_sided_p_value

__all__ = ["compare_net_promoter"]

Floats = NDArray[np.float64]


def compare_net_promoter(
    data: pd.DataFrame,
    recommend: str,
    by: str,
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Differences of net promoter scores between groups, each pair and all at once.

    Parameters
    ----------
    data, recommend, weights, clusters, level
        As `net_promoter`.
    by : str
        Grouping column with at least two groups that have two answers each.

    Returns
    -------
    tuple of DataFrame
        Pairs: ``segment, group_left, group_right, estimate, std_error, statistic, df, p_value, p_adjusted,
        conf_low, conf_high, n_obs`` in points, left less right; ``p_adjusted`` after Holm, intervals not.
        All: one row ``segment, statistic, df, p_value, n_obs``, the F test that all scores are alike (Wald
        statistic over its degrees of freedom; denominator: clusters less one, or infinite).

    Raises
    ------
    DataError
        As `net_promoter`; or if fewer than two groups can be compared.
    """
    points, w, codes = promoter_points(data, recommend, (by,), weights, clusters)
    found = [(group, who & np.isfinite(points)) for _, group, who in groups_of(data, (by,))[1:]]
    kept = [(group, who) for group, who in found if who.sum() >= 2]
    if len(kept) < 2:
        text = f"{len(kept)} groups of '{by}' have two answers or more, at least 2 expected"
        raise DataError(
            Problem(f"net promoter score of '{recommend}'", text, "Merge groups, or name another.")
        )
    means = np.array([float(w[who] @ points[who] / w[who].sum()) for _, who in kept])
    scores = np.zeros((len(points), len(kept)))
    for at, (_, who) in enumerate(kept):
        n = int(who.sum())
        factor = np.sqrt(n / (n - 1)) if codes is None else 1.0
        scores[who, at] = factor * w[who] * (points[who] - means[at]) / w[who].sum()
    used = scores.any(axis=1) | np.logical_or.reduce([who for _, who in kept])
    df = float("inf")
    if codes is not None:
        labels = pd.factorize(codes[used])[0]
        scores = np.column_stack([np.bincount(labels, weights=column) for column in scores[used].T])
        df = len(scores) - 1.0
        scores = scores * np.sqrt(len(scores) / df) if df else scores * np.nan
    covariance = scores.T @ scores
    pairs = _pairs([group for group, _ in kept], means, covariance, df, level)
    sizes = {group: int(who.sum()) for group, who in kept}
    pairs["n_obs"] = [
        sizes[a] + sizes[b] for a, b in zip(pairs["group_left"], pairs["group_right"], strict=True)
    ]
    contrast = np.hstack([-np.ones((len(kept) - 1, 1)), np.eye(len(kept) - 1)])
    gap = contrast @ means
    spread = contrast @ covariance @ contrast.T
    statistic = float("nan")
    if np.isfinite(spread).all() and np.linalg.matrix_rank(spread) == len(gap):
        statistic = float(gap @ np.linalg.solve(spread, gap)) / len(gap)
    p_value = chdtrc(len(gap), statistic * len(gap)) if np.isinf(df) else fdtrc(len(gap), df, statistic)
    overall = pd.DataFrame(
        [
            {
                "segment": by,
                "statistic": statistic,
                "df": df,
                "p_value": float(p_value),
                "n_obs": int(used.sum()),
            }
        ]
    )
    return pairs.assign(segment=by)[["segment", *pairs.columns]], overall


def _pairs(groups: Sequence[str], means: Floats, covariance: Floats, df: float, level: float) -> pd.DataFrame:
    rows = []
    for i in range(len(groups)):
        for j in range(i + 1, len(groups)):
            error = float(np.sqrt(covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]))
            gap = float(means[i] - means[j])
            half = critical_value(level, df) * error
            statistic = gap / error if error > 0 else float("nan")
            rows.append(
                {
                    "group_left": groups[i], "group_right": groups[j], "estimate": gap, "std_error": error,
                    "statistic": statistic, "df": df,
                    "p_value": float(two_sided_p_value(np.array([statistic]), df)[0]),
                    "conf_low": gap - half, "conf_high": gap + half,
                }
            )  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.insert(7, "p_adjusted", _holm(frame["p_value"].to_numpy(copy=True)))
    return frame


def _holm(p_values: Floats) -> Floats:
    """Holm's adjusted p-values."""
    order = np.argsort(p_values)
    stepped = np.minimum(p_values[order] * np.arange(len(p_values), 0, -1), 1.0)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.maximum.accumulate(stepped)
    return adjusted

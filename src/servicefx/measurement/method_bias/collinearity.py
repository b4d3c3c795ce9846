"""Full collinearity: how well each construct is known from all the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.measurement.dimensions.item_correlations import complete_items, item_correlations
from servicefx.measurement.rules import judge, rules_frame
from servicefx.moments.checks import complete_matrix
from servicefx.moments.moments import Moments
from servicefx.moments.resample import resampled_covariances
from servicefx.moments.resample_index import resample_counts

__all__ = ["FULL_COLLINEARITY_WEAKNESS", "FullCollinearity", "full_collinearity"]

Floats = NDArray[np.float64]
FULL_COLLINEARITY_WEAKNESS = (
    "A high value shows constructs that are hard to tell apart, for whatever reason; a low one does not show "
    "that there is no common method: it takes a strong one to pass the threshold.",
)
"""What the reader must know of this test, sentence by sentence."""
_SINGULAR = 1e-10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FullCollinearity:
    """Variance inflation factor of each construct given all others.

    Attributes
    ----------
    table : DataFrame
        ``construct, estimate, conf_low, conf_high, n_draws``: the factor, in [1, inf), and a percentile
        interval; NaN and 0 draws where no resamples were asked for.
    rules : DataFrame
        The same, judged.
    n_obs, dropped : int
        Complete rows, and rows left out for a gap.
    weakness : tuple of str
        What the reader must know of the test.
    """

    table: pd.DataFrame
    rules: pd.DataFrame
    n_obs: int
    dropped: int
    weakness: tuple[str, ...]


def full_collinearity(
    scores: pd.DataFrame | Moments,
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    draws: int = 0,
    seed: int = 0,
    analysis_id: str = "customers",
    level: float = 0.95,
) -> FullCollinearity:
    r"""Variance inflation of every construct regressed on all the others, outcomes included.

    Parameters
    ----------
    scores : DataFrame, shape (n, k), or Moments
        Scores of at least two constructs; or their correlations, e.g. `Moments.from_correlation`. Rows with a
        gap are not used, and counted.
    weights : Series, length n, optional
        Survey weights > 0.
    clusters : Series, length n, optional
        Groups that resamples are drawn in.
    draws : int
        Bootstrap resamples behind the intervals; 0 for none. They need rows.
    seed, analysis_id
        Of the shared resample index (`servicefx.moments.resample_index.resample_counts`).
    level : float
        Of the intervals, strictly between 0 and 1.

    Returns
    -------
    FullCollinearity
        :math:`1 / (1 - R_j^2)`, the diagonal of the inverse correlation matrix.

    Raises
    ------
    DataError
        If a score is constant, scores add up to one another, or resamples are asked of moments.

    References
    ----------
    Kock & Lynn (2012), J. Assoc. Inf. Syst. 13, 546-580; Kock (2015), Int. J. e-Collaboration 11(4), 1-10.

    Examples
    --------
    >>> printed = Moments.from_correlation([[1, 0.8], [0.8, 1]], [1, 1], 100, names=["q", "s"])
    >>> full_collinearity(printed).table["estimate"].round(3).tolist()
    [2.778, 2.778]
    """
    found = item_correlations(scores, weights=weights, at_least=2)
    estimate: Floats = np.diag(np.linalg.inv(found.correlation))
    low = high = np.full(len(estimate), np.nan)
    used = 0
    if draws:
        if isinstance(scores, Moments):
            text = "resamples need the rows, and only moments are given"
            raise DataError(Problem("draws", text, "Give the scores, or draws=0."))
        complete = complete_items(scores)
        kept = None if clusters is None else clusters.loc[complete.index]
        counts = resample_counts(len(complete), draws, seed, analysis_id, kept)
        w = None if weights is None else weights.loc[complete.index].to_numpy(dtype=float, copy=True)
        resampled = _inflation(resampled_covariances(complete_matrix(complete), counts, w))
        used = len(resampled)
        if used:
            low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2], axis=0)
    judged = [
        judge("full_collinearity_vif", *row)
        for row in zip(found.names, estimate.tolist(), low.tolist(), high.tolist(), strict=True)
    ]
    return FullCollinearity(
        table=pd.DataFrame(
            {
                "construct": list(found.names),
                "estimate": estimate,
                "conf_low": low,
                "conf_high": high,
                "n_draws": used,
            }
        ),
        rules=rules_frame(judged),
        n_obs=found.n_obs,
        dropped=found.dropped,
        weakness=FULL_COLLINEARITY_WEAKNESS,
    )


def _inflation(covariances: Floats) -> Floats:
    """Inflation factors of the resamples whose scores do not add up to one another, shape (b, k)."""
    sd = np.sqrt(np.einsum("bii->bi", covariances))
    varied = (sd > 0).all(axis=1)
    R = covariances[varied] / (sd[varied][:, :, None] * sd[varied][:, None, :])
    R = R[np.linalg.eigvalsh(R)[:, 0] > _SINGULAR]
    return np.asarray(np.einsum("bii->bi", np.linalg.inv(R)), dtype=np.float64)

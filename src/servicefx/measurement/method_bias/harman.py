"""Harman's single factor: how much of the items one factor takes, and how little that shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.errors import DataError, Problem, ServicefxError
from servicefx.measurement.dimensions.exploratory import exploratory_factors
from servicefx.measurement.dimensions.item_correlations import (
    CorrelationKind,
    complete_items,
    item_correlations,
)
from servicefx.measurement.rules import judge, rules_frame
from servicefx.moments.checks import complete_matrix
from servicefx.moments.moments import Moments
from servicefx.moments.resample import resampled_covariances
from servicefx.moments.resample_index import resample_counts

__all__ = ["HARMAN_WEAKNESS", "SingleFactor", "harman_single_factor"]

HARMAN_WEAKNESS = (
    "A single factor below half of the variance cannot show that there is no method bias: the test hardly "
    "sees moderate bias, and the more items there are the less it sees (Podsakoff, MacKenzie, Lee & "
    "Podsakoff 2003, p. 889).",
    "A share above half does not show method bias either: constructs that belong together give the same "
    "picture (Podsakoff & Organ 1986).",
    "The test adjusts nothing; a marker variable or a method factor does.",
)
"""What the reader must know of this test, sentence by sentence."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SingleFactor:
    """What one factor takes of all items.

    Attributes
    ----------
    table : DataFrame
        ``measure`` (``first_component``, ``one_factor``), ``share`` of all items' variance in [0, 1],
        ``conf_low, conf_high, undefined``.
    rules : DataFrame
        Both shares, judged.
    n_components : int
        Components with an eigenvalue above 1; one alone would be Harman's sign of a single factor.
    measures : mapping of str to float
        Fit of the one-factor model by maximum likelihood (`ExploratoryFactors.measures`); empty without it.
    n_obs, dropped : int
        Complete rows, and rows left out for a gap.
    weakness : tuple of str
        What the reader must know of the test.
    flags : tuple of str
        Heywood items and doubtful correlations.
    """

    table: pd.DataFrame
    rules: pd.DataFrame
    n_components: int
    measures: Mapping[str, float]
    n_obs: int
    dropped: int
    weakness: tuple[str, ...]
    flags: tuple[str, ...]


def harman_single_factor(
    items: pd.DataFrame | Moments,
    *,
    correlation: CorrelationKind = "pearson",
    ordered: Sequence[str] | None = None,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    draws: int = 0,
    seed: int = 0,
    analysis_id: str = "customers",
    level: float = 0.95,
) -> SingleFactor:
    """Share of all items' variance that one unrotated factor takes.

    Parameters
    ----------
    items : DataFrame, shape (n, p), or Moments
        The items of all constructs, reversed ones turned. Rows with a gap are not used, and counted.
    correlation, ordered, weights
        As `item_correlations`.
    clusters : Series, length n, optional
        Groups that resamples are drawn in.
    draws : int
        Bootstrap resamples behind the interval of the component's share; 0 for none. They need rows and
        pearson.
    seed, analysis_id
        Of the shared resample index (`servicefx.moments.resample_index.resample_counts`).
    level : float
        Of the interval, strictly between 0 and 1.

    Returns
    -------
    SingleFactor
        With its `weakness`, which belongs beside the number.

    Raises
    ------
    DataError
        As `item_correlations`; or if resamples are asked of moments or of polychoric correlations.

    References
    ----------
    Podsakoff & Organ (1986), J. Management 12, 531-544; Podsakoff, MacKenzie, Lee & Podsakoff (2003), J.
    Appl. Psychol. 88, 879-903.

    Examples
    --------
    >>> printed = Moments.from_correlation(np.full((4, 4), 0.5) + 0.5 * np.eye(4), np.ones(4), 100,
    ...                                    names=list("abcd"))
    >>> harman_single_factor(printed).table["share"].round(3).tolist()
    [0.625, 0.5]
    """
    found = item_correlations(items, correlation=correlation, ordered=ordered, weights=weights)
    if draws and (isinstance(items, Moments) or correlation == "polychoric"):
        text = "resamples need the rows and product-moment correlations"
        raise DataError(Problem("draws", text, "Give the answers with correlation='pearson', or draws=0."))
    eigenvalues = np.linalg.eigvalsh(found.correlation)
    p = len(found.names)
    nan = float("nan")
    low = high = nan
    if draws and isinstance(items, pd.DataFrame):
        low, high = _interval(items, weights, clusters, draws, seed, analysis_id, level)
    measures: Mapping[str, float] = {}
    flags, why, share = found.flags, "", nan
    try:
        one = exploratory_factors(
            items, 1, rotation="none", correlation=correlation, ordered=ordered, weights=weights
        )
    except ServicefxError as refusal:
        why = refusal.problems[0].found
    else:
        share, measures, flags = float((one.pattern**2).sum() / p), one.measures, one.flags
    first = float(eigenvalues[-1] / p)
    return SingleFactor(
        table=pd.DataFrame(
            {
                "measure": ["first_component", "one_factor"],
                "share": [first, share],
                "conf_low": [low, nan],
                "conf_high": [high, nan],
                "undefined": ["", why],
            }
        ),
        rules=rules_frame(
            [
                judge("single_factor_share", "first component", first, low, high),
                judge("single_factor_share", "one factor", share),
            ]
        ),
        n_components=int((eigenvalues > 1).sum()),
        measures=measures,
        n_obs=found.n_obs,
        dropped=found.dropped,
        weakness=HARMAN_WEAKNESS,
        flags=flags,
    )


def _interval(
    items: pd.DataFrame,
    weights: pd.Series | None,
    clusters: pd.Series | None,
    draws: int,
    seed: int,
    analysis_id: str,
    level: float,
) -> tuple[float, float]:
    """Percentile interval of the first component's share."""
    complete = complete_items(items)
    kept = None if clusters is None else clusters.loc[complete.index]
    w = None if weights is None else weights.loc[complete.index].to_numpy(dtype=float, copy=True)
    counts = resample_counts(len(complete), draws, seed, analysis_id, kept)
    covariances = resampled_covariances(complete_matrix(complete), counts, w)
    sd = np.sqrt(np.einsum("bii->bi", covariances))
    varied = (sd > 0).all(axis=1)
    R = covariances[varied] / (sd[varied][:, :, None] * sd[varied][:, None, :])
    if not len(R):
        return float("nan"), float("nan")
    shares = np.linalg.eigvalsh(R)[:, -1] / R.shape[1]
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)

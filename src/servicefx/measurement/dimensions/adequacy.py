"""Whether items share enough to be factored: Kaiser-Meyer-Olkin and Bartlett's sphericity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from servicefx.measurement.dimensions.item_correlations import (
    CorrelationKind,
    check_positive_definite,
    item_correlations,
)
from servicefx.measurement.rules import judge, rules_frame
from servicefx.moments.moments import Moments

__all__ = ["SamplingAdequacy", "Sphericity", "bartlett_sphericity", "sampling_adequacy"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SamplingAdequacy:
    """Kaiser-Meyer-Olkin measure of sampling adequacy.

    Attributes
    ----------
    overall : float
        In [0, 1].
    table : DataFrame
        ``item, estimate``: each item's own measure, in [0, 1].
    rules : DataFrame
        The overall measure and every item's, judged.
    n_obs, dropped : int
        Complete rows, and rows left out for a gap.
    """

    overall: float
    table: pd.DataFrame
    rules: pd.DataFrame
    n_obs: int
    dropped: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sphericity:
    """Bartlett's test that no item correlates with any other.

    Attributes
    ----------
    chi2, df, p_value : float
        NaN where `undefined` says why.
    undefined : mapping of str to str
        Name -> why it is NaN.
    n_obs, dropped : int
        Complete rows, and rows left out for a gap.
    """

    chi2: float
    df: int
    p_value: float
    undefined: Mapping[str, str]
    n_obs: int
    dropped: int


def sampling_adequacy(
    items: pd.DataFrame | Moments,
    *,
    correlation: CorrelationKind = "pearson",
    ordered: Sequence[str] | None = None,
    weights: pd.Series | None = None,
) -> SamplingAdequacy:
    r"""Share of the items' squared correlations that is not between two items alone (KMO).

    Near 1 the correlations come from few common factors; near .5 each pair has its own.

    Parameters
    ----------
    items : DataFrame, shape (n, p), or Moments
        At least three items. Rows with a gap are not used, and counted.
    correlation, ordered, weights
        As `item_correlations`.

    Returns
    -------
    SamplingAdequacy

    Raises
    ------
    DataError
        As `item_correlations`; or if polychoric correlations are not positive definite.

    Notes
    -----
    :math:`\sum r_{ij}^2 / (\sum r_{ij}^2 + \sum q_{ij}^2)` over i ≠ j, with :math:`q_{ij}` the partial
    correlation given all other items.

    References
    ----------
    Kaiser & Rice (1974), Educ. Psychol. Meas. 34, 111-117; Kaiser (1974), Psychometrika 39, 31-36.

    Examples
    --------
    >>> printed = Moments.from_correlation(np.full((4, 4), 0.5) + 0.5 * np.eye(4), np.ones(4), 100,
    ...                                    names=list("abcd"))
    >>> round(sampling_adequacy(printed).overall, 4)
    0.8
    """
    found = item_correlations(items, correlation=correlation, ordered=ordered, weights=weights)
    check_positive_definite(found)
    inverse = np.linalg.inv(found.correlation)
    scale = np.sqrt(np.diag(inverse))
    partial = (inverse / np.outer(scale, scale)) ** 2
    simple = found.correlation**2
    np.fill_diagonal(partial, 0.0)
    np.fill_diagonal(simple, 0.0)
    overall = float(simple.sum() / (simple.sum() + partial.sum()))
    own = simple.sum(axis=0) / (simple.sum(axis=0) + partial.sum(axis=0))
    judged = [judge("sampling_adequacy", "all items", overall)]
    judged += [
        judge("sampling_adequacy", name, float(value)) for name, value in zip(found.names, own, strict=True)
    ]
    return SamplingAdequacy(
        overall=overall,
        table=pd.DataFrame({"item": list(found.names), "estimate": own}),
        rules=rules_frame(judged),
        n_obs=found.n_obs,
        dropped=found.dropped,
    )


def bartlett_sphericity(items: pd.DataFrame | Moments, *, weights: pd.Series | None = None) -> Sphericity:
    r"""Test that all correlations of the items are zero; with many rows it nearly always rejects.

    Parameters
    ----------
    items : DataFrame, shape (n, p), or Moments
        At least two items, normal for the test to hold. Rows with a gap are not used, and counted.
    weights : Series, length n, optional
        With survey weights the statistic has no known law: NaN, with its reason.

    Returns
    -------
    Sphericity
        :math:`\chi^2 = -(n - 1 - (2p + 5)/6) \log|R|` on p (p - 1) / 2 degrees of freedom.

    Raises
    ------
    DataError
        As `item_correlations`.

    References
    ----------
    Bartlett (1950), Br. J. Stat. Psychol. 3, 77-85.

    Examples
    --------
    >>> printed = Moments.from_correlation([[1, 0.3], [0.3, 1]], [1, 1], 101, names=["a", "b"])
    >>> test = bartlett_sphericity(printed)
    >>> round(test.chi2, 3), test.df
    (9.29, 1)
    """
    found = item_correlations(items, weights=weights, at_least=2)
    p = len(found.names)
    df = p * (p - 1) // 2
    if found.weighted:
        nan, why = float("nan"), "weighted answers: the statistic has no chi-square law"
        return Sphericity(
            chi2=nan, df=df, p_value=nan, undefined=dict.fromkeys(("chi2", "p_value"), why),
            n_obs=found.n_obs, dropped=found.dropped,
        )  # fmt: skip
    chi2 = float(-(found.n_obs - 1 - (2 * p + 5) / 6) * np.linalg.slogdet(found.correlation)[1])
    return Sphericity(
        chi2=chi2, df=df, p_value=float(chdtrc(df, chi2)), undefined={}, n_obs=found.n_obs,
        dropped=found.dropped,
    )  # fmt: skip

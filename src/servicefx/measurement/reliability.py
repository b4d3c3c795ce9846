"""How consistently the items of a construct measure one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtri

from servicefx.errors import ServicefxError
from servicefx.measurement.factor_model import fit_one_factor

__all__ = [
    "Reliability",
    "average_variance_extracted",
    "composite_reliability",
    "cronbach_alpha",
    "cronbach_alpha_interval",
    "reliability_of",
]


def cronbach_alpha(covariance: NDArray[np.float64]) -> float:
    """Share of the sum score's variance that the items have in common, if they are tau-equivalent.

    Parameters
    ----------
    covariance : ndarray, shape (p, p)
        Covariance of the items, reversed ones turned.

    Returns
    -------
    float
        At most 1; NaN for one item, or where the sum score does not vary.

    References
    ----------
    Cronbach (1951), Psychometrika 16, 297-334, eq. 2. doi:10.1007/BF02310555

    Examples
    --------
    >>> round(cronbach_alpha(np.array([[1.0, 0.5], [0.5, 1.0]])), 4)
    0.6667
    """
    S = np.asarray(covariance, dtype=np.float64)
    p, total = len(S), float(S.sum())
    if p < 2 or total <= 0:
        return float("nan")
    return float(p / (p - 1) * (1 - np.trace(S) / total))


def cronbach_alpha_interval(
    alpha: float, n_obs: int, n_items: int, level: float = 0.95
) -> tuple[float, float]:
    """Feldt's interval of alpha for normal, tau-equivalent items.

    Parameters
    ----------
    alpha : float
        The estimate.
    n_obs, n_items : int
        Persons and items, both >= 2.
    level : float
        Strictly between 0 and 1.

    Returns
    -------
    tuple of float
        Low and high; NaN where alpha is, or with fewer than two persons.

    References
    ----------
    Feldt, Woodruff & Salih (1987), Appl. Psychol. Meas. 11, 93-103, eq. 8. doi:10.1177/014662168701100107

    Examples
    --------
    >>> [round(end, 4) for end in cronbach_alpha_interval(0.8, 100, 5)]
    [0.7306, 0.8559]
    """
    if not np.isfinite(alpha) or n_obs < 2 or n_items < 2:
        return float("nan"), float("nan")
    df_1, df_2 = n_obs - 1, (n_obs - 1) * (n_items - 1)
    low = 1 - (1 - alpha) * float(fdtri(df_1, df_2, (1 + level) / 2))
    high = 1 - (1 - alpha) * float(fdtri(df_1, df_2, (1 - level) / 2))
    return low, high


def composite_reliability(loadings: NDArray[np.float64]) -> float:
    """Share of the sum score's variance due to the construct (rho_c), from standardised loadings.

    Parameters
    ----------
    loadings : ndarray, shape (p,)
        Standardised, of items with uncorrelated errors.

    Returns
    -------
    float
        In [0, 1]; NaN for one item.

    References
    ----------
    Fornell & Larcker (1981), J. Marketing Research 18, 39-50, eq. 10. doi:10.1177/002224378101800104

    Examples
    --------
    >>> round(composite_reliability(np.array([0.8, 0.7, 0.6])), 4)
    0.7449
    """
    loadings = np.asarray(loadings, dtype=np.float64)
    if len(loadings) < 2:
        return float("nan")
    common = float(loadings.sum()) ** 2
    return common / (common + float((1 - loadings**2).sum()))


def average_variance_extracted(loadings: NDArray[np.float64]) -> float:
    """Mean squared standardised loading: the construct's share of its items' variance.

    Parameters
    ----------
    loadings : ndarray, shape (p,)
        Standardised.

    Returns
    -------
    float
        In [0, 1]; NaN for one item.

    References
    ----------
    Fornell & Larcker (1981), eq. 11.

    Examples
    --------
    >>> round(average_variance_extracted(np.array([0.8, 0.7, 0.6])), 4)
    0.4967
    """
    loadings = np.asarray(loadings, dtype=np.float64)
    return float(np.mean(loadings**2)) if len(loadings) > 1 else float("nan")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reliability:
    """Reliability of one construct's score; every number that does not exist has its reason.

    Attributes
    ----------
    n_items, n_obs : int
        Items, and persons who answered all of them.
    alpha, alpha_low, alpha_high : float
        Cronbach's alpha with Feldt's interval.
    composite_reliability, average_variance_extracted : float
        From one-factor maximum-likelihood loadings.
    loadings : mapping of str to float
        Item -> standardised loading; empty where there are none.
    undefined : mapping of str to str
        Name -> why it is NaN.
    flags : tuple of str
        What the reader should know (Heywood item, negative loading, two items).
    """

    n_items: int
    n_obs: int
    alpha: float
    alpha_low: float
    alpha_high: float
    composite_reliability: float
    average_variance_extracted: float
    loadings: Mapping[str, float]
    undefined: Mapping[str, str]
    flags: tuple[str, ...]


def reliability_of(
    items: pd.DataFrame, name: str, *, weights: pd.Series | None = None, level: float = 0.95
) -> Reliability:
    """Reliability and convergent validity of one construct from its items.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers, reversed items turned. Persons with a gap are not used.
    name : str
        The construct, for messages.
    weights : Series, length n
        Survey weights > 0; the covariance is weighted, the interval uses the unweighted count.
    level : float
        Of alpha's interval.

    Returns
    -------
    Reliability
    """
    complete = items.dropna().astype(float)
    p, n = items.shape[1], len(complete)
    reason = "one item" if p < 2 else f"{n} complete answers" if n < 3 else ""
    if not reason and (complete.nunique() < 2).any():
        reason = "constant item: " + ", ".join(str(c) for c in complete.columns[complete.nunique() < 2])
    nan = float("nan")
    if reason:
        names = ("alpha", "composite_reliability", "average_variance_extracted")
        return Reliability(
            n_items=p, n_obs=n, alpha=nan, alpha_low=nan, alpha_high=nan, composite_reliability=nan,
            average_variance_extracted=nan, loadings={}, undefined=dict.fromkeys(names, reason), flags=(),
        )  # fmt: skip
    w = None if weights is None else weights.loc[complete.index].to_numpy(dtype=float, copy=True)
    covariance = np.cov(complete.to_numpy(copy=True), rowvar=False, aweights=w)
    sds = np.sqrt(np.diag(covariance))
    alpha = cronbach_alpha(covariance)
    low, high = cronbach_alpha_interval(alpha, n, p, level)
    loadings: dict[str, float] = {}
    undefined: dict[str, str] = {} if np.isfinite(alpha) else {"alpha": "the sum score does not vary"}
    flags: list[str] = []
    cr = ave = nan
    try:
        factor = fit_one_factor(covariance / np.outer(sds, sds), name)
    except ServicefxError as refusal:
        why = refusal.problems[0].found if n > p else f"{n} complete answers to {p} items"
        undefined |= {"composite_reliability": why, "average_variance_extracted": why}
    else:
        loadings = {
            str(item): float(value) for item, value in zip(items.columns, factor.loadings, strict=True)
        }
        heywood = [item for item, psi in zip(loadings, factor.uniquenesses, strict=True) if psi <= 0]
        flags = [f"'{item}' has a loading beyond 1 (Heywood case)" for item in heywood]
        flags += [
            f"'{item}' loads negatively: check for a reversed item" for item, v in loadings.items() if v < 0
        ]
        if p == 2:
            flags.append("two items: loadings held equal")
        if heywood:
            why = f"Heywood case: '{heywood[0]}'"
            undefined |= {"composite_reliability": why, "average_variance_extracted": why}
        else:
            cr, ave = composite_reliability(factor.loadings), average_variance_extracted(factor.loadings)
    return Reliability(
        n_items=p, n_obs=n, alpha=alpha, alpha_low=low, alpha_high=high, composite_reliability=cr,
        average_variance_extracted=ave, loadings=loadings, undefined=undefined, flags=tuple(flags),
    )  # fmt: skip

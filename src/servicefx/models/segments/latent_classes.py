"""Customers in latent classes, each with its own regression: one number of classes fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from servicefx.engines.design_matrix import CONSTANT
from servicefx.models.segments.class_covariance import ClassCovariance, class_covariance
from servicefx.models.segments.class_rows import ClassRows, class_rows, n_parameters
from servicefx.models.segments.climbing import climbed, polished
from servicefx.models.segments.mixture import ClassData, log_likelihoods, maximised, posteriors
from servicefx.models.segments.starts import class_starts

__all__ = ["LatentClasses", "class_posteriors", "fit_latent_classes", "fit_rows"]

Floats = NDArray[np.float64]
FLOOR = 0.1
"""Least standard deviation of a class, as a share of what one regression of all rows leaves."""

_CYCLES = 10
_FOLLOWED = 8
_FOLLOWED_CELLS = 240_000
"""Rows times classes times starts that are followed to the top, where that is more than eight starts."""
_SAME = 1e-3
"""Log likelihoods within this reach the same maximum."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LatentClasses:
    """One mixture of regressions at the best maximum found; holds no rows.

    Attributes
    ----------
    outcome : str
    drivers, membership : tuple of str
        Columns; membership may be empty.
    n_classes : int
        Classes are numbered by size, the largest 1.
    shared_slopes : bool
        Whether all classes have the same slopes, and differ in constant and spread alone.
    parameters : ndarray, shape (K, p + 1 + q)
        In standardised units, as `servicefx.models.segments.mixture.ClassData` says.
    terms : tuple of str, length p
        Drivers, then the constant.
    coefficients : ndarray, shape (K, p)
        In units of the outcome per unit of the driver, in the order of ``terms``.
    spreads : ndarray, shape (K,)
        Standard deviation of each class's errors, in units of the outcome.
    shares : ndarray, shape (K,)
        Sizes of the classes, summing to 1.
    covariance : ClassCovariance
        Of coefficients and shares.
    log_likelihood : float
        In the units of the data; a pseudo likelihood where there are weights.
    n_parameters, n_obs : int
    entropy : float
        Sum over rows of minus the posterior's entropy, natural logs, at least 0.
    n_starts, n_followed, n_reached : int
        Starts; those followed to the top of the likelihood; those of them that reached the best one.
    converged : bool
        Whether the best one is a maximum.
    on_floor : tuple of int
        Classes whose spread is on its floor.
    dropped : mapping of str to int
    weighted : bool
    """

    outcome: str
    drivers: tuple[str, ...]
    membership: tuple[str, ...]
    n_classes: int
    shared_slopes: bool
    parameters: Floats
    terms: tuple[str, ...]
    coefficients: Floats
    spreads: Floats
    shares: Floats
    covariance: ClassCovariance
    log_likelihood: float
    n_parameters: int
    n_obs: int
    entropy: float
    n_starts: int
    n_followed: int
    n_reached: int
    converged: bool
    on_floor: tuple[int, ...]
    floor: float
    dropped: dict[str, int]
    weighted: bool


def fit_latent_classes(
    data: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    classes: int,
    *,
    membership: Sequence[str] = (),
    shared_slopes: bool = False,
    starts: int = 20,
    seed: int = 0,
    floor: float = FLOOR,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> LatentClasses:
    """Mixture of linear regressions: customers of several kinds, nobody knows who is of which.

    Each class has its constant, slopes and normal errors with their own spread. A customer belongs to a class
    with a chance that the outcome and drivers tell. Answers H18 where the kinds are not known.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap in a column used are left out and counted.
    outcome : str
        Column explained, with five different values or more.
    drivers : sequence of str
        Columns that explain it.
    classes : int
        K, at least 1; at least five rows for every number estimated.
    membership : sequence of str
        Columns that may tell who belongs where (concomitant variables), by a multinomial logit.
    shared_slopes : bool
        All classes have the same slopes: what such a mixture explains is level and spread, or errors that are
        not normal, not needs.
    starts : int
        The best after thirty steps are followed to the top: eight at least, all where rows are few.
    seed : int
        Of the random starts.
    floor : float
        Least spread of a class as a share of the spread that one regression leaves. Without one the
        likelihood has no maximum: a class of a few rows on a line would send it to infinity.
    clusters : Series, length n, optional
        Errors allow for them; that customers of one cluster may tend to one class is not modelled.
    weights : Series, length n, optional
        Survey weights > 0: a pseudo likelihood, weights scaled to sum to the rows used.

    Returns
    -------
    LatentClasses

    Raises
    ------
    DataError, IdentificationError
        As `servicefx.models.segments.class_rows.class_rows`.

    Notes
    -----
    Starts are random slopes around those of all rows, and rows split by residuals. All are climbed by
    accelerated EM at once; the likelihood never falls. A class below 5 % of the rows, or on the floor, may
    be a handful of strange rows: look at it before naming it.

    References
    ----------
    DeSarbo & Cron (1988), J. Classification 5, 249-282. Wedel & Kamakura (2000), Market Segmentation, ch. 7.
    Hathaway (1985), Annals of Statistics 13, 795-800 (why spreads need a floor).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, kind = rng.normal(size=400), rng.random(400) < 0.4
    >>> frame = pd.DataFrame({"x": x, "y": np.where(kind, 3 - x, 2 * x) + 0.5 * rng.normal(size=400)})
    >>> fit = fit_latent_classes(frame, "y", ["x"], 2)
    >>> fit.coefficients[:, 0].round(1).tolist(), fit.shares.round(1).tolist()
    ([2.0, -1.0], [0.6, 0.4])
    """
    rows = class_rows(data, outcome, drivers, membership, classes, weights=weights, clusters=clusters)
    return fit_rows(rows, classes, shared_slopes, starts=starts, seed=seed, floor=floor)


def fit_rows(
    rows: ClassRows, classes: int, shared: bool, *, starts: int, seed: int, floor: float = FLOOR
) -> LatentClasses:
    """`fit_latent_classes` on rows that are checked already."""
    if not 0 < floor < 1:
        raise ValueError(f"floor must lie strictly between 0 and 1, not {floor!r}")
    if starts < 1:
        raise ValueError(f"starts must be at least 1, not {starts!r}")
    prepared = rows.data(shared=shared, floor=floor)
    with threadpool_limits(limits=1, user_api="blas"):  # many small products
        parameters, converged, followed, reached = _best(prepared, classes, starts, seed)
    parameters = _by_size(prepared, parameters)
    chances = posteriors(prepared, parameters[None])[0][0]
    likelihood = float(log_likelihoods(prepared, parameters[None])[0])
    p = prepared.n_terms
    slopes = parameters[:, 1:p] * rows.spread / rows.scale
    constant = rows.level + rows.spread * parameters[:, 0] - slopes @ rows.centre
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = -np.where(chances > 0, chances * np.log(chances), 0.0).sum(axis=0)
    low = np.flatnonzero(parameters[:, p] <= np.log(floor) + 1e-9)
    return LatentClasses(
        outcome=rows.rows.outcome,
        drivers=rows.rows.drivers,
        membership=rows.rows.covariates,
        n_classes=classes,
        shared_slopes=shared,
        parameters=parameters,
        terms=(*rows.rows.drivers, CONSTANT),
        coefficients=np.column_stack([slopes, constant]),
        spreads=np.exp(parameters[:, p]) * rows.spread,
        shares=np.asarray((chances @ rows.weights) / rows.n_obs, dtype=np.float64),
        covariance=class_covariance(rows, prepared, parameters),
        log_likelihood=likelihood - rows.n_obs * float(np.log(rows.spread)),
        n_parameters=n_parameters(classes, p - 1, len(rows.rows.covariates), shared),
        n_obs=rows.n_obs,
        entropy=float(surprise @ rows.weights),
        n_starts=starts if classes > 1 else 1,
        n_followed=followed,
        n_reached=reached,
        converged=converged,
        on_floor=tuple(int(at) + 1 for at in low),
        floor=floor,
        dropped=dict(rows.rows.dropped),
        weighted=rows.rows.weights is not None,
    )


def _best(data: ClassData, classes: int, starts: int, seed: int) -> tuple[Floats, bool, int, int]:
    """Parameters of the highest maximum, whether it is one, starts followed and starts that reached it."""
    if classes == 1:
        only = np.zeros((1, 1, data.n_terms + 1 + len(data.membership)))
        for _ in range(2):
            only = maximised(data, only)[1]
        return only[0], True, 1, 1
    begun, likelihood = climbed(data, class_starts(data, classes, starts, seed), _CYCLES)
    followed = max(_FOLLOWED, _FOLLOWED_CELLS // (classes * data.n_obs))
    order = np.argsort(-likelihood, kind="stable")[:followed]
    tops = [polished(data, begun[at]) for at in order if np.isfinite(likelihood[at])]
    if not tops:
        tops = [polished(data, class_starts(data, classes, 1, seed)[0])]
    best = max(tops, key=lambda top: top[1])
    return best[0], best[2], len(tops), sum(best[1] - top[1] < _SAME for top in tops)


def _by_size(data: ClassData, parameters: Floats) -> Floats:
    """Classes from the largest to the smallest, equal ones by their first slope; odds against the first."""
    p = data.n_terms
    size = posteriors(data, parameters[None])[0][0] @ data.weights
    order = sorted(range(len(size)), key=lambda k: (-round(float(size[k]), 6), *parameters[k, 1:p], k))
    sorted_ = parameters[order].copy()
    sorted_[:, p + 1 :] -= sorted_[0, p + 1 :].copy()
    return np.asarray(sorted_, dtype=np.float64)


def class_posteriors(
    fit: LatentClasses,
    data: pd.DataFrame,
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
) -> pd.DataFrame:
    """Chance of every customer to belong to every class.

    Parameters
    ----------
    fit : LatentClasses
    data, weights, clusters
        What it was fitted to.

    Returns
    -------
    DataFrame, shape (n, K)
        Columns are the classes from 1; the index is that of ``data``; NaN in rows that were not used.
    """
    rows = class_rows(
        data, fit.outcome, fit.drivers, fit.membership, fit.n_classes, weights=weights, clusters=clusters
    )
    chances = posteriors(rows.data(shared=fit.shared_slopes, floor=fit.floor), fit.parameters[None])[0][0]
    answer = np.full((len(data), fit.n_classes), np.nan)
    answer[rows.rows.positions] = chances.T
    return pd.DataFrame(answer, index=data.index, columns=range(1, fit.n_classes + 1))

"""Whether latent classes come back when the rows are drawn again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits

from servicefx.engines.design_matrix import CONSTANT
from servicefx.models.segments.choice import ClassChoice, slopes_kind
from servicefx.models.segments.class_frames import class_names
from servicefx.models.segments.class_rows import ClassRows, class_rows
from servicefx.models.segments.climbing import climbed
from servicefx.models.segments.latent_classes import LatentClasses
from servicefx.models.segments.mixture import posteriors
from servicefx.moments.resample_index import resample_counts

__all__ = ["ClassStability", "adjusted_rand", "class_stability"]

Floats = NDArray[np.float64]
_CYCLES = 5
"""Accelerated cycles of every mixture, after which their BIC is compared."""
_CYCLES_LOOKED_AT = 20
"""Of the one whose classes are compared with the sample's: its likelihood may be flat."""
_BLOCK = 50
STABLE = 0.75
"""Mean Jaccard similarity from which a class counts as stable (Hennig 2007)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassStability:
    """Classes found again in resamples.

    Attributes
    ----------
    same_choice : float
        Share of the resamples in which BIC prefers the mixture it prefers in the sample.
    choices : DataFrame
        ``n_classes, slopes, chosen_share``: how often it prefers each; mixtures of two more classes than the
        chosen one are not compared.
    rand : tuple of float
        Mean, and ends of the interval, of the adjusted Rand index between the sample's and the resamples'
        assignment of all rows.
    classes : DataFrame
        ``group, share, jaccard, jaccard_decile, judgement``: mean Jaccard similarity of a class to its
        match in the resamples, its lower decile; ``"pass"`` from .75, ``"warn"`` from .60, else ``"fail"``.
    slopes : DataFrame
        ``group, term, estimate, conf_low, conf_high``: percentile intervals over the resamples' refits,
        classes matched first.
    n_draws, n_failed : int
        Resamples, and those in which a class lost its rows.
    """

    same_choice: float
    choices: pd.DataFrame
    rand: tuple[float, float, float]
    classes: pd.DataFrame
    slopes: pd.DataFrame
    n_draws: int
    n_failed: int


def class_stability(
    choice: ClassChoice,
    data: pd.DataFrame,
    *,
    fit: LatentClasses | None = None,
    draws: int = 50,
    seed: int = 0,
    data_id: str = "data",
    counts: NDArray[np.float32] | None = None,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> ClassStability:
    """Refit latent classes to resamples of rows, or of clusters where they are declared.

    Parameters
    ----------
    choice : ClassChoice
    data, weights, clusters
        What it was made from.
    fit : LatentClasses, optional
        The mixture looked at, one of ``choice.fits``; by default the chosen one.
    draws : int
        Resamples.
    seed : int
        Of the resamples.
    data_id : str
        Name of the data in the resamples' seed.
    counts : ndarray, shape (draws, n), optional
        Resamples drawn already, beside the rows of ``data``; ``draws``, ``seed`` and ``data_id`` are then
        not used.
    level : float
        Of the intervals.

    Returns
    -------
    ClassStability

    Notes
    -----
    Every resample begins at the sample's estimates and takes 15 accelerated steps, and 45 more for the
    mixture looked at: other maxima are not searched for, so that real instability is at least what is
    found. Rows drawn twice favour more classes a little. Classes of a resample are matched to the sample's
    by the most rows in common (Kuhn & Munkres), which undoes switched labels.

    References
    ----------
    Hubert & Arabie (1985), J. Classification 2, 193-218, eq. 5. Hennig (2007), Computational Statistics &
    Data Analysis 52, 258-271 (Jaccard similarity by class; below .60 a class should not be trusted).
    """
    fit = choice.chosen if fit is None else fit
    if all(other is not fit for other in choice.fits):
        raise ValueError("fit must be one of choice.fits")
    rows = class_rows(
        data, fit.outcome, fit.drivers, fit.membership, fit.n_classes, weights=weights, clusters=clusters
    )
    if counts is None:
        groups = None if rows.rows.clusters is None else rows.rows.clusters
        drawn = resample_counts(rows.n_obs, draws, seed, data_id, groups)
    else:
        drawn = counts[:, rows.rows.positions]
    most = max(choice.chosen.n_classes, fit.n_classes) + (0 if choice.chosen.shared_slopes else 1)
    rivals = [other for other in choice.fits if other.shared_slopes or other.n_classes <= most]
    best = np.full((len(rivals), len(drawn)), np.inf)
    own = np.empty((0,))
    with threadpool_limits(limits=1, user_api="blas"):  # many small products
        for at, rival in enumerate(rivals):
            parameters, best[at] = _refitted(rows, rival, drawn, rival is fit)
            if rival is fit:
                own = parameters
    shares = np.bincount(best.argmin(axis=0), minlength=len(rivals)) / len(drawn)
    choices = pd.DataFrame(
        {
            "n_classes": [rival.n_classes for rival in rivals],
            "slopes": [slopes_kind(rival) for rival in rivals],
            "chosen_share": shares,
        }
    )
    chosen = next(at for at, rival in enumerate(rivals) if rival is choice.chosen)
    return _matched(rows, fit, own, (float(shares[chosen]), choices), level)


def _refitted(
    rows: ClassRows, fit: LatentClasses, drawn: NDArray[np.float32], further: bool
) -> tuple[Floats, Floats]:
    """Parameters of every resample, NaN where a class emptied, and their BIC, infinite there."""
    data = rows.data(shared=fit.shared_slopes, floor=fit.floor)
    parts, values = [], []
    for begin in range(0, len(drawn), _BLOCK):
        counts = drawn[begin : begin + _BLOCK].astype(np.float64)
        first = np.repeat(fit.parameters[None], len(counts), axis=0)
        found, likelihood = climbed(data, first, 1 if fit.n_classes == 1 else _CYCLES, counts)
        values.append(-2 * likelihood + fit.n_parameters * np.log(counts.sum(axis=1)))
        if further and fit.n_classes > 1:
            found, likelihood = climbed(data, found, _CYCLES_LOOKED_AT - _CYCLES, counts)
        found[~np.isfinite(likelihood)] = np.nan
        parts.append(found)
    return np.concatenate(parts), np.concatenate(values)


def _matched(
    rows: ClassRows, fit: LatentClasses, drawn: Floats, chosen: tuple[float, pd.DataFrame], level: float
) -> ClassStability:
    """Classes of the resamples, matched to the sample's, and compared with them."""
    data = rows.data(shared=fit.shared_slopes, floor=fit.floor)
    k, p = fit.n_classes, data.n_terms
    home = posteriors(data, fit.parameters[None])[0][0].argmax(axis=0)
    known = np.flatnonzero(np.isfinite(drawn).all(axis=(1, 2)))
    rand, jaccard, slopes = [], [], []
    for at in known:
        away = posteriors(data, drawn[at][None])[0][0].argmax(axis=0)
        table = np.bincount(home * k + away, minlength=k * k).reshape(k, k)
        order = linear_sum_assignment(-table)[1]
        both = table[np.arange(k), order]
        either = table.sum(axis=1) + table.sum(axis=0)[order] - both
        rand.append(adjusted_rand(table))
        jaccard.append(np.where(either > 0, both / np.maximum(either, 1), np.nan))
        slopes.append(drawn[at][order, 1:p] * rows.spread / rows.scale)
    tails = [(1 - level) / 2, (1 + level) / 2]
    similar = np.array(jaccard).reshape(-1, k)
    bands = np.array(slopes).reshape(-1, k, p - 1)
    empty = not len(known)
    mean = np.full(k, np.nan) if empty else np.nanmean(similar, axis=0)
    ends = np.full((2, k, p - 1), np.nan) if empty else np.quantile(bands, tails, axis=0)
    low, high = (np.nan, np.nan) if empty else np.quantile(rand, tails)
    drivers = [term for term in fit.terms if term != CONSTANT]
    return ClassStability(
        same_choice=chosen[0],
        choices=chosen[1],
        rand=(float(np.mean(rand)) if len(rand) else float("nan"), float(low), float(high)),
        classes=pd.DataFrame(
            {
                "group": class_names(k),
                "share": fit.shares,
                "jaccard": mean,
                "jaccard_decile": np.full(k, np.nan) if empty else np.nanquantile(similar, 0.1, axis=0),
                "judgement": ["" if empty else _judged(value) for value in mean],
            }
        ),
        slopes=pd.DataFrame(
            {
                "group": np.repeat(class_names(k), p - 1),
                "term": drivers * k,
                "estimate": fit.coefficients[:, :-1].ravel(),
                "conf_low": ends[0].ravel(),
                "conf_high": ends[1].ravel(),
            }
        ),
        n_draws=len(drawn),
        n_failed=len(drawn) - len(known),
    )


def _judged(value: float) -> str:
    return "pass" if value >= STABLE else "warn" if value >= 0.6 else "fail"


def adjusted_rand(table: NDArray[np.int64]) -> float:
    """Agreement of two partitions beyond chance, from their cross table.

    1 where they are the same up to names, about 0 where they have nothing to do with each other.

    References
    ----------
    Hubert & Arabie (1985), J. Classification 2, 193-218, eq. 5.

    Examples
    --------
    >>> adjusted_rand(np.array([[0, 5], [7, 0]])), adjusted_rand(np.array([[3, 3], [3, 3]])) < 0
    (1.0, True)
    """
    counts = np.asarray(table, dtype=np.float64)

    def pairs(values: Floats) -> float:
        return float((values * (values - 1) / 2).sum())

    both = pairs(counts.ravel())
    left, right = pairs(counts.sum(axis=1)), pairs(counts.sum(axis=0))
    total = counts.sum() * (counts.sum() - 1) / 2
    expected = left * right / total
    most = (left + right) / 2
    return 1.0 if most == expected else float((both - expected) / (most - expected))

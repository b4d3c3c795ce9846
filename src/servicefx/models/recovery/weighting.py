"""Complainers weighted to stand for everybody a failure hit: inverse probability of complaining."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from servicefx.engines.discrete import fit_logit, logit_draws
from servicefx.engines.linear import fit_ols
from servicefx.errors import IdentificationError, Problem
from servicefx.models.drivers import HELD, MEASURED
from servicefx.models.recovery.complainers import weights_of
from servicefx.models.recovery.complaints import Complaints, RecoveryRows
from servicefx.moments.resample import resampled_least_squares
from servicefx.values.effect import Effect
from servicefx.values.estimates import Estimates

__all__ = ["WeightedFit", "fit_weighted"]

Floats = NDArray[np.float64]
_BLOCK = 100  # resamples handled at once


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WeightedFit:
    """An effect of handling carried from complainers to everybody a failure hit.

    Attributes
    ----------
    estimates : Estimates
        Handling first, then what is held. The covariance takes the weights as known: intervals to report
        are those of ``effect``.
    effect : Effect or None
        The coefficient of handling; its draws estimate the weights anew every time.
    selection : Estimates
        Logit of complaining, log odds per unit of the predictor.
    balance : DataFrame
        ``term, before, after``: standardised mean difference between complainers and everybody a failure
        hit, unweighted and weighted; 0 is balanced.
    overlap : DataFrame
        ``customers, n_obs, low, mean, high``: chances of complaining among complainers and others.
    n_obs, n_population : int
        Complainers used; people they stand for.
    n_effective : float
        Complainers that an unweighted sample of the same precision would need, (Σw)² / Σw².
    largest : float
        Largest weight, in means; before trimming.
    n_trimmed : int
        Weights cut back to the limit.
    cautions : tuple of str
        What is doubtful.
    """

    estimates: Estimates
    effect: Effect | None
    selection: Estimates
    balance: pd.DataFrame
    overlap: pd.DataFrame
    n_obs: int
    n_population: int
    n_effective: float
    largest: float
    n_trimmed: int
    cautions: tuple[str, ...]


def fit_weighted(
    complaints: Complaints,
    outcome: str,
    covariates: Sequence[str],
    predictors: Sequence[str],
    *,
    trim: float = 0.99,
    unit: str = "points per point",
) -> WeightedFit:
    r"""Effect of handling if everybody a failure hit had complained, by inverse probability. Answers H9.

    A complainer whom few like him joined counts for those who kept silent. Right if people who complained and
    people alike in all predictors who did not would answer alike.

    Parameters
    ----------
    complaints : Complaints
    outcome : str
        Column explained.
    covariates : sequence of str
        Columns held.
    predictors : sequence of str
        Columns that tell who complains, beside the covariates.
    trim : float
        Weights above this quantile of the complainers' weights are cut back to it, in (.5, 1]; 1 keeps all.
    unit : str
        Of the slope.

    Returns
    -------
    WeightedFit

    Raises
    ------
    DataError
        If columns are absent or constant, or there are no predictors.
    IdentificationError
        If the predictors tell complainers from others perfectly, or everybody complained.

    Notes
    -----
    Weights are stabilised, :math:`w_i = \bar{c} / \hat{p}_i` with :math:`\hat{p}_i` from a logit over all
    of the population whose predictors are known, times survey weights where there are any.

    References
    ----------
    Robins, Hernán & Brumback (2000), Epidemiology 11, 550-560 (stabilised weights); Wooldridge (2002),
    Portuguese Econ. J. 1, 117-139 (weighted estimators under selection).
    """
    if not 0.5 < trim <= 1:
        raise ValueError(f"trim must lie in (.5, 1], not {trim!r}")
    where = f"weighted effect of '{complaints.handling}' on '{outcome}'"
    known = list(dict.fromkeys([*covariates, *predictors]))
    population = complaints.rows(complaints.failed, known, where)
    if not known:
        found = "no predictor of complaining is named, so nobody can be weighted"
        raise IdentificationError(Problem(where, found, "Add predictors under [recovery]."))
    if population.complained.all():
        found = "everybody complained, so nobody can be weighted"
        raise IdentificationError(Problem(where, found, "Read the effect among complainers."))
    y = population.complained.astype(float)
    marked = population.frame.assign(**{complaints.complaint: y})
    selection = fit_logit(marked, complaints.complaint, known, clusters=population.clusters)
    x = np.column_stack([population.frame.to_numpy(copy=True), np.ones(len(y))])
    beta = selection.coefficients
    survey = weights_of(population)
    if survey is not None:
        beta = logit_draws(y, x, (survey / survey.mean()).astype(np.float32)[None], beta)[0]
        selection = replace(
            selection,
            coefficients=beta,
            covariance=np.full_like(selection.covariance, np.nan),
            undefined=dict.fromkeys(selection.terms, "no errors: the logit uses survey weights"),
        )
    chance = expit(x @ beta)
    share = float(np.average(y, weights=survey))
    told, place = _complainers(complaints, outcome, known, where)
    raw = share / chance[place]
    weights, n_trimmed = _trimmed(raw, np.ones((1, len(raw))), trim)
    weight = weights[0] * (1.0 if survey is None else survey[place])
    terms = [complaints.handling, *covariates]
    fit = fit_ols(
        told.frame, outcome, terms, clusters=told.clusters,
        covariance="hc3" if told.clusters is None else "cluster",
        weights=pd.Series(weight, name="weight"),
    )  # fmt: skip
    assumptions = (
        HELD,
        MEASURED,
        "people who kept silent would have answered as complainers alike in all predictors did",
        "complaining follows a logit of the predictors",
    )
    effect = None
    if told.counts is not None and population.counts is not None:
        effect = Effect(
            estimand=f"change in {outcome} per step of {complaints.handling}, if all {_whom(complaints)} had "
            "complained",
            unit=unit,
            estimate=fit.coefficient(complaints.handling),
            draws=_draws(population, told, place, x, y, beta, outcome, terms, trim),
            draw_source=(complaints.draw_source,),
            design="adjusted",
            assumptions=assumptions,
        )
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    return WeightedFit(
        estimates=replace(fit, dropped=told.dropped, assumptions=assumptions),
        effect=effect,
        selection=replace(selection, dropped=population.dropped),
        balance=_balance(population, place, weight, survey, known),
        overlap=_overlap(chance, population.complained),
        n_obs=len(told.frame),
        n_population=len(y),
        n_effective=effective,
        largest=float(raw.max() / raw.mean()),
        n_trimmed=n_trimmed,
        cautions=_cautions(chance, population.complained, effective, len(told.frame)),
    )


def _whom(complaints: Complaints) -> str:
    return "people" if complaints.failure is None else "whom a failure hit"


def _complainers(
    complaints: Complaints, outcome: str, known: Sequence[str], where: str
) -> tuple[RecoveryRows, NDArray[np.intp]]:
    """Complainers with everything known, and the place of each in the population with known predictors."""
    inside = complaints.failed & complaints.complained
    told = complaints.rows(inside, [outcome, complaints.handling, *known], where)
    kept = complaints.failed & complaints.frame[list(known)].notna().all(axis=1).to_numpy()
    full = inside & complaints.frame[[outcome, complaints.handling, *known]].notna().all(axis=1).to_numpy()
    place = (np.cumsum(kept) - 1)[full]
    return told, place.astype(np.intp)


def _trimmed(weights: Floats, counts: Floats, trim: float) -> tuple[Floats, int]:
    """Weights cut back to their quantile in every resample, (draws, n), and how many were in the first.

    The quantile is the smallest weight that at least a share ``trim`` of the (counted) rows does not exceed.
    """
    wide = np.broadcast_to(weights, counts.shape)
    if trim == 1:
        return np.array(wide), 0
    order = np.argsort(wide, axis=1)
    reached = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1)
    total = reached[:, -1:]
    first = np.argmax(reached >= trim * total - 1e-9, axis=1)
    limit = np.take_along_axis(wide, np.take_along_axis(order, first[:, None], axis=1), axis=1)
    return np.minimum(wide, limit), int((wide[0] > limit[0]).sum())


def _draws(
    population: RecoveryRows,
    told: RecoveryRows,
    place: NDArray[np.intp],
    x: Floats,
    y: Floats,
    beta: Floats,
    outcome: str,
    terms: Sequence[str],
    trim: float,
) -> Floats:
    """The coefficient of handling in every resample, weights estimated anew in each, shape (draws,)."""
    assert population.counts is not None
    assert told.counts is not None
    survey = weights_of(population)
    base = np.ones(len(y)) if survey is None else survey / survey.mean()
    response = told.frame[outcome].to_numpy(copy=True)
    design = np.column_stack([told.frame[list(terms)].to_numpy(copy=True), np.ones(len(response))])
    parts = []
    for first in range(0, len(population.counts), _BLOCK):
        counts = population.counts[first : first + _BLOCK] * base.astype(np.float32)
        chance = expit(logit_draws(y, x, counts, beta) @ x[place].T)
        drawn = told.counts[first : first + _BLOCK].astype(np.float64)
        failed = np.asarray(~np.isfinite(chance).all(axis=1))
        with np.errstate(divide="ignore"):
            weights, _ = _trimmed(np.where(failed[:, None], 1.0, 1.0 / chance), drawn, trim)
        weights = weights / weights.mean(axis=1, keepdims=True)
        used = (drawn * weights * base[place]).astype(np.float32)
        part = resampled_least_squares(response, design, used)[:, 0]
        parts.append(np.where(failed, np.nan, part))
    return np.concatenate(parts)


def _balance(
    population: RecoveryRows,
    place: NDArray[np.intp],
    weight: Floats,
    survey: Floats | None,
    known: Sequence[str],
) -> pd.DataFrame:
    """Standardised distance of the complainers' means from the population's, before and after weighting."""
    values = population.frame[list(known)].to_numpy(copy=True)
    target = np.average(values, axis=0, weights=survey)
    spread = np.sqrt(np.average((values - target) ** 2, axis=0, weights=survey))
    plain = np.average(values[place], axis=0, weights=None if survey is None else survey[place])
    moved = np.average(values[place], axis=0, weights=weight)
    return pd.DataFrame(
        {"term": list(known), "before": (plain - target) / spread, "after": (moved - target) / spread}
    )


def _overlap(chance: Floats, complained: NDArray[np.bool_]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "customers": group,
                "n_obs": int(inside.sum()),
                "low": float(chance[inside].min()),
                "mean": float(chance[inside].mean()),
                "high": float(chance[inside].max()),
            }
            for group, inside in (("complainers", complained), ("silent", ~complained))
        ]
    )


def _cautions(chance: Floats, complained: NDArray[np.bool_], effective: float, n: int) -> tuple[str, ...]:
    """Silent people below any complainer's chance, and weights that leave few complainers in effect."""
    found = []
    lost = int((chance[~complained] < chance[complained].min()).sum())
    if lost:
        found.append(
            "people who kept silent and were less likely to complain than any complainer, so that nobody "
            f"stands for them: {lost}"
        )
    if effective < n / 2:
        found.append(f"the weights leave {effective:.0f} of {n} complainers in effect")
    return tuple(found)

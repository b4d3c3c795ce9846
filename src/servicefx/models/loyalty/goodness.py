"""How well chances of answers fit: explained shares, discrimination, calibration."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import chi2 as chi_square
from scipy.stats import rankdata

from servicefx.measurement.answers import share_of
from servicefx.models.loyalty.answers import AnswerFit
from servicefx.values.estimates import critical_value

__all__ = ["calibration", "fitted_chances", "goodness"]

Floats = NDArray[np.float64]
_FEWEST_GROUPS = 3
_WEAK = "tells little: it depends on the number of groups, and in large samples rejects what does not matter"
_DEPENDENT = "rows of one cluster are not independent, which the test needs"


def fitted_chances(fit: AnswerFit) -> Floats:
    """Fitted chance of every answer in every different row, shape (u, m + 1)."""
    odds = (fit.terms.design(fit.values) @ fit.slopes)[:, None] - fit.thresholds
    above = np.column_stack([np.ones(len(odds)), expit(odds), np.zeros(len(odds))])
    return np.asarray(above[:, :-1] - above[:, 1:], dtype=np.float64)


def goodness(fit: AnswerFit, *, groups: int = 10, level: float = 0.95) -> pd.DataFrame:
    """Measures of fit on the rows the model was fitted to.

    Parameters
    ----------
    fit : AnswerFit
    groups : int
        Groups of the Hosmer-Lemeshow test, by fitted chance.
    level : float
        Of the interval of the area.

    Returns
    -------
    DataFrame
        ``measure, estimate, std_error, conf_low, conf_high, df, p_value, n_obs, caution, undefined``:
        ``mcfadden`` (share of the log likelihood), ``brier`` (mean squared error of the chances, summed over
        answers where there are more than two); of a 0/1 outcome also ``tjur`` (mean chance of those who did
        less that of those who did not), ``auc`` (chance that one who did has the higher fitted chance;
        DeLong's interval, Obuchowski's with clusters) and ``hosmer_lemeshow``. They flatter the model: the
        rows are those it learnt from.

    References
    ----------
    McFadden (1974); Tjur (2009), American Statistician 63, 366-372; Brier (1950); DeLong, DeLong &
    Clarke-Pearson (1988), Biometrics 44, 837-845; Obuchowski (1997), Biometrics 53, 567-578; Hosmer &
    Lemeshow (1980), Commun. Stat. A9, 1043-1069.
    """
    chances = fitted_chances(fit)
    n = fit.weights.sum()
    share = fit.tallies.sum(axis=0) / n
    logl = float((fit.tallies * np.log(np.maximum(chances, 1e-300))).sum())
    null = float(n * (share @ np.log(share)))
    squared = (chances**2).sum(axis=1)[:, None] - 2 * chances + 1
    factor = 0.5 if len(fit.answers) == 2 else 1.0
    rows = [
        _measure("mcfadden", 1 - logl / null, fit),
        _measure("brier", factor * float((fit.tallies * squared).sum() / n), fit),
    ]
    if len(fit.answers) == 2:
        mean = fit.tallies.T @ chances[:, 1] / fit.tallies.sum(axis=0)
        rows.append(_measure("tjur", float(mean[1] - mean[0]), fit))
        rows.append(_area(fit, chances[:, 1], level))
        rows.append(_hosmer_lemeshow(fit, chances[:, 1], groups))
    return pd.DataFrame(rows)


def calibration(fit: AnswerFit, *, groups: int = 10, level: float = 0.95) -> pd.DataFrame:
    """Observed against fitted shares, in groups of customers by what the model expects of them.

    Parameters
    ----------
    fit : AnswerFit
    groups : int
        As many by quantiles of the fitted log odds; equal chances stay together, so there may be fewer.
    level : float
        Of the interval of the observed share.

    Returns
    -------
    DataFrame
        ``outcome, group, answer, fitted, estimate, conf_low, conf_high, n_obs``: of a 0/1 outcome answer 1,
        else every answer. Group 1 is the lowest; intervals are Wilson's, at the effective sample size of
        clusters.
    """
    chances = fitted_chances(fit)
    order = fit.terms.design(fit.values) @ fit.slopes
    groups_of = _groups(expit(order - float(np.median(fit.thresholds))), fit.weights, groups)
    of_customer = groups_of[fit.row_codes]
    clusters = None if fit.clusters is None else pd.Series(fit.clusters)
    rows = []
    for group in range(int(groups_of.max()) + 1):
        inside, here = groups_of == group, of_customer == group
        weight = fit.weights[inside]
        for place in range(1 if len(fit.answers) == 2 else 0, len(fit.answers)):
            hits = pd.Series(fit.answer_codes == place)[here].astype(float)
            observed = share_of(hits, clusters=clusters, level=level)
            rows.append(
                {
                    "outcome": fit.outcome,
                    "group": f"{group + 1}",
                    "answer": f"{fit.answers[place]:g}",
                    "fitted": float(weight @ chances[inside, place] / weight.sum()),
                    "estimate": observed.estimate,
                    "conf_low": observed.conf_low,
                    "conf_high": observed.conf_high,
                    "n_obs": int(here.sum()),
                }
            )
    return pd.DataFrame(rows)


def _measure(name: str, estimate: float, fit: AnswerFit) -> dict[str, object]:
    nan = float("nan")
    return {
        "measure": name, "estimate": estimate, "std_error": nan, "conf_low": nan, "conf_high": nan, "df": nan,
        "p_value": nan, "n_obs": fit.n_obs, "caution": "", "undefined": "",
    }  # fmt: skip


def _area(fit: AnswerFit, chance: Floats, level: float) -> dict[str, object]:
    """Area under the receiver operating characteristic, ties counted half."""
    score, hit = chance[fit.row_codes], fit.answer_codes == 1
    score = np.round(score, 12)
    n_hit, n_miss = int(hit.sum()), int((~hit).sum())
    ranks = rankdata(score)
    among_hits, among_misses = rankdata(score[hit]), rankdata(score[~hit])
    placement = np.empty(len(score))  # share of the other side that stands below (hits) or above (misses)
    placement[hit] = (ranks[hit] - among_hits) / n_miss
    placement[~hit] = 1 - (ranks[~hit] - among_misses) / n_hit
    area = float(placement[hit].mean())
    if min(n_hit, n_miss) == 1:
        why = "one customer stands alone on one side: no interval"
        return _measure("auc", area, fit) | {"undefined": why}
    if fit.clusters is None:
        variance = placement[hit].var(ddof=1) / n_hit + placement[~hit].var(ddof=1) / n_miss
    else:
        # Obuchowski's covariance of both sides, sums within clusters
        gap = placement - area
        found = []
        for side in (hit, ~hit):
            sums = np.bincount(fit.clusters[side], weights=gap[side], minlength=int(fit.clusters.max()) + 1)
            n_with = len(np.unique(fit.clusters[side]))
            found.append((sums, n_with / (n_with - 1) if n_with > 1 else np.nan, int(side.sum())))
        (over, f_over, n_over), (under, f_under, n_under) = found
        n_all = int(fit.clusters.max()) + 1
        variance = f_over * over @ over / n_over**2 + f_under * under @ under / n_under**2
        variance += 2 * n_all / (n_all - 1) * over @ under / (n_over * n_under)
    error = float(np.sqrt(variance))
    half = critical_value(level) * error
    return _measure("auc", area, fit) | {
        "std_error": error,
        "conf_low": max(area - half, 0.0),
        "conf_high": min(area + half, 1.0),
    }


def _hosmer_lemeshow(fit: AnswerFit, chance: Floats, groups: int) -> dict[str, object]:
    """Chi-square of observed against expected counts by group of fitted chance, df groups - 2."""
    codes = _groups(chance, fit.weights, groups)
    n_groups = int(codes.max()) + 1
    size = np.bincount(codes, weights=fit.weights)
    seen = np.bincount(codes, weights=fit.tallies[:, 1])
    expected = np.bincount(codes, weights=fit.weights * chance)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(((seen - expected) ** 2 / (expected * (1 - expected / size))).sum())
    row = _measure("hosmer_lemeshow", statistic, fit) | {"df": float(n_groups - 2), "caution": _WEAK}
    if n_groups < _FEWEST_GROUPS:
        why = f"{n_groups} groups of different chances, at least {_FEWEST_GROUPS} needed"
        return row | {"estimate": float("nan"), "df": float("nan"), "undefined": why}
    if fit.clusters is not None:
        return row | {"undefined": _DEPENDENT}
    return row | {"p_value": float(chi_square.sf(statistic, n_groups - 2))}


def _groups(chance: Floats, weights: Floats, groups: int) -> NDArray[np.intp]:
    """Group of every different row, by quantiles of the customers' chances, from 0 without a gap.

    Where there are no more different chances than groups, each is one.
    """
    different, places = np.unique(np.round(chance, 12), return_inverse=True)
    if len(different) <= groups:
        return np.asarray(places, dtype=np.intp).reshape(-1)
    everybody = np.repeat(chance, weights.astype(int))
    breaks = np.unique(np.quantile(everybody, np.linspace(0, 1, groups + 1)))
    codes = np.clip(np.searchsorted(breaks, chance, side="left") - 1, 0, max(len(breaks) - 2, 0))
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.intp)

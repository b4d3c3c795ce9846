"""Parallel lines: whether a term moves every boundary between ordered answers alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import chi2 as chi_square

from servicefx.engines.discrete import fit_logit
from servicefx.engines.ordered import fit_ordered_logit
from servicefx.engines.partial_odds import PartialOdds, fit_partial_odds, score_statistic
from servicefx.errors import DataError, Problem, ServicefxError
from servicefx.models.loyalty.answers import MOST_ANSWERS
from servicefx.values.estimates import critical_value

__all__ = ["ParallelLines", "parallel_lines"]

Floats = NDArray[np.float64]
ALL = "all terms"
BRANT, LIKELIHOOD, SCORE = "Brant", "likelihood ratio", "score"
SEPARATE, JOINT, SHARED = "separate logits", "partial proportional odds", "proportional odds"
_DEPENDENT = "rows of one cluster are not independent, which this test needs"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ParallelLines:
    """Whether the log odds of a term are the same at every boundary.

    Attributes
    ----------
    tests : DataFrame
        ``rule, term, chi2, df, p_value, covariance_kind, undefined``: Brant's Wald test, the likelihood
        ratio against slopes of their own at every boundary, and the score test; over all terms and, but
        for the score test, for each.
    cuts : DataFrame
        ``model, term, answer, estimate, std_error, conf_low, conf_high, n_below, n_above, undefined``: log
        odds of an answer above the boundary named ``"> 3"``, by a logit of its own, by the joint model, and
        as the ordered logit has it for all boundaries.
    """

    tests: pd.DataFrame
    cuts: pd.DataFrame


def parallel_lines(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> ParallelLines:
    """Tests of the ordered logit's one assumption, and the estimates without it.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns.
    outcome : str
        3 to 11 ordered answers.
    terms : sequence of str, length k
        Columns that explain them.
    clusters : Series, length n, optional
        Dependence group of every row: Brant's test then uses a clustered covariance of all boundaries'
        coefficients, and the tests that need independent rows are refused.
    level : float
        Of the intervals of ``cuts``.

    Returns
    -------
    ParallelLines

    Raises
    ------
    DataError
        If there are fewer than 3 or more than 11 answers, or at some boundary a logit has no finite
        coefficients, as where a term's values are empty on one side of it.

    Notes
    -----
    Brant's statistic compares logits of "above the boundary" over boundaries; with pi the fitted chances,
    the covariance of the coefficients of boundaries j < l is (X'W_j X)^-1 X'W_jl X (X'W_l X)^-1, weights
    pi_l - pi_j pi_l. It rejects too often where answers are rare; the score test does so more often still.

    References
    ----------
    Brant (1990), Biometrics 46, 1171-1178; Peterson & Harrell (1990), Appl. Stat. 39, 205-217.
    """
    where = f"parallel lines of '{outcome}'"
    answers = np.unique(data[outcome].dropna()) if outcome in data.columns else np.zeros(3)
    if not 3 <= len(answers) <= MOST_ANSWERS:
        found = f"{len(answers)} different answers, 3 to {MOST_ANSWERS} expected"
        raise DataError(Problem(where, found, "Ask this of ordered answers only."))
    shared = fit_ordered_logit(data, outcome, list(terms), clusters=clusters, robust=clusters is not None)
    x = data[list(terms)].to_numpy(dtype=float, copy=True)
    y = data[outcome].to_numpy(dtype=float, copy=True)
    slopes, covariance = _separate(data, outcome, list(terms), answers, clusters, where)
    kind = shared.covariance_kind
    k, m = len(terms), len(answers) - 1
    tests = [_wald(name, slopes, covariance, places, kind) for name, places in _blocks(terms)]
    centre, spread = x.mean(axis=0), x.std(axis=0)
    start = np.r_[
        shared.coefficients[:k] * spread, shared.coefficients[k:] - centre @ shared.coefficients[:k]
    ]
    z = (x - centre) / spread
    tallies = (y[:, None] == answers).astype(np.float64)
    joint, why = _joint(z, tallies, np.ones(k, dtype=bool), start, where)
    logl = shared.fit_measures["logl"]
    for name, places in _blocks(terms):
        free = np.isin(np.arange(k), places)
        if clusters is not None:
            tests.append(_row(LIKELIHOOD, name, np.nan, len(places) * (m - 1), "", _DEPENDENT))
            continue
        freed, reason = (joint, why) if free.all() else _joint(z, tallies, free, start, where)
        ratio = np.nan if freed is None else max(2 * (freed.logl - logl), 0.0)
        tests.append(_row(LIKELIHOOD, name, ratio, len(places) * (m - 1), "classical", reason))
    if clusters is None:
        tests.append(_row(SCORE, ALL, score_statistic(z, tallies, start), k * (m - 1), "classical", ""))
    else:
        tests.append(_row(SCORE, ALL, np.nan, k * (m - 1), "", _DEPENDENT))
    estimates = [(SEPARATE, slopes, np.sqrt(np.diag(covariance)).reshape(m, k), "")]
    if joint is None:
        estimates.append((JOINT, np.full((m, k), np.nan), np.full((m, k), np.nan), why))
    else:
        robust = clusters is not None
        errors = np.full((m, k), np.nan) if robust else joint.errors / spread
        estimates.append((JOINT, joint.slopes / spread, errors, _DEPENDENT if robust else ""))
    same = np.tile(shared.coefficients[:k], (m, 1))
    estimates.append((SHARED, same, np.tile(shared.std_errors[:k], (m, 1)), ""))
    return ParallelLines(tests=pd.DataFrame(tests), cuts=_cuts(estimates, list(terms), answers, y, level))


def _blocks(terms: Sequence[str]) -> list[tuple[str, list[int]]]:
    """All terms together, then each: name and places."""
    several = [(ALL, list(range(len(terms))))] if len(terms) > 1 else []
    return [*several, *((name, [at]) for at, name in enumerate(terms))]


def _separate(
    data: pd.DataFrame,
    outcome: str,
    terms: list[str],
    answers: Floats,
    clusters: pd.Series | None,
    where: str,
) -> tuple[Floats, Floats]:
    """Slopes of a logit at every boundary, (m, k), and the covariance of all of them, (m k, m k)."""
    x = np.column_stack([data[terms].to_numpy(dtype=float), np.ones(len(data))])
    y, k, m = data[outcome].to_numpy(dtype=float), len(terms), len(answers) - 1
    above, chances, betas, problems = [], [], [], []
    for cut in answers[:-1]:
        side = (y > cut).astype(np.float64)
        try:
            fit = fit_logit(data[terms].assign(**{outcome: side}), outcome, terms)
        except ServicefxError as error:
            found = f"at the boundary '> {cut:g}' the logit has no answer: {error.problems[0].found}"
            problems.append(Problem(where, found, "Merge rare answers, or leave out the term."))
            continue
        above.append(side)
        betas.append(fit.coefficients)
        chances.append(expit(x @ fit.coefficients))
    if problems:
        raise DataError(*problems)
    inverses = [np.linalg.inv(x.T @ ((p * (1 - p))[:, None] * x)) for p in chances]
    full = np.empty((m, k + 1, m, k + 1))
    if clusters is None:
        for a in range(m):
            for b in range(a, m):
                weight = chances[b] - chances[a] * chances[b]
                full[a, :, b] = inverses[a] @ (x.T @ (weight[:, None] * x)) @ inverses[b]
                full[b, :, a] = full[a, :, b].T
    else:
        codes, labels = pd.factorize(clusters)
        moved = np.hstack(
            [((s - p)[:, None] * x) @ inverse for s, p, inverse in zip(above, chances, inverses, strict=True)]
        )
        sums = np.column_stack([np.bincount(codes, weights=column) for column in moved.T])
        n_clusters = len(labels)
        full = (n_clusters / (n_clusters - 1) * sums.T @ sums).reshape(m, k + 1, m, k + 1)
    return np.array(betas)[:, :k], full[:, :k, :, :k].reshape(m * k, m * k)


def _wald(name: str, slopes: Floats, covariance: Floats, places: list[int], kind: str) -> dict[str, object]:
    """Brant's statistic: slopes of the later boundaries against those of the first."""
    m, k = slopes.shape
    contrast = np.hstack([-np.ones((m - 1, 1)), np.eye(m - 1)])
    picked = np.kron(contrast, np.eye(k)[places])
    gap = picked @ slopes.ravel()
    spread = picked @ covariance @ picked.T
    df = len(gap)
    if np.linalg.matrix_rank(spread, tol=1e-10 * np.trace(spread)) < df:
        why = f"{df} contrasts cannot be told apart (too few clusters)"
        return _row(BRANT, name, np.nan, df, kind, why)
    return _row(BRANT, name, float(gap @ np.linalg.solve(spread, gap)), df, kind, "")


def _row(rule: str, term: str, statistic: float, df: int, kind: str, why: str) -> dict[str, object]:
    return {
        "rule": rule,
        "term": term,
        "chi2": statistic,
        "df": float(df),
        "p_value": float(chi_square.sf(statistic, df)) if np.isfinite(statistic) else np.nan,
        "covariance_kind": kind,
        "undefined": why,
    }


def _joint(
    z: Floats, tallies: Floats, free: NDArray[np.bool_], start: Floats, where: str
) -> tuple[PartialOdds | None, str]:
    """The model with free slopes, or why there is none."""
    try:
        return fit_partial_odds(z, tallies, free, start, where), ""
    except ServicefxError as error:
        return None, error.problems[0].found


def _cuts(
    estimates: list[tuple[str, Floats, Floats, str]],
    terms: list[str],
    answers: Floats,
    y: Floats,
    level: float,
) -> pd.DataFrame:
    rows = []
    for model, slopes, errors, why in estimates:
        for at, name in enumerate(terms):
            for cut, (low, _) in enumerate(pairwise(answers)):
                value, error = slopes[cut, at], errors[cut, at]
                half = critical_value(level) * error
                rows.append(
                    {
                        "model": model,
                        "term": name,
                        "answer": f"> {low:g}",
                        "estimate": value,
                        "std_error": error,
                        "conf_low": value - half,
                        "conf_high": value + half,
                        "n_below": int((y <= low).sum()),
                        "n_above": int((y > low).sum()),
                        "undefined": why,
                    }
                )
    return pd.DataFrame(rows)

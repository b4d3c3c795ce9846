"""Implied moments and residuals as frames: raw, of correlations, over their standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError, closest
from servicefx.sem.reading.residual_errors import (
    covariance_slopes,
    mean_slopes,
    robust_variances,
    squares_variances,
)
from servicefx.sem.reading.summary import implied_moments

if TYPE_CHECKING:
    from servicefx.sem.sample import SemData
    from servicefx.sem.sem_fit import SemFit

__all__ = ["implied_frame", "residual_frame"]

Floats = NDArray[np.float64]
_IMPLIED = ("cov", "cor", "mean")
_RESIDUALS = ("raw", "correlation", "standardised")
_CONSTANT = 1e-9
"""Share of its moment's variance below which a residual is fitted exactly: nothing to standardise."""


def implied_frame(fit: SemFit, kind: str = "cov") -> pd.DataFrame:
    """Implied moments of the items; see `SemFit.implied`.

    Raises
    ------
    StudyError
        If the kind is not known, or means are asked of a model without them.
    """
    _check_kind(kind, _IMPLIED)
    blocks = []
    for g in range(len(fit.model.groups)):
        sigma, mean = implied_moments(fit, g)
        if kind == "mean":
            if mean is None:
                found = "the model has no means"
                raise StudyError(Problem("implied('mean')", found, "Fit it with meanstructure=True."))
            blocks.append(mean[:, None])
        else:
            blocks.append(_correlation(sigma) if kind == "cor" else sigma)
    return _framed(fit, blocks, ("mean",) if kind == "mean" else fit.model.items)


def residual_frame(fit: SemFit, kind: str = "raw", data: SemData | None = None) -> pd.DataFrame:
    r"""Sample less implied moments; see `SemFit.residuals`.

    Raises
    ------
    StudyError
        If the kind is not known, standardised residuals are asked of a fit without them, or need the data.

    Notes
    -----
    Standardised residuals are raw ones over their standard errors, :math:`Q \Gamma Q' / n` with
    :math:`Q = I - \Delta (\Delta' W \Delta)^{-1} \Delta' W`: W the estimator's weight of the moments,
    :math:`\Delta` their derivatives, :math:`\Gamma` their covariance: under normality at the sample for ML,
    GLS and ULS, free of distribution for the others (Ogasawara 2001, Br. J. Math. Stat. Psychol. 54,
    285-303). NaN where a moment is fitted exactly.
    """
    chosen = "standardised" if kind == "standardized" else kind
    _check_kind(chosen, _RESIDUALS)
    blocks = []
    for g, sample in enumerate(fit.solution.moments):
        sigma, _ = implied_moments(fit, g)
        if chosen == "correlation":
            blocks.append(_correlation(sample.cov) - _correlation(sigma))
            continue
        raw = sample.cov - sigma
        blocks.append(raw if chosen == "raw" else _standardised(fit, g, raw, data))
    return _framed(fit, blocks, fit.model.items)


def _check_kind(kind: str, known: tuple[str, ...]) -> None:
    if kind not in known:
        found = f"'{kind}' is not known{closest(kind, known)}"
        raise StudyError(Problem("kind", found, f"Choose among {', '.join(known)}."))


def _check_standardised(fit: SemFit, data: SemData | None) -> None:
    """Refuse fits whose residuals have no standard errors here."""
    what = "standardised residuals are not there"
    choices, other = fit.choices, "Ask for kind 'correlation'."
    if choices.missing == "fiml":
        raise StudyError(Problem("residuals", f"{what} for rows with gaps", other))
    if choices.cluster is not None or choices.weights is not None:
        raise StudyError(Problem("residuals", f"{what} with clusters or sampling weights", other))
    if fit.model.ordered and fit.model.covariates:
        raise StudyError(Problem("residuals", f"{what} for ordered items with fixed covariates", other))
    if fit.estimator in ("mlm", "mlr") and data is None:
        found = f"standardised residuals of '{fit.estimator}' need the rows, and a fit holds none"
        raise StudyError(Problem("residuals", found, "Give them as 'data'."))


def _standardised(fit: SemFit, g: int, raw: Floats, data: SemData | None) -> Floats:
    """Residuals over their standard errors, (p, p)."""
    _check_standardised(fit, data)
    if fit.estimator not in ("ml", "gls"):
        variance, spread = (
            squares_variances(fit, g)
            if data is None or fit.estimator not in ("mlm", "mlr")
            else robust_variances(fit, g, data)
        )
        with np.errstate(all="ignore"):
            return np.where(variance > _CONSTANT * spread, raw / np.sqrt(variance), np.nan)
    p = len(fit.model.items)
    i, j = np.tril_indices(p)
    parts = [_carried(fit, h) for h in range(len(fit.model.groups))]
    between = sum(n * part.between for n, part in zip(fit.n_by_group, parts, strict=True))
    own, n = parts[g], fit.n_by_group[g]
    spread = own.sample[i, i] * own.sample[j, j] + own.sample[i, j] ** 2
    given = spread - (own.fixed[i, i] * own.fixed[j, j] + own.fixed[i, j] ** 2)
    vcov = fit.vcov * ((n - 1) / n) if fit.estimator == "gls" else fit.vcov  # its errors divide by n - 1
    by_fit = own.slopes[i, j] @ vcov
    variance = given / n - 2.0 * np.einsum("kq,qk->k", by_fit, own.carried[:, i, j])
    variance += np.einsum("kq,kq->k", by_fit @ between, by_fit)
    with np.errstate(all="ignore"):
        values = np.where(variance > _CONSTANT * spread / n, raw[i, j] / np.sqrt(variance), np.nan)
    result = np.empty((p, p))
    result[i, j] = result[j, i] = values
    return result


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Carried:
    """One group's part in the sampling error of residuals, p items and q free values.

    Attributes
    ----------
    sample, fixed : ndarray, shape (p, p)
        Sample covariances, and their part that fixed covariates predict.
    slopes : ndarray, shape (p, p, q)
        Derivatives of the implied covariances.
    carried : ndarray, shape (q, p, p)
        Covariances of the score with the sample covariances.
    between : ndarray, shape (q, q)
        Covariances of the score, one row.
    """

    sample: Floats
    fixed: Floats
    slopes: Floats
    carried: Floats
    between: Floats


def _carried(fit: SemFit, g: int) -> _Carried:
    sample = fit.solution.moments[g].cov
    weight = np.linalg.inv(implied_moments(fit, g)[0] if fit.estimator == "ml" else sample)
    slopes = fit.solution.layout.by_group(covariance_slopes(fit, g), g)
    weighted = np.einsum("ij,jkq,kl->qil", weight, slopes, weight, optimize=True)
    fixed = _predicted(sample, [fit.model.items.index(name) for name in fit.model.covariates])
    carried = np.einsum("ij,qjk,kl->qil", sample, weighted, sample, optimize=True)
    carried -= np.einsum("ij,qjk,kl->qil", fixed, weighted, fixed, optimize=True)
    q = len(weighted)
    between = 0.5 * weighted.reshape(q, -1) @ carried.transpose(0, 2, 1).reshape(q, -1).T
    if fit.solution.layout.constant is not None:  # values that means inform as well
        of_mean = weight @ fit.solution.layout.by_group(mean_slopes(fit, g), g)
        between += of_mean.T @ (sample - fixed) @ of_mean
    return _Carried(sample=sample, fixed=fixed, slopes=slopes, carried=carried, between=between)


def _predicted(cov: Floats, at: list[int]) -> Floats:
    """Covariances of what the columns ``at`` predict of all columns; 0 where there are none."""
    if not at:
        return np.zeros_like(cov)
    return np.asarray(cov[:, at] @ np.linalg.solve(cov[np.ix_(at, at)], cov[at]), dtype=np.float64)


def _correlation(cov: Floats) -> Floats:
    sd = np.sqrt(np.diag(cov))
    return np.asarray(cov / np.outer(sd, sd), dtype=np.float64)


def _framed(fit: SemFit, blocks: list[Floats], columns: tuple[str, ...]) -> pd.DataFrame:
    """Blocks below each other: rows are items, or (group, item) where there are several groups."""
    model = fit.model
    index: pd.Index = pd.Index(model.items)
    if len(model.groups) > 1:
        index = pd.MultiIndex.from_product([model.groups, model.items], names=["group", "item"])
    return pd.DataFrame(np.vstack(blocks), index=index, columns=list(columns))

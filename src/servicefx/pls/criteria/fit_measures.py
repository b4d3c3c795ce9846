"""How far the correlations of the items are from those a model implies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.pls.model import PlsModel
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.solution import Solution
from servicefx.pls.stages import Stage

__all__ = [
    "DISTANCES",
    "KINDS",
    "Kind",
    "distances",
    "fit_measures",
    "implied_correlations",
    "refuse_repeated",
]

Floats = NDArray[np.float64]
Kind = Literal["saturated", "estimated"]
KINDS: tuple[Kind, ...] = get_args(Kind)
DISTANCES = ("srmr", "d_uls", "d_g")
_SINGULAR = 1e-12
"""Smallest eigenvalue of a matrix of correlations below which it has no inverse."""


def fit_measures(fit: PlsFit) -> Mapping[str, float]:
    """Distances between the items' correlations and those the model implies.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    mapping of str to float
        ``srmr, d_uls, d_g, chi2, nfi`` of the saturated model (constructs correlate freely: the measurement
        alone) and, ending in ``_estimated``, of the model with its paths. SRMR in [0, 1], at best 0, usually
        held against .08; d_ULS and d_G >= 0; chi2 = (n - 1) times the likelihood discrepancy; NFI at most 1.
        NaN where the implied matrix is not positive definite.

    Raises
    ------
    StudyError
        If items stand in two constructs (repeated items), which no such matrix describes.

    Notes
    -----
    Items of a composite correlate as observed; those of a common factor (reflective constructs in Mode A with
    ``consistent``) by the products of their loadings. Between constructs, loading times correlation times
    loading. Means of squares are over the lower triangle with its diagonal; d_ULS is the sum there, d_G half
    the sum of squared logarithms of the eigenvalues of S^-1 Sigma.

    References
    ----------
    Henseler, Hubona & Ray (2016), Ind. Manag. Data Syst. 116, 2-20, sec. 4. Dijkstra & Henseler (2015),
    Comput. Stat. Data Anal. 81, 10-23 (distances). Lohmöller (1989) (NFI).
    """
    refuse_repeated(fit)
    S = fit.solution.last.correlation
    found: dict[str, float] = {}
    for kind in KINDS:
        end = "" if kind == "saturated" else "_estimated"
        Sigma = implied_correlations(fit, fit.solution, kind)
        found |= {name + end: float(value[0]) for name, value in distances(S, Sigma).items()}
        found |= {name + end: value for name, value in _discrepancy(S[0], Sigma[0], fit.n_obs).items()}
    return found


def refuse_repeated(fit: PlsFit) -> None:
    """Raise StudyError where items stand in two constructs of the last run."""
    places = [i for block in fit.solution.last.stage.design.blocks for i in block]
    if len(set(places)) < len(places):
        found = "items stand in two constructs, so that no implied correlations are defined"
        raise StudyError(Problem("fit measures", found, "Choose second_order='disjoint'."))


def implied_correlations(fit: PlsFit, solution: Solution, kind: Kind) -> Floats:
    """Correlations of the last run's columns that the model implies, shape (B, q, q)."""
    last = solution.last
    between = last.correlations if kind == "saturated" else _structural(fit.model, last.stage, solution)
    own = np.zeros_like(last.loadings)
    for j, block in enumerate(last.stage.design.blocks):
        own[:, list(block), j] = last.loadings[:, list(block), j]
    Sigma = np.asarray(own @ between @ np.swapaxes(own, 1, 2), dtype=np.float64)
    for j, block in enumerate(last.stage.design.blocks):
        factor = last.stage.constructs[j] in fit.model.reflective and last.stage.design.modes[j] == "A"
        if fit.choices.consistent and factor:
            continue
        rows, columns = np.ix_(list(block), list(block))
        Sigma[:, rows, columns] = last.correlation[:, rows, columns]
    diagonal = np.arange(Sigma.shape[1])
    Sigma[:, diagonal, diagonal] = 1.0
    return Sigma


def distances(S: Floats, Sigma: Floats) -> dict[str, Floats]:
    """``srmr, d_uls, d_g`` of every pair of matrices, each of shape (B,); NaN where d_G does not exist."""
    rows, columns = np.tril_indices(S.shape[1])
    gap = S[:, rows, columns] - Sigma[:, rows, columns]
    squares = np.einsum("bk,bk->b", gap, gap)
    logs = np.full(len(S), np.nan)
    known = np.flatnonzero(np.isfinite(squares))
    for matrices in (Sigma, S):
        known = known[np.linalg.eigvalsh(matrices[known])[:, 0] > _SINGULAR]
    factor = np.linalg.cholesky(S[known])
    half = np.linalg.solve(factor, Sigma[known])
    inner = np.linalg.solve(factor, np.swapaxes(half, 1, 2))
    logs[known] = 0.5 * (np.log(np.linalg.eigvalsh(inner)) ** 2).sum(axis=1)
    return {"srmr": np.sqrt(squares / len(rows)), "d_uls": squares, "d_g": logs}


def _discrepancy(S: Floats, Sigma: Floats, n_obs: int) -> dict[str, float]:
    """``chi2`` and ``nfi`` of one sample."""
    if not np.isfinite(Sigma).all() or np.linalg.eigvalsh(Sigma)[0] <= 0:
        return {"chi2": float("nan"), "nfi": float("nan")}
    size_S, size_Sigma = (float(np.linalg.slogdet(matrix)[1]) for matrix in (S, Sigma))
    likelihood = size_Sigma - size_S + float(np.trace(np.linalg.solve(Sigma, S))) - len(S)
    return {"chi2": (n_obs - 1) * likelihood, "nfi": 1.0 + likelihood / size_S}


def _structural(model: PlsModel, stage: Stage, solution: Solution) -> Floats:
    """Correlations of the constructs that the paths imply: residuals correlate with nothing before them."""
    at = {name: j for j, name in enumerate(stage.constructs)}
    implied = solution.last.correlations.copy()
    place = {pair: number for number, pair in enumerate(model.paths)}
    done = [name for name in stage.constructs if name not in model.outcomes]
    for name in (each for each in model.sequence if each in model.outcomes):
        terms = model.terms(name)
        before = [at[other] for other in done]
        coefficients = solution.paths[:, [place[name, term] for term in terms]]
        rows = np.einsum("bt,btk->bk", coefficients, implied[:, [at[term] for term in terms]][:, :, before])
        implied[:, at[name], before] = rows
        implied[:, before, at[name]] = rows
        done.append(name)
    return implied

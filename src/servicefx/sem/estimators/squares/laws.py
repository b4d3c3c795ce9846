"""Laws of least squares: spread of the estimates, traces and scaling of the test, the baseline model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.estimators.squares.moment_rows import MomentRows
from servicefx.sem.estimators.squares.quadratic import weighted
from servicefx.sem.reading.model_test import ModelTest

__all__ = ["Spread", "baseline_traces", "least_baseline", "shared_block", "shifted_test", "spread_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Spread:
    """What sampling does to least-squares estimates and their minimum.

    Attributes
    ----------
    meat : ndarray, shape (q, q)
        Covariance of the slopes of sqrt(n) F / 2.
    trace, trace_squared : float
        Of U Gamma and of its square: the mean of n F under the model, and half its variance.
    pulled : list of ndarray, shape (k, q)
        Gamma W D, one a group.
    """

    meat: Floats
    trace: float
    trace_squared: float
    pulled: list[Floats]


def spread_of(
    jacobian: Sequence[Floats],
    weight: Sequence[Floats],
    gamma: Sequence[Floats],
    share: Floats,
    inverse: Floats,
    *,
    traces: bool = True,
) -> Spread:
    """Spread of the slopes, and the traces behind scaled tests.

    Parameters
    ----------
    jacobian : sequence of ndarray, shape (k, q)
        One a group.
    weight : sequence of ndarray, shape (k,) or (k, k)
    gamma : sequence of ndarray, shape (k, k)
        Covariance of sqrt(n_g) times the moments.
    share : ndarray, shape (G,)
    inverse : ndarray, shape (q, q)
        Of the information (along constraints).
    traces : bool
        Whether they are needed.

    Notes
    -----
    :math:`U = W - W D (D' W D)^{-1} D' W` (Satorra & Bentler 1994), groups stacked with weights w W and
    covariances Gamma / w.
    """
    q = len(inverse)
    meat, mixed = np.zeros((q, q)), np.zeros((q, q))
    first = second = 0.0
    products: list[Floats] = []
    for D, W, Gamma, part in zip(jacobian, weight, gamma, share, strict=True):
        heavy = weighted(W, D)
        pulled = Gamma @ heavy
        products.append(pulled)
        meat += part * (heavy.T @ pulled)
        if traces:
            mixed += part * (pulled.T @ weighted(W, pulled))
            if W.ndim == 1:
                first += float(W @ np.diag(Gamma))
                second += float(W @ ((Gamma * Gamma) @ W))
            else:
                product = W @ Gamma
                first += float(np.trace(product))
                second += float(np.sum(product * product.T))
    if traces:
        through = inverse @ meat
        first -= float(np.trace(through))
        second += float(np.sum(through * through.T)) - 2.0 * float(np.sum(inverse * mixed))
    return Spread(meat=meat, trace=first, trace_squared=second, pulled=products)


def shifted_test(chi2: float, df: int, trace: float, trace_squared: float) -> ModelTest:
    """The scaled-and-shifted test: chi2 with the mean and variance of its law.

    Notes
    -----
    chi2 sqrt(df / t2) + df - t1 sqrt(df / t2), from eq. 5 of Asparouhov & Muthén (2010), Simple second order
    chi-square correction, Mplus technical appendix.
    """
    if df <= 0 or not trace_squared > 0:
        return ModelTest(chi2=chi2, df=df, scaling_factor=float("nan"))
    factor = float(np.sqrt(trace_squared / df))
    return ModelTest(chi2=chi2, df=df, scaling_factor=factor, shift=df - trace / factor)


def least_baseline(
    rows: MomentRows,
    sample: Floats,
    weight: Sequence[Floats],
    counts: Floats,
    fixed: NDArray[np.bool_],
    exogenous: NDArray[np.bool_],
) -> ModelTest:
    """The model in which nothing but observed covariates covaries, under the same discrepancy.

    Parameters
    ----------
    rows : MomentRows
        Of k moments.
    sample : ndarray, shape (G, k)
    weight : sequence of ndarray, shape (k,) or (k, k)
    counts : ndarray, shape (G,)
        What each group's F is multiplied by.
    fixed : ndarray of bool, shape (k,)
        Moments of fixed covariates alone, fitted perfectly.
    exogenous : ndarray of bool, shape (k,)
        Moments of observed covariates alone, fixed or not: nothing restricts them.

    Returns
    -------
    ModelTest
        In closed form: means and variances are linear in the moments.
    """
    apart = rows.apart & ~exogenous
    zero, free = np.flatnonzero(apart & ~fixed), np.flatnonzero(~apart & ~fixed)
    chi2 = 0.0
    for vector, W, count in zip(sample, weight, counts, strict=True):
        gap = vector[zero]
        if W.ndim == 1:
            chi2 += count * float(W[zero] @ gap**2)
            continue
        pull = W[np.ix_(free, zero)] @ gap
        value = gap @ W[np.ix_(zero, zero)] @ gap - pull @ np.linalg.solve(W[np.ix_(free, free)], pull)
        chi2 += count * float(value)
    return ModelTest(chi2=float(chi2), df=len(counts) * len(zero))


def shared_block(matrix: Floats, left: NDArray[np.intp], right: NDArray[np.intp]) -> Floats:
    """Rows and columns of a matrix; a view where they are contiguous."""
    if all(len(at) and at[-1] - at[0] == len(at) - 1 for at in (left, right)):
        return matrix[left[0] : left[-1] + 1, right[0] : right[-1] + 1]
    return matrix[np.ix_(left, right)]


def baseline_traces(
    apart: NDArray[np.bool_], weight: Sequence[Floats], gamma: Sequence[Floats]
) -> tuple[float, float]:
    """Traces of U Gamma and its square where these moments (k,) are 0 and the rest fits; W diagonal."""
    zero = np.flatnonzero(apart)
    first = second = 0.0
    for W, Gamma in zip(weight, gamma, strict=True):
        within = shared_block(Gamma, zero, zero)
        first += float(W[zero] @ np.diag(within))
        second += float(W[zero] @ ((within * within) @ W[zero]))
    return first, second

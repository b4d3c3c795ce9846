"""What robust CFI, TLI and RMSEA of ordered items rest on: the normal discrepancy of their correlations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.estimators.squares.moment_rows import MomentRows
from servicefx.sem.reading.model_test import ModelTest

__all__ = ["Correlations", "correlation_tests"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Correlations:
    """Latent correlations of one group of n rows; p items, c pairs, q free values behind the correlations.

    Attributes
    ----------
    n_obs : int
    sample, implied : ndarray, shape (p, p)
    gamma : ndarray, shape (c, c)
        Covariance of sqrt(n) times the correlations.
    jacobian, heavy, pulled : ndarray, shape (c, q)
        Derivatives D of the correlations by the free values, V D with the weight V that was minimised, and
        Gamma V D.
    """

    n_obs: int
    sample: Floats
    implied: Floats
    gamma: Floats
    jacobian: Floats
    heavy: Floats
    pulled: Floats


def correlation_tests(
    rows: MomentRows, groups: Sequence[Correlations], inverse: Floats, df: int
) -> tuple[ModelTest, ModelTest] | tuple[None, None]:
    """Normal-theory statistics of latent correlations at least-squares estimates, of model and baseline.

    Parameters
    ----------
    rows : MomentRows
        Which pair of items each correlation belongs to.
    groups : sequence of Correlations
        One a group.
    inverse : ndarray, shape (q, q)
        Of the information D' V D, summed over groups by their share of the rows, along the constraints.
    df : int
        Degrees of freedom of the model.

    Returns
    -------
    tuple of ModelTest
        chi2 is n F of maximum likelihood, the scaling factor its mean over df under the model; None where the
        correlations are not those of any data.

    References
    ----------
    Savalei (2021), Multivar. Behav. Res. 56, 390-407.
    """
    q = groups[0].jacobian.shape[1]
    total = sum(group.n_obs for group in groups)
    chi2 = chi2_baseline = mean = mean_baseline = 0.0
    bread, cross, meat = (np.zeros((q, q)) for _ in range(3))
    for group in groups:
        sign, log_sample = np.linalg.slogdet(group.sample)
        sign_implied, log_implied = np.linalg.slogdet(group.implied)
        if sign <= 0 or sign_implied <= 0 or df <= 0:
            return None, None
        precision: Floats = np.asarray(np.linalg.inv(group.implied), dtype=np.float64)
        fitted = log_implied + np.sum(precision * group.sample) - log_sample - len(precision)
        chi2 += group.n_obs * float(fitted)
        chi2_baseline -= group.n_obs * float(log_sample)
        W = _normal_weight(precision, rows)
        WD, D, share = W @ group.jacobian, group.jacobian, group.n_obs / total
        mean += float(np.vdot(W, group.gamma))
        mean_baseline += float(np.trace(group.gamma))
        bread += share * (D.T @ WD)
        cross += share * (group.pulled.T @ WD)
        meat += share * (group.heavy.T @ group.pulled)
    mean += float(np.sum((inverse @ bread) * (inverse @ meat).T)) - 2.0 * float(np.sum(inverse * cross))
    pairs = len(groups) * len(rows.pair)
    return (
        ModelTest(chi2=chi2, df=df, scaling_factor=mean / df),
        ModelTest(chi2=chi2_baseline, df=pairs, scaling_factor=mean_baseline / pairs),
    )


def _normal_weight(inverse: Floats, rows: MomentRows) -> Floats:
    """Second derivative, halved, of the normal discrepancy in the correlations, shape (c, c)."""
    by_left = inverse[rows.left]
    across = by_left[:, rows.right]
    W = by_left[:, rows.left]
    W *= inverse[rows.right][:, rows.right]
    W += across * across.T
    return np.asarray(W, dtype=np.float64)

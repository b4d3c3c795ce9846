"""What a discrepancy averages if the model holds: the mean factor behind every scaled and robust measure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["mean_factor"]

Floats = NDArray[np.float64]


def mean_factor(
    weight: Sequence[Floats],
    gamma: Sequence[Floats],
    jacobian: Sequence[Floats],
    *,
    df: int,
    estimation_weight: Sequence[Floats] | None = None,
    shares: Sequence[float] = (1.0,),
) -> float:
    """Mean of a discrepancy over its degrees of freedom, under a model that holds.

    1 if the discrepancy is that of the right likelihood. It is ``scaling_factor`` of the `ModelTest` that
    robust CFI, TLI and RMSEA are made of.

    Parameters
    ----------
    weight : sequence of ndarray, shape (m, m)
        Second derivative, halved, of the reported discrepancy in the saturated moments, one matrix a group.
    gamma : sequence of ndarray, shape (m, m)
        n times the sampling covariance of the saturated moments.
    jacobian : sequence of ndarray, shape (m, q)
        Derivative of the implied moments in the free parameters (the same q in all groups), full rank;
        q = 0 for a model without parameters.
    df : int
        Degrees of freedom, positive.
    estimation_weight : sequence of ndarray, shape (m, m), optional
        Weight of the discrepancy that was minimised; left out, ``weight``.
    shares : sequence of float
        Each group's share of the rows.

    Returns
    -------
    float
        trace(M' W M Gamma) / df with M = I - D (D' V D)^-1 D' V.

    Notes
    -----
    With V = W it is trace(U Gamma) / df (Satorra & Bentler 1994). The general form serves estimates that do
    not minimise the reported discrepancy: the complete-data likelihood ratio at incomplete-data estimates,
    where V is the observed information of the saturated model and W the complete-data weight at the
    saturated moments (Zhang & Savalei 2023), and the normal-theory discrepancy of polychoric correlations
    at least-squares estimates, where V is diagonal and W the normal weight at the implied correlations
    (Savalei 2021).

    References
    ----------
    Satorra & Bentler (1994), in von Eye & Clogg, Latent Variables Analysis, 399-419. Savalei (2021),
    Multivar. Behav. Res. 56, 390-407. Zhang & Savalei (2023), Psychol. Methods 28, 263-283.

    Examples
    --------
    >>> mean_factor([np.eye(3)], [2 * np.eye(3)], [np.ones((3, 1))], df=2)
    2.0
    """
    q = jacobian[0].shape[1]
    free = 0.0
    information, bread, cross, meat = (np.zeros((q, q)) for _ in range(4))
    minimised = weight if estimation_weight is None else estimation_weight
    for W, V, G, D, share in zip(weight, minimised, gamma, jacobian, shares, strict=True):
        VD, WD = V @ D, W @ D
        free += float(np.sum(W * G))
        information += share * (D.T @ VD)
        bread += share * (D.T @ WD)
        cross += share * (VD.T @ G @ WD)
        meat += share * (VD.T @ G @ VD)
    if q:
        free -= 2 * float(np.trace(np.linalg.solve(information, cross)))
        free += float(np.trace(np.linalg.solve(information, bread) @ np.linalg.solve(information, meat)))
    return free / df

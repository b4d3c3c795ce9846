"""Whether a restriction makes a model fit worse: chi-square differences, plain and scaled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from servicefx.errors import Problem, StudyError
from servicefx.sem.reading.model_test import ModelTest

__all__ = [
    "DifferenceTest",
    "chi2_difference",
    "difference_traces",
    "satorra_2000",
    "satorra_bentler_2001",
    "satorra_bentler_2010",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceTest:
    """A test of the restrictions that make one model out of another.

    Attributes
    ----------
    chi2_diff : float
        Test statistic; NaN where it does not exist.
    df_diff : int
        Restrictions.
    p_value : float
        Probability of a larger statistic if the restrictions hold.
    scaling_factor : float
        What the difference of the unscaled statistics was divided by; 1 without scaling.
    problem : str
        Why the test is missing or doubtful; empty if neither.
    """

    chi2_diff: float
    df_diff: int
    p_value: float
    scaling_factor: float = 1.0
    problem: str = ""


def chi2_difference(nested: ModelTest, general: ModelTest) -> DifferenceTest:
    """Likelihood-ratio test of a nested model against a more general one.

    Parameters
    ----------
    nested, general : ModelTest
        With and without the restrictions; only ``chi2`` and ``df`` are used.

    Returns
    -------
    DifferenceTest
        ``chi2_diff`` = T0 - T1, on df0 - df1 degrees of freedom.

    Raises
    ------
    StudyError
        If the nested model has no more degrees of freedom than the general one.

    Examples
    --------
    >>> test = chi2_difference(ModelTest(chi2=117.946, df=26), ModelTest(chi2=85.306, df=24))
    >>> round(test.chi2_diff, 2), test.df_diff
    (32.64, 2)
    """
    return _scaled(nested, general, 1.0, 0.0)


def satorra_bentler_2001(nested: ModelTest, general: ModelTest) -> DifferenceTest:
    """Scaled difference of two mean-scaled statistics; may turn out not to exist.

    Parameters
    ----------
    nested, general : ModelTest
        With their scaling factors.

    Returns
    -------
    DifferenceTest
        NaN with a ``problem`` where the scaling factor of the difference is not positive.

    Raises
    ------
    StudyError
        If the nested model has no more degrees of freedom, or a model has no scaled test.

    Notes
    -----
    (T0 - T1) / c_d with c_d = (df0 c0 - df1 c1) / (df0 - df1) and unscaled T.

    References
    ----------
    Satorra & Bentler (2001), Psychometrika 66, 507-514, eq. 12-13.

    Examples
    --------
    >>> nested = ModelTest(chi2=120.0, df=26, scaling_factor=1.10)
    >>> general = ModelTest(chi2=85.0, df=24, scaling_factor=1.05)
    >>> round(satorra_bentler_2001(nested, general).chi2_diff, 2)
    20.59
    """
    _require_scaling(nested, general)
    factor = (nested.expected - _expected(general)) / _degrees(nested, general)
    return _scaled(nested, general, factor, 0.0)


def satorra_bentler_2010(nested: ModelTest, general: ModelTest, between: ModelTest) -> DifferenceTest:
    """Scaled difference whose scaling factor is positive for all data that are not degenerate.

    Parameters
    ----------
    nested, general : ModelTest
        As in `satorra_bentler_2001`.
    between : ModelTest
        Test of the general model taken at the nested model's estimates, without iterating ("M10"): only its
        scaling factor is used.

    Returns
    -------
    DifferenceTest
        As `satorra_bentler_2001`.

    Raises
    ------
    StudyError
        As `satorra_bentler_2001`.

    Notes
    -----
    c_d = (df0 c0 - df1 c10) / (df0 - df1).

    References
    ----------
    Satorra & Bentler (2010), Psychometrika 75, 243-248, eq. 8.
    """
    _require_scaling(nested, between)
    if between.df != general.df:
        found = f"has {between.df} degrees of freedom, {general.df} of the general model expected"
        raise StudyError(Problem("the model between", found, "Evaluate the general model itself."))
    factor = (nested.expected - _expected(between)) / _degrees(nested, general)
    return _scaled(nested, general, factor, 0.0)


def satorra_2000(
    nested: ModelTest, general: ModelTest, *, trace: float, trace_squared: float | None = None
) -> DifferenceTest:
    """Difference test scaled by the law of the difference itself; the one for WLSMV.

    Parameters
    ----------
    nested, general : ModelTest
        Only the unscaled ``chi2`` and ``df`` are used.
    trace, trace_squared : float
        trace(U Gamma) and trace((U Gamma)^2) of the difference, from `difference_traces`. With the second the
        statistic is scaled and shifted to the right mean and variance, without it scaled to the right mean.

    Returns
    -------
    DifferenceTest
        On df0 - df1 degrees of freedom; ``scaling_factor`` without the shift.

    Raises
    ------
    StudyError
        If the nested model has no more degrees of freedom than the general one.

    Notes
    -----
    Mean: (T0 - T1) d / t1. Mean and variance: a (T0 - T1) + d - a t1 with a = sqrt(d / t2), d = df0 - df1.

    References
    ----------
    Satorra (2000), in Heijmans, Pollock & Satorra, Innovations in Multivariate Statistical Analysis, 233-247.
    Asparouhov & Muthén (2010), Simple second order chi-square correction, Mplus technical appendix, eq. 5.
    """
    d = _degrees(nested, general)
    if trace_squared is None:
        return _scaled(nested, general, trace / d, 0.0)
    factor = math.sqrt(trace_squared / d) if trace_squared > 0 else math.nan
    return _scaled(nested, general, factor, d - trace / factor)


def difference_traces(
    weight: Sequence[Floats],
    gamma: Sequence[Floats],
    jacobian_general: Sequence[Floats],
    jacobian_nested: Sequence[Floats],
    *,
    shares: Sequence[float] = (1.0,),
) -> tuple[float, float]:
    """Traces of U Gamma and of its square for the difference of two nested models.

    Parameters
    ----------
    weight, gamma : sequence of ndarray, shape (m, m)
        Weight of the discrepancy, and n times the sampling covariance of the moments, one matrix a group.
    jacobian_general, jacobian_nested : sequence of ndarray, shape (m, q1) and (m, q0)
        Derivatives of the implied moments in each model's free parameters, full rank.
    shares : sequence of float
        Each group's share of the rows.

    Returns
    -------
    tuple of float
        trace(U Gamma), trace((U Gamma)^2): the mean of the difference, and half its variance.

    Notes
    -----
    U = W D1 [P^-1 - H (H' P H)^-1 H'] D1' W with P = D1' W D1 and H the least-squares solution of
    D1 H = D0, so that the models need only be nested, not be written with the same parameters
    (Satorra 2000, eq. 23, with the restriction's derivative taken from the two Jacobians).
    """
    q = jacobian_general[0].shape[1]
    P, B = np.zeros((q, q)), np.zeros((q, q))
    for W, G, D, share in zip(weight, gamma, jacobian_general, shares, strict=True):
        WD = W @ D
        P += share * (D.T @ WD)
        B += share * (WD.T @ G @ WD)
    H = np.linalg.lstsq(np.vstack(jacobian_general), np.vstack(jacobian_nested), rcond=None)[0]
    inner = np.linalg.solve(P, np.eye(len(H))) - H @ np.linalg.solve(H.T @ P @ H, H.T)
    product = inner @ B
    return float(np.trace(product)), float(np.sum(product * product.T))


def _scaled(nested: ModelTest, general: ModelTest, factor: float, shift: float) -> DifferenceTest:
    """The difference over a factor, plus a shift, with what is doubtful about it."""
    df = _degrees(nested, general)
    difference = nested.chi2 - general.chi2
    if not factor > 0:
        return DifferenceTest(
            chi2_diff=math.nan,
            df_diff=df,
            p_value=math.nan,
            scaling_factor=factor,
            problem=f"the scaling factor of the difference is {factor:.3g}, not positive",
        )
    statistic = difference / factor + shift
    # a nested model fits no better: a difference below zero is beyond what the optimiser leaves undone
    worse = difference < -1e-6 * max(abs(general.chi2), 1.0)
    return DifferenceTest(
        chi2_diff=statistic,
        df_diff=df,
        p_value=float(chdtrc(df, max(statistic, 0.0))),
        scaling_factor=factor,
        problem="the model with restrictions fits better than the one without" if worse else "",
    )


def _degrees(nested: ModelTest, general: ModelTest) -> int:
    if nested.df <= general.df:
        found = f"{nested.df} degrees of freedom with restrictions, more than {general.df} expected"
        raise StudyError(Problem("difference test", found, "Compare a model with one nested in it."))
    return nested.df - general.df


def _expected(test: ModelTest) -> float:
    """Mean of a statistic if its model holds; nothing where there is nothing to test."""
    return test.expected if test.df else 0.0


def _require_scaling(*tests: ModelTest) -> None:
    if any(test.scaling_factor is None for test in tests):
        found = "a model has no scaled test, one expected in each"
        raise StudyError(Problem("difference test", found, "Fit both models with MLM, MLR or WLSMV."))

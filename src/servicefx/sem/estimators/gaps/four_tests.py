"""Tests of full-information maximum likelihood: model and baseline, plain, scaled and for robust measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.estimators.gaps.baseline import baseline_of, baseline_trace
from servicefx.sem.estimators.gaps.gap_likelihood import MissingLikelihood
from servicefx.sem.estimators.gaps.saturated_parts import (
    Grouping,
    baseline_directions,
    mean_discrepancy,
    model_directions,
    saturated_parts,
)
from servicefx.sem.estimators.gaps.whitening import Whitening
from servicefx.sem.estimators.task import Task
from servicefx.sem.reading.model_test import ModelTest
from servicefx.sem.structure.constraints import directions_along
from servicefx.sem.structure.matrices import implied

__all__ = ["FourTests", "tests_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FourTests:
    """Likelihood-ratio tests of model and baseline, and the statistics robust measures are made of."""

    test: ModelTest
    baseline: ModelTest
    robust_test: ModelTest
    robust_baseline: ModelTest


def tests_of(
    task: Task,
    likelihood: MissingLikelihood,
    theta: Floats,
    whitened: Sequence[Whitening],
    *,
    chi2: float,
    df: int,
    jacobian: Floats | None,
    groupings: Sequence[Grouping] | None,
    model_trace: float,
) -> FourTests:
    """All tests at the estimates.

    Parameters
    ----------
    task : Task
        Names the covariates and the kind of information.
    likelihood : MissingLikelihood
        Over unit-scaled free values.
    theta : ndarray, shape (q,)
        The minimum.
    whitened : sequence of Whitening
        Saturated moments, one a group.
    chi2, df : float and int
        Of the likelihood-ratio test.
    jacobian : ndarray, shape (m, q), or None
        Of the constraints.
    groupings : sequence of Grouping, or None
        How rows add up to independent ones, for scaled tests; None for plain ones.
    model_trace : float
        Trace of the model's meat over its information; not used without groupings.

    Notes
    -----
    Scaling factors are those of Yuan & Bentler (2000), (trace of the saturated model - trace of the model) /
    df, each over its own information. Robust measures are made of the complete-data statistic of the
    saturated moments at the incomplete-data estimates and of its mean factor (Zhang & Savalei 2023).
    """
    observed = task.information == "observed"
    parts = saturated_parts(whitened, observed=observed, groupings=groupings)
    baselines = [baseline_of(task, one) for one in whitened]
    p, x = len(task.model.items), len(task.model.exogenous)
    df_baseline = len(whitened) * (p * (p - 1) // 2 - x * (x - 1) // 2)
    halves = np.array([one.half_discrepancy for one in baselines]) - likelihood.saturated
    chi2_baseline = (
        max(2.0 * task.sample.n_obs * float(likelihood.share @ halves), 0.0) if df_baseline else 0.0
    )
    factor, factor_baseline = None, None
    if groupings is not None:
        free = sum(part.trace for part in parts)
        traces = [
            baseline_trace(task, one, base, by, observed=observed)
            for one, base, by in zip(whitened, baselines, groupings, strict=True)
        ]
        factor = (free - model_trace) / df if df else float("nan")
        factor_baseline = (free - sum(traces)) / df_baseline if df_baseline else float("nan")
    basis = None if jacobian is None else directions_along(jacobian)
    along = model_directions(likelihood, theta, whitened, basis)
    along_baseline = baseline_directions(task, whitened)
    own_moments = [(one.mean, one.cov) for one in baselines]
    return FourTests(
        test=ModelTest(chi2=chi2, df=df, scaling_factor=factor),
        baseline=ModelTest(chi2=chi2_baseline, df=df_baseline, scaling_factor=factor_baseline),
        robust_test=ModelTest(
            chi2=_complete_chi2(whitened, _implied_moments(likelihood, theta)) if df else 0.0,
            df=df,
            scaling_factor=mean_discrepancy(parts, along, df) if df else float("nan"),
        ),
        robust_baseline=ModelTest(
            chi2=_complete_chi2(whitened, own_moments) if df_baseline else 0.0,
            df=df_baseline,
            scaling_factor=mean_discrepancy(parts, along_baseline, df_baseline)
            if df_baseline
            else float("nan"),
        ),
    )


def _implied_moments(likelihood: MissingLikelihood, theta: Floats) -> list[tuple[Floats, Floats]]:
    """Means (p,) and covariances (p, p) of each group, less the patterns' centre and in their scale."""
    p = likelihood.layout.n_items
    sigma = implied(likelihood.layout, theta, shift=likelihood.shift).sigma
    return [(one[:p, p], one[:p, :p] - np.outer(one[:p, p], one[:p, p])) for one in sigma]


def _complete_chi2(whitened: Sequence[Whitening], moments: Sequence[tuple[Floats, Floats]]) -> float:
    """Rows times F of complete rows with the saturated moments, at other means and covariances."""
    total = 0.0
    for one, (mean, cov) in zip(whitened, moments, strict=True):
        root = np.linalg.cholesky(cov)
        inner = np.linalg.solve(root, one.root)
        away = np.linalg.solve(root, one.mean - mean)
        logs = 2.0 * float(np.log(np.diag(root)).sum() - np.linalg.slogdet(one.root)[1])
        total += one.patterns.n_obs * (logs + float(np.sum(inner**2)) + float(away @ away) - len(mean))
    return max(total, 0.0)

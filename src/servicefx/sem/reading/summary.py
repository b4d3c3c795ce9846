"""Every fit measure of a SemFit, from its tests and moments."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.reading.measures import fit_measures, undefined_measures
from servicefx.sem.reading.moment_measures import srmr
from servicefx.sem.reading.standardised import covariances
from servicefx.sem.structure.counting import moments_and_free

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["implied_moments", "measures_of", "undefined_of"]

Floats = NDArray[np.float64]


def implied_moments(fit: SemFit, g: int) -> tuple[Floats, Floats | None]:
    """Implied covariances (p, p) and means (p,) of one group's items.

    Covariances are in the units of `SemFit.moments`; means of ordered items are those of the latent
    responses, before any scaling, as lavaan gives them.
    """
    p = len(fit.model.items)
    sigma = fit.at.sigma[g]
    if fit.solution.layout.constant is None:
        return sigma[:p, :p], None
    mean, cov = sigma[:p, p], covariances(fit, g)[:p, :p]
    scaling = fit.solution.extra.get("scaling")
    if scaling is not None:  # ordered items: from latent responses to the scale of their correlations
        by_item = np.asarray(scaling)[g]
        return cov * np.outer(by_item, by_item), mean
    return cov, mean


def measures_of(fit: SemFit) -> dict[str, float]:
    """Fit measures by name; see `servicefx.sem.reading.measures.fit_measures`."""
    solution, model = fit.solution, fit.model
    return fit_measures(
        model=solution.test,
        baseline=solution.baseline,
        robust_model=solution.robust_test,
        robust_baseline=solution.robust_baseline,
        n_obs=fit.n_obs,
        n_free=moments_and_free(model)[1],
        n_groups=len(model.groups),
        n_scale=solution.n_scale,
        logl=solution.logl,
        srmr=_typical_residual(fit),
    )


def _typical_residual(fit: SemFit) -> float:
    """SRMR; of ordered items among those that covariates explain, of what these leave of the items."""
    model = fit.model
    implied = [implied_moments(fit, g) for g in range(len(model.groups))]
    sample, sigmas = [one.cov for one in fit.solution.moments], [sigma for sigma, _ in implied]
    if model.ordered and model.covariates:
        held = [model.items.index(name) for name in model.covariates]
        sample, sigmas = [_given(S, held) for S in sample], [_given(sigma, held) for sigma in sigmas]
        cells = len(sample[0]) * (len(sample[0]) + 1) // 2
        # lavaan counts one more cell for each covariate
        share = math.sqrt(cells / (cells + len(held)))
        return srmr(sample, _with_variances(sigmas, sample), fit.weight_by_group) * share
    if model.ordered:
        return srmr(sample, _with_variances(sigmas, sample), fit.weight_by_group)
    return srmr(
        sample,
        sigmas,
        fit.weight_by_group,
        sample_means=[m.mean for m in fit.solution.moments if m.mean is not None] if model.means else None,
        implied_means=[mean for _, mean in implied if mean is not None] if model.means else None,
    )


def _with_variances(sigmas: list[Floats], sample: list[Floats]) -> list[Floats]:
    """Implied covariances with the sample's variances: with ordered items lavaan counts no misfit of them."""
    return [sigma + np.diag(np.diag(S) - np.diag(sigma)) for sigma, S in zip(sigmas, sample, strict=True)]


def _given(cov: Floats, held: list[int]) -> Floats:
    """Covariances of the other items given some."""
    rest = [at for at in range(len(cov)) if at not in held]
    between = cov[np.ix_(rest, held)]
    explained = between @ np.linalg.solve(cov[np.ix_(held, held)], between.T)
    return np.asarray(cov[np.ix_(rest, rest)] - explained, dtype=np.float64)


def undefined_of(fit: SemFit) -> dict[str, str]:
    """Why measures are NaN, by name."""
    measures, because = fit.measures, {}
    robust = fit.solution.robust_test
    if fit.model.ordered and robust is not None and math.isnan(robust.chi2):
        why = "known only where all items are ordered, without covariates, and thresholds are not shared"
        because = {name: why for name in measures if "robust" in name}
    return undefined_measures(
        measures, model=fit.solution.test, baseline=fit.solution.baseline, because=because
    )

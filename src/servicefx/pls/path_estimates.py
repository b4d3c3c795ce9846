"""The paths of a fit of composites as `Estimates`, one an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from servicefx.pls.pls_fit import PlsFit
from servicefx.values.estimates import Estimates

if TYPE_CHECKING:
    from servicefx.pls.pls_bootstrap import PlsBootstrap

__all__ = ["path_estimates"]

_NO_ERRORS = "needs resamples: pls.bootstrap"


def path_estimates(fit: PlsFit, drawn: PlsBootstrap | None = None) -> tuple[Estimates, ...]:
    """The paths as `Estimates`, one an explained construct, in order of the model.

    Parameters
    ----------
    fit : PlsFit
    drawn : PlsBootstrap, optional
        Its bootstrap, whose draws give the covariance; without it the covariance is NaN, with its reason.

    Returns
    -------
    tuple of Estimates
        Standardised; resamples without an answer are left out of the covariance. Intervals of
        `Estimates.table` are normal ones; those of the draws themselves stand in `PlsBootstrap.table`.
    """
    fits = []
    shares = fit.r2[["estimate", "adjusted"]].to_numpy(dtype=np.float64)
    for outcome, (share, adjusted) in zip(fit.model.outcomes, shares, strict=True):
        terms = fit.model.terms(outcome)
        places = [fit.model.paths.index((outcome, term)) for term in terms]
        covariance = np.full((len(terms), len(terms)), np.nan)
        kind = _NO_ERRORS
        if drawn is not None:
            draws = np.column_stack([drawn.of(outcome, term) for term in terms])
            known = draws[np.isfinite(draws).all(axis=1)]
            kind = f"bootstrap ({len(known):,} resamples)"
            if len(known) > 1:
                covariance = np.cov(known, rowvar=False).reshape(len(terms), len(terms))
        fits.append(
            Estimates(
                estimator="PLSc" if fit.choices.consistent else "PLS",
                outcome=outcome,
                terms=terms,
                coefficients=fit.solution.paths[0, places],
                covariance=covariance,
                covariance_kind=kind,
                df=float("inf"),
                n_obs=fit.n_obs,
                dropped=dict(fit.dropped),
                fit_measures={"r_squared": float(share), "r_squared_adjusted": float(adjusted)},
                undefined={} if drawn is not None else {"std_error": _NO_ERRORS},
                assumptions=("the model of composites holds",),
            )
        )
    return tuple(fits)

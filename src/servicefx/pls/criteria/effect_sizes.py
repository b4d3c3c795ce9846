"""Cohen's f²: how much of what is left unexplained a term explains."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.solution import Solution
from servicefx.pls.terms import PlsTerm

__all__ = ["effect_size_terms", "effect_size_values", "effect_sizes_frame"]

Floats = NDArray[np.float64]


def effect_sizes_frame(fit: PlsFit) -> pd.DataFrame:
    """Effect size of every path.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    DataFrame
        ``outcome, term, estimate``: what R² loses without the term, as a share of what the whole equation
        leaves unexplained, in [0, inf); the scores stay as they are. About .02, .15, .35 are small, medium
        and large.

    References
    ----------
    Cohen (1988), Statistical Power Analysis, 2nd ed., pp. 410-414.
    """
    return pd.DataFrame(
        {
            "outcome": [outcome for outcome, _ in fit.model.paths],
            "term": [term for _, term in fit.model.paths],
            "estimate": effect_size_values(fit, fit.solution)[0],
        }
    )


def effect_size_terms(fit: PlsFit) -> list[PlsTerm]:
    """One a path."""
    return [PlsTerm(lhs=lhs, op="~", rhs=rhs, quantity="effect_size") for lhs, rhs in fit.model.paths]


def effect_size_values(fit: PlsFit, solution: Solution) -> Floats:
    """Values of `effect_size_terms`, shape (B, n_paths); NaN where R² is not below 1.

    R² falls by b² / (inverse correlation of the terms)_tt without term t.
    """
    model, last = fit.model, solution.last
    at = {name: j for j, name in enumerate(last.stage.constructs)}
    values = np.full((len(solution.paths), len(model.paths)), np.nan)
    for number, outcome in enumerate(model.outcomes):
        columns = [j for j, (lhs, _) in enumerate(model.paths) if lhs == outcome]
        terms = [at[model.paths[j][1]] for j in columns]
        among = last.correlations[:, terms][:, :, terms]
        known = np.flatnonzero(np.isfinite(solution.paths[:, columns]).all(axis=1))
        inverse = np.linalg.inv(among[known])
        lost = solution.paths[known][:, columns] ** 2 / np.einsum("btt->bt", inverse)
        left = 1.0 - solution.r2[known, number]
        values[known[:, None], columns] = lost / np.where(left > 0, left, np.nan)[:, None]
    return values

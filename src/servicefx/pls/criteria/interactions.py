"""What products say: how a slope changes with another construct, and how a curve bends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx.pls.base_columns import product_weights
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.stage_solution import last_making

__all__ = ["interactions_frame"]


def interactions_frame(fit: PlsFit) -> pd.DataFrame:
    """Every product with its path and what it does to a slope.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    DataFrame
        ``outcome, term, left, right, estimate, sd, slope_change``: ``estimate`` is the path of the
        standardised product, as other PLS programs print it; ``sd`` the product's standard deviation before,
        both factors being standardised; ``slope_change`` = estimate / sd: by how much the slope of ``left``
        (standard deviations of the outcome per one of ``left``) rises when ``right`` rises by one standard
        deviation; of a square, half the slope's change. Empty without products.

    References
    ----------
    Henseler & Chin (2010), Structural Equation Modeling 17, 82-109. doi:10.1080/10705510903439003
    """
    rows = []
    names = {each.name for each in fit.model.products}
    for (outcome, term), estimate in zip(fit.model.paths, fit.solution.paths[0], strict=True):
        if term not in names:
            continue
        product = fit.model.product(term)
        factors = [last_making(name, fit.solution.stages[:-1]) for name in (product.left, product.right)]
        left, right = (run.base_weights[:, :, at] for run, at in factors)
        weights = product_weights(fit.base, left, right)
        sd = float(np.sqrt(np.einsum("bp,bpq,bq->b", weights, fit.base.covariance, weights)[0]))
        rows.append((outcome, term, product.left, product.right, float(estimate), sd, float(estimate) / sd))
    return pd.DataFrame(rows, columns=["outcome", "term", "left", "right", "estimate", "sd", "slope_change"])

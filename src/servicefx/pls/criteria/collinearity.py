"""Variance inflation: how far terms of an equation, or items of a construct, repeat one another."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.pls.pls_fit import PlsFit

__all__ = ["collinearity_frame", "inflation"]

Floats = NDArray[np.float64]


def inflation(correlation: Floats) -> Floats:
    """Variance inflation factors of the columns of a correlation matrix, shape (p,), each >= 1.

    The inverse's diagonal; infinite where a column is known from the others.
    """
    if np.linalg.eigvalsh(correlation)[0] <= 1e-12:
        return np.full(len(correlation), np.inf)
    return np.asarray(np.diag(np.linalg.inv(correlation)), dtype=np.float64)


def collinearity_frame(fit: PlsFit) -> pd.DataFrame:
    """Variance inflation of the terms of every equation and of the items of every construct.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    DataFrame
        ``kind, outcome, term, vif``: kind ``"terms"`` (what explains an outcome) or ``"items"`` (what a
        construct is made of; the construct stands under ``outcome``). 1 where nothing is repeated; above 5
        weights and paths are hardly told apart. Equations and constructs with one entry have 1.

    References
    ----------
    Hair, Hult, Ringle & Sarstedt (2022), A Primer on PLS-SEM, 3rd ed., p. 147 (above 5; better below 3).
    """
    rows: list[tuple[str, str, str, float]] = []
    correlations = fit.correlations
    for outcome in fit.model.outcomes:
        terms = list(fit.model.terms(outcome))
        among = correlations.loc[terms, terms].to_numpy(dtype=np.float64)
        rows += [("terms", outcome, term, value) for term, value in zip(terms, inflation(among), strict=True)]
    for construct in fit.model.constructs:
        run, at = fit.solution.measuring(construct)
        block = list(run.stage.design.blocks[at])
        among = run.correlation[0][np.ix_(block, block)]
        rows += [
            ("items", construct, run.stage.columns[i].name, float(value))
            for i, value in zip(block, inflation(among), strict=True)
        ]
    return pd.DataFrame(rows, columns=["kind", "outcome", "term", "vif"])

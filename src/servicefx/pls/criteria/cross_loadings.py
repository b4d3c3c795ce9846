"""Correlations of every item with every composite."""

from __future__ import annotations

import pandas as pd

from servicefx.pls.pls_fit import PlsFit

__all__ = ["cross_loadings_frame"]


def cross_loadings_frame(fit: PlsFit) -> pd.DataFrame:
    """How strongly each item goes with each composite, its own first.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    DataFrame
        ``item, construct, other, estimate, own``: the item, the construct it belongs to, the composite it is
        correlated with, the correlation in [-1, 1], and that with its own composite. Where the correlation
        with another composite is the larger one, the item measures that one better. Composites'
        correlations, also with ``consistent``.

    References
    ----------
    Chin (1998), in Marcoulides (ed.), Modern Methods for Business Research, p. 321.
    """
    rows = []
    for construct, item, run, i, j in fit.blocks():
        own = float(run.composite_loadings[0, i, j])
        for other, value in zip(run.stage.constructs, run.composite_loadings[0, i], strict=True):
            rows.append((item, construct, other, float(value), own))
    return pd.DataFrame(rows, columns=["item", "construct", "other", "estimate", "own"])

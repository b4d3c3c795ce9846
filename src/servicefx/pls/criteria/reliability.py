"""Reliability and extracted variance of constructs, from weights and loadings."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.solution import Solution
from servicefx.pls.terms import PlsTerm

__all__ = ["MEASURES", "reliability_frame", "reliability_terms", "reliability_values", "why_none"]

Floats = NDArray[np.float64]
Measure = Literal["alpha", "rho_a", "composite_reliability", "average_variance_extracted"]
MEASURES: tuple[Measure, ...] = ("alpha", "rho_a", "composite_reliability", "average_variance_extracted")


def why_none(fit: PlsFit, construct: str) -> str:
    """Why a construct has no reliability; empty where it has one."""
    run, at = fit.solution.measuring(construct)
    if construct not in fit.model.reflective:
        return "formative: its items need not agree"
    if run.stage.design.modes[at] == "B" and len(run.stage.design.blocks[at]) > 1:
        return "Mode B: its items need not agree"
    return "one item" if len(run.stage.design.blocks[at]) < 2 else ""


def reliability_frame(fit: PlsFit) -> pd.DataFrame:
    """Reliability of every construct.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    DataFrame
        ``construct, n_items, alpha, rho_a, composite_reliability, average_variance_extracted, undefined``:
        alpha of standardised items (-inf, 1], rho_A, rho_c and the mean squared loading in [0, 1]; with
        ``consistent`` the last two are those of the corrected loadings. NaN with the reason in ``undefined``
        for formative constructs and single items: one item says nothing of its own reliability.

    References
    ----------
    Dijkstra & Henseler (2015), MIS Quarterly 39, 297-316, eq. 3 (rho_A). Fornell & Larcker (1981),
    J. Marketing Research 18, 39-50, eq. 10-11. With composites' loadings the latter two are above those of a
    factor model.
    """
    values = reliability_values(fit, fit.solution)[0].reshape(-1, len(MEASURES))
    names = fit.model.constructs
    runs = {name: fit.solution.measuring(name) for name in names}
    n_items = [len(run.stage.design.blocks[at]) for run, at in runs.values()]
    frame = pd.DataFrame({"construct": list(names), "n_items": n_items})
    for at, measure in enumerate(MEASURES):
        frame[measure] = values[:, at]
    frame["undefined"] = [why_none(fit, name) for name in names]
    return frame


def reliability_terms(fit: PlsFit) -> list[PlsTerm]:
    """Construct after construct, the four measures of each."""
    return [
        PlsTerm(lhs=name, op="", rhs="", quantity=measure)
        for name in fit.model.constructs
        for measure in MEASURES
    ]


def reliability_values(fit: PlsFit, solution: Solution) -> Floats:
    """Values of `reliability_terms`, shape (B, 4 K); NaN where a construct has none."""
    n_samples = len(solution.paths)
    columns: list[Floats] = []
    for construct in fit.model.constructs:
        if why_none(fit, construct):
            columns += [np.full(n_samples, np.nan)] * len(MEASURES)
            continue
        run, at = solution.measuring(construct)
        rows = list(run.stage.design.blocks[at])
        p = len(rows)
        total = run.correlation[:, rows][:, :, rows].sum(axis=(1, 2))
        loadings = run.loadings[:, rows, at]
        common = loadings.sum(axis=1) ** 2
        errors = (1.0 - loadings**2).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            columns += [
                p / (p - 1) * (1.0 - p / total),
                run.rho_a[:, at],
                common / (common + errors),
                np.mean(loadings**2, axis=1),
            ]
    return np.stack(columns, axis=1)

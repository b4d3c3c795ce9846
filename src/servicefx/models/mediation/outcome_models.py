"""The outcome's and a binary mediator's equation: coefficients of the sample and of every resample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.discrete import fit_logit, logit_draws
from servicefx.engines.linear import fit_ols
from servicefx.engines.ordered import fit_ordered_logit
from servicefx.engines.ordered_draws import ordered_logit_draws
from servicefx.engines.probit import fit_probit, probit_draws
from servicefx.errors import DataError, Problem
from servicefx.models.mediation.quadrature import Link
from servicefx.moments.resample import resampled_least_squares
from servicefx.values.estimates import Estimates

__all__ = ["Equation", "OutcomeKind", "fit_equation"]

Floats = NDArray[np.float64]
OutcomeKind = Literal["linear", "logit", "probit", "ordered"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Equation:
    """One equation with the sample's coefficients first and those of the resamples below.

    Attributes
    ----------
    estimates : Estimates
    link : {"linear", "logit", "probit"}
    terms : tuple of str, length k
    slopes : ndarray, shape (1 + draws, k)
    constants : ndarray, shape (1 + draws, m)
        One, or of ordered answers one a threshold: what is added to the linear predictor of "this answer or
        above".
    answers : tuple of float, length m + 1
        Ordered answers, rising; empty for others.
    """

    estimates: Estimates
    link: Link
    terms: tuple[str, ...]
    slopes: Floats
    constants: Floats
    answers: tuple[float, ...] = ()

    def step(self, term: str) -> Floats:
        """Coefficient of a term, shape (1 + draws,); zeros where the equation lacks it."""
        if term not in self.terms:
            return np.zeros(len(self.slopes))
        return self.slopes[:, self.terms.index(term)]


def fit_equation(
    frame: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    kind: OutcomeKind,
    counts: NDArray[np.float32],
    *,
    clusters: pd.Series | None,
    weights: pd.Series | None,
) -> Equation:
    """An equation fitted to the sample and to every resample of it.

    Parameters
    ----------
    frame : DataFrame, shape (n, m)
    outcome : str
    terms : sequence of str, length k
    kind : {"linear", "logit", "probit", "ordered"}
    counts : ndarray, shape (1 + draws, n)
        The first row holds ones.
    clusters, weights : Series of length n, or None
        Weights for linear equations only.

    Raises
    ------
    DataError, IdentificationError, ConvergenceError
        As the engines; DataError if weights come with another than a linear equation.
    """
    y = frame[outcome].to_numpy(dtype=np.float64, copy=True)
    x = frame[list(terms)].to_numpy(dtype=np.float64, copy=True)
    padded = np.column_stack([x, np.ones(len(y))])
    if weights is not None and kind != "linear":
        found = f"survey weights '{weights.name}' cannot be used where '{outcome}' is no measurement"
        raise DataError(Problem(f"{kind} of '{outcome}'", found, "Leave them out, and say so."))
    if kind == "ordered":
        fit = fit_ordered_logit(frame, outcome, terms, clusters=clusters)
        known = np.unique(np.round(y / np.ptp(y), 10), return_index=True, return_inverse=True)
        drawn = ordered_logit_draws(known[2].astype(np.intp), x, counts, fit.coefficients)
        drawn[0] = fit.coefficients
        k = len(terms)
        answers = tuple(float(value) for value in y[known[1]])
        return Equation(
            estimates=fit, link="logit", terms=tuple(terms),
            slopes=drawn[:, :k], constants=-drawn[:, k:], answers=answers,
        )  # fmt: skip
    link: Link
    if kind == "linear":
        covariance: Literal["hc3", "cluster"] = "hc3" if clusters is None else "cluster"
        fit = fit_ols(frame, outcome, terms, covariance=covariance, clusters=clusters, weights=weights)
        weight = None if weights is None else weights.to_numpy(dtype=float, copy=True)
        link, drawn = "linear", resampled_least_squares(y, padded, counts, weight)
    elif kind == "logit":
        fit = fit_logit(frame, outcome, terms, clusters=clusters)
        link, drawn = "logit", logit_draws(y, padded, counts, fit.coefficients)
    else:
        fit = fit_probit(frame, outcome, terms, clusters=clusters)
        link, drawn = "probit", probit_draws(y, padded, counts, fit.coefficients)
    drawn[0] = fit.coefficients
    return Equation(
        estimates=fit, link=link, terms=tuple(terms), slopes=drawn[:, :-1], constants=drawn[:, -1:]
    )

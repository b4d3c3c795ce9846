"""Fitting a path model of composites, from rows or from a correlation matrix."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, DataError, IdentificationError, Problem, closest
from servicefx.moments.checks import check_collinear, complete_matrix
from servicefx.moments.moments import Moments
from servicefx.pls.composites import SCHEMES, Composites, Mode, Scheme, composites, path_coefficients
from servicefx.pls.model import PlsModel, pls_model
from servicefx.pls.pls_fit import PlsFit
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import ParameterTable

__all__ = ["fit", "item_values"]

Floats = NDArray[np.float64]


def fit(
    model: ParameterTable | str,
    data: pd.DataFrame | Moments,
    *,
    scheme: Scheme = "path",
    mode: Mapping[str, Mode] | None = None,
    tolerance: float = 1e-10,
    max_iterations: int = 1000,
) -> PlsFit:
    """Fit a path model of composites.

    Parameters
    ----------
    model : ParameterTable or str
        ``=~`` (Mode A), ``<~`` (Mode B), ``~``.
    data : DataFrame or Moments
        The model's items (other columns are not read). Rows with a gap in one of them are not used, and
        counted in ``dropped``.
    scheme : {"path", "factorial", "centroid"}
        How neighbours enter the inner proxies.
    mode : mapping of str to {"A", "B"}, optional
        Construct -> mode, where it differs from its line's.
    tolerance : float
        Largest move of a weight in the last round.
    max_iterations : int
        Rounds at most.

    Returns
    -------
    PlsFit
        Items standardised. Each composite is turned so that the loadings of its items sum to a positive
        number.

    Raises
    ------
    StudyError
        If the model is not one of composites.
    DataError
        If an item is absent, constant or holds text, or items repeat one another.
    IdentificationError
        If a composite's terms or the items of a Mode B composite cannot be told apart.
    ConvergenceError
        If the weights keep moving.

    Examples
    --------
    >>> names = ["q1", "q2", "s1", "s2"]
    >>> printed = pd.DataFrame(
    ...     [[1, 0.6, 0.4, 0.4], [0.6, 1, 0.4, 0.4], [0.4, 0.4, 1, 0.5], [0.4, 0.4, 0.5, 1]], names, names
    ... )
    >>> moments = Moments.from_correlation(printed, [1, 1, 1, 1], n_obs=100)
    >>> model = "quality =~ q1 + q2; satisfaction =~ s1 + s2; satisfaction ~ quality"
    >>> fit(model, moments).paths.round(4).values.tolist()
    [['satisfaction', '~', 'quality', 0.5164]]
    """
    if scheme not in SCHEMES:
        raise ValueError(f"scheme '{scheme}' is not one of {', '.join(SCHEMES)}")
    pls = pls_model(parse_model(model) if isinstance(model, str) else model, mode)
    if isinstance(data, Moments):
        moments, dropped = data.subset(pls.items), 0
    else:
        values, used = item_values(data, pls.items)
        dropped = int((~used).sum())
        moments = Moments.from_frame(pd.DataFrame(values[used], columns=list(pls.items)))
    correlation = moments.correlation
    check_collinear(pls.items, correlation)
    solution = composites(
        correlation[None], pls.design, scheme=scheme, tolerance=tolerance, max_iterations=max_iterations
    )
    _check_solution(pls, solution, max_iterations)
    return PlsFit(
        model=pls,
        n_obs=moments.n_obs,
        dropped={"item missing": dropped} if dropped else {},
        item_weights=solution.weights[0],
        item_loadings=solution.loadings[0],
        composite_correlations=solution.correlations[0],
        settings={
            "scheme": scheme,
            "modes": ", ".join(
                f"{name}: {letter}" for name, letter in zip(pls.constructs, pls.design.modes, strict=True)
            ),
            "items": "standardised",
            "denominator": "n",
            "missing": "listwise",
            "sign": "loadings of a construct's items sum to a positive number",
            "tolerance": tolerance,
            "max_iterations": max_iterations,
            "iterations": solution.iterations,
        },
    )


def item_values(data: pd.DataFrame, items: tuple[str, ...]) -> tuple[Floats, NDArray[np.bool_]]:
    """The items as floats, and which rows are complete.

    Parameters
    ----------
    data : DataFrame, shape (n, >= p)
        Other columns are not read.
    items : tuple of str, length p
        Columns.

    Returns
    -------
    ndarray, shape (n, p)
        NaN throughout in rows that are not complete.
    ndarray of bool, shape (n,)
        Which rows are.

    Raises
    ------
    DataError
        If an item is absent or holds text.
    """
    columns = [str(column) for column in data.columns]
    absent = [item for item in items if item not in columns]
    if absent:
        raise DataError(
            *(
                Problem(f"item '{item}'", f"not in the data{closest(item, columns)}", "Correct the name.")
                for item in absent
            )
        )
    chosen = data.iloc[:, [columns.index(item) for item in items]]
    used = np.asarray(chosen.notna().all(axis=1), dtype=np.bool_)
    values = np.full(chosen.shape, np.nan)
    values[used] = complete_matrix(chosen.loc[used])
    return values, used


def _check_solution(model: PlsModel, solution: Composites, max_iterations: int) -> None:
    if not solution.converged[0]:
        if solution.iterations < max_iterations:
            found = "the items of a composed construct, or the terms of one path equation, repeat one another"
            raise IdentificationError(Problem("PLS", found, "Leave one of them out."))
        found = f"the weights still move after {max_iterations} rounds"
        raise ConvergenceError(Problem("PLS", found, "Choose another scheme, or look for empty constructs."))
    for outcome in model.outcomes:
        terms = model.design.terms[model.constructs.index(outcome)]
        if np.isnan(path_coefficients(solution.correlations, terms, model.constructs.index(outcome))).any():
            listed = ", ".join(f"'{model.constructs[term]}'" for term in terms)
            found = f"the terms {listed} of '{outcome}' repeat one another"
            raise IdentificationError(Problem("PLS", found, "Leave one of them out."))

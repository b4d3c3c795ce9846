"""pls.fit: a path model of composites from rows or from a correlation matrix, and its bootstrap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import ConvergenceError, DataError, IdentificationError, Problem, closest
from servicefx.moments.checks import check_collinear, complete_matrix
from servicefx.moments.moments import Moments
from servicefx.moments.resample import resample_counts, resampled_covariances
from servicefx.pls.composites import SCHEMES, Composites, Mode, Scheme, composites, path_coefficients
from servicefx.pls.model import PlsModel, pls_model
from servicefx.sem.path_draws import PathDraws
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import ParameterTable

__all__ = ["PlsFit", "bootstrap", "fit"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlsFit:
    """A fitted path model of composites; items and composites are standardised.

    Attributes
    ----------
    model : PlsModel
        p items, K constructs.
    n_obs : int
        Rows behind the correlations.
    dropped : mapping of str to int
        Rows not used, by reason.
    item_weights, item_loadings : ndarray, shape (p, K)
        Weights are zero outside a construct's items; loadings are correlations with every composite.
    composite_correlations : ndarray, shape (K, K)
        Of the composites.
    settings : mapping of str to str, int or float
        All that makes programs differ: scheme, modes, denominator, missing rule, sign rule, tolerance.
    """

    model: PlsModel
    n_obs: int
    dropped: Mapping[str, int]
    item_weights: Floats
    item_loadings: Floats
    composite_correlations: Floats
    settings: Mapping[str, str | int | float]

    def __post_init__(self) -> None:
        for name in ("item_weights", "item_loadings", "composite_correlations"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def paths(self) -> pd.DataFrame:
        """Columns ``lhs, op, rhs, estimate``: standard deviations of lhs per standard deviation of rhs."""
        rows = [
            (outcome, "~", term, estimate)
            for (outcome, term), estimate in zip(
                self.model.paths, _paths(self.model, self.composite_correlations[None])[0], strict=True
            )
        ]
        return pd.DataFrame(rows, columns=["lhs", "op", "rhs", "estimate"])

    @property
    def loadings(self) -> pd.DataFrame:
        """Columns ``construct, item, estimate``: correlation of each item with its composite."""
        return self._by_item(self.item_loadings)

    @property
    def weights(self) -> pd.DataFrame:
        """Columns ``construct, item, estimate``: of the standardised item in its composite."""
        return self._by_item(self.item_weights)

    @property
    def r2(self) -> pd.DataFrame:
        """Columns ``outcome, estimate``: explained share of each explained composite's variance."""
        at = {name: j for j, name in enumerate(self.model.constructs)}
        paths = self.paths
        shares = [
            sum(
                row.estimate * self.composite_correlations[at[row.rhs], at[outcome]]
                for row in paths[paths["lhs"] == outcome].itertuples()
            )
            for outcome in self.model.outcomes
        ]
        return pd.DataFrame({"outcome": list(self.model.outcomes), "estimate": shares})

    def _by_item(self, values: Floats) -> pd.DataFrame:
        rows = [
            (construct, self.model.items[i], values[i, j])
            for j, construct in enumerate(self.model.constructs)
            for i in self.model.design.blocks[j]
        ]
        return pd.DataFrame(rows, columns=["construct", "item", "estimate"])


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
        rows, dropped = _complete_rows(data, pls.items)
        moments = Moments.from_frame(rows)
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


def bootstrap(
    fit: PlsFit,
    data: pd.DataFrame,
    draws: int,
    seed: int,
    *,
    analysis_id: str = "pls",
    clusters: ArrayLike | pd.Series | None = None,
) -> PathDraws:
    """Bootstrap draws of the paths.

    Parameters
    ----------
    fit : PlsFit
        Fitted to ``data``.
    data : DataFrame, shape (n, >= p)
        The rows it was fitted to; rows with a gap are left out of every resample, as of the fit.
    draws : int
        Resamples.
    seed : int
        The study's seed.
    analysis_id : str
        Name of the data file, so that draws line up with those of other fits on the same rows.
    clusters : array_like, shape (n,), optional
        Whole clusters are drawn where given.

    Returns
    -------
    PathDraws
        In the order of the model's paths; NaN rows where a resample had no answer. Every resample is
        estimated by the sample's rule; no draw is turned afterwards.
    """
    items = fit.model.items
    values, used = _values_and_use(data, items)
    counts = resample_counts(len(values), draws, seed, analysis_id, clusters)[:, used]
    covariance = resampled_covariances(values[used], counts)
    sd = np.sqrt(np.einsum("bii->bi", covariance))
    known = (sd > 0).all(axis=1)
    table = np.full((draws, len(fit.model.paths)), np.nan)
    correlation = covariance[known] / (sd[known][:, :, None] * sd[known][:, None, :])
    solution = composites(
        correlation,
        fit.model.design,
        scheme=_scheme(fit),
        tolerance=float(fit.settings["tolerance"]),
        max_iterations=int(fit.settings["max_iterations"]),
    )
    table[known] = _paths(fit.model, solution.correlations)
    table[np.isnan(table).any(axis=1)] = np.nan
    return PathDraws(
        paths=fit.model.paths,
        draws=table,
        draw_source=(analysis_id,),
        kind="bootstrap: clusters" if clusters is not None else "bootstrap: rows",
    )


def _scheme(fit: PlsFit) -> Scheme:
    return next(scheme for scheme in SCHEMES if scheme == fit.settings["scheme"])


def _paths(model: PlsModel, correlations: Floats) -> Floats:
    """Path coefficients of a batch, shape (B, n_paths), in the order of the model."""
    at = {name: j for j, name in enumerate(model.constructs)}
    table = np.empty((len(correlations), len(model.paths)))
    for outcome in model.outcomes:
        terms = model.design.terms[at[outcome]]
        columns = [j for j, (lhs, _) in enumerate(model.paths) if lhs == outcome]
        table[:, columns] = path_coefficients(correlations, terms, at[outcome])
    return table


def _values_and_use(data: pd.DataFrame, items: tuple[str, ...]) -> tuple[Floats, NDArray[np.bool_]]:
    """The items as floats, and which rows are complete."""
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


def _complete_rows(data: pd.DataFrame, items: tuple[str, ...]) -> tuple[pd.DataFrame, int]:
    values, used = _values_and_use(data, items)
    return pd.DataFrame(values[used], columns=list(items)), int((~used).sum())


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

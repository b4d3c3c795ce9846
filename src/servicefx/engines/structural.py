"""Structural models by semopy where it is right: complete z-scores, paths among constructs only."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, DataError, IdentificationError, Problem, StudyError, closest
from servicefx.moments.checks import check_collinear, complete_matrix
from servicefx.moments.moments import Moments
from servicefx.sem.fit_measures import fit_measures, undefined_measures
from servicefx.sem.implied import expected_information
from servicefx.sem.model import SemModel, complete_model
from servicefx.sem.scoring import all_values, plain_start, scored_to_minimum
from servicefx.sem.structural_fit import StructuralFit
from servicefx.syntax.table import ParameterTable

__all__ = ["fit_structural"]

Floats = NDArray[np.float64]
_SOLVER = {"ftol": 1e-12, "maxiter": 2000}


def fit_structural(
    model: ParameterTable,
    items: pd.DataFrame,
    *,
    estimator: str = "ml",
    weights: pd.Series | None = None,
    name: str = "structural model",
) -> StructuralFit:
    """Fit a structural model among constructs by maximum likelihood.

    Parameters
    ----------
    model : ParameterTable
        Measurement, paths among constructs, covariances; lavaan's defaults are added.
    items : DataFrame, shape (n, >= p)
        The model's p items (other columns are not read), complete rows, n > p.
    estimator : {"ml"}
        Others are not fitted by this version.
    weights : Series, optional
        Refused by name: survey weights are not used by this estimator.
    name : str
        What is fitted, for messages and notes.

    Returns
    -------
    StructuralFit
        In the users' units; doubtful solutions are flagged in its ``problems``.

    Raises
    ------
    StudyError
        If the model is not one of latent paths.
    DataError
        If an item is absent, incomplete, constant, a copy or a combination of others, rows are too few, or
        weights are given.
    IdentificationError
        If degrees of freedom are negative, or the data cannot tell parameters apart.
    ConvergenceError
        If the gradient does not vanish.

    Notes
    -----
    semopy fits the z-scores under internal names, with every free and fixed cell written out. From its
    estimates Fisher scoring goes on until the gradient of F / 2 is below 1e-9 (semopy keeps variances at
    or above 0 and stops earlier); errors are the inverse of the expected information at that point.
    """
    if estimator != "ml":
        raise StudyError(
            Problem(name, f"estimator '{estimator}' is not fitted by this version", "Choose 'ml'.")
        )
    if weights is not None:
        raise DataError(
            Problem(
                name,
                f"survey weights '{weights.name}' cannot be used by maximum likelihood of this version",
                "Leave the weights out of this model, and say so.",
            )
        )
    sem = complete_model(model)
    if sem.df < 0:
        p = len(sem.items)
        raise IdentificationError(
            Problem(
                name,
                f"{len(sem.free)} parameters from {p * (p + 1) // 2} variances and covariances: "
                f"{sem.df} degrees of freedom",
                "Fix or remove parameters, or add items.",
            )
        )
    answers = _answers(sem, items, name)
    moments = Moments.from_frame(answers)
    if moments.n_obs <= len(sem.items):
        found = f"{moments.n_obs} rows for {len(sem.items)} items, more rows than items expected"
        raise DataError(Problem(name, found, "Add rows, or leave items out."))
    correlation = moments.correlation
    check_collinear(sem.items, correlation)

    spread = np.sqrt(np.diag(moments.cov))
    unit = _cell_units(sem, _scales(sem, spread))
    scaled = _in_units(sem, unit)
    scores = (answers.to_numpy(dtype=np.float64) - moments.mean) / spread
    starts = (_semopy_estimates(scaled, scores, name), plain_start(scaled, correlation))
    free, at = scored_to_minimum(scaled, starts, correlation, name)
    covariance = np.linalg.inv(expected_information(scaled, at)) / moments.n_obs
    free_unit = unit[[cell.fixed is None for cell in sem.cells]]
    sigma = at.sigma * np.outer(spread, spread)
    measures = fit_measures(moments.cov, sigma, n_obs=moments.n_obs, n_free=len(free))
    return StructuralFit(
        name=name,
        model=sem,
        n_obs=moments.n_obs,
        values=all_values(sem, free * free_unit),
        covariance=covariance * np.outer(free_unit, free_unit),
        measures=measures,
        undefined=undefined_measures(measures),
    )


def _answers(sem: SemModel, items: pd.DataFrame, name: str) -> pd.DataFrame:
    """The model's columns as floats, in its order."""
    columns = [str(column) for column in items.columns]
    problems = [
        Problem(f"{name}, item '{item}'", f"not in the data{closest(item, columns)}", "Correct the name.")
        for item in sem.items
        if columns.count(item) == 0
    ] + [
        Problem(f"{name}, item '{item}'", "names several columns", "Give every column its own name.")
        for item in sem.items
        if columns.count(item) > 1
    ]
    if problems:
        raise DataError(*problems)
    chosen = items.iloc[:, [columns.index(item) for item in sem.items]]
    return pd.DataFrame(complete_matrix(chosen), columns=list(sem.items))


def _scales(sem: SemModel, spread: Floats) -> Floats:
    """Unit of every variable: its standard deviation, for a construct that of its first item."""
    scale = dict(zip(sem.items, spread, strict=True))
    first: dict[str, str] = {}
    for cell in sem.cells:
        if cell.op == "=~":
            first.setdefault(cell.lhs, cell.rhs)
    for construct in sem.constructs:
        marker, seen = construct, {construct}
        while marker not in scale and first[marker] not in seen:
            marker = first[marker]
            seen.add(marker)
        scale[construct] = scale.get(marker, 1.0)
    return np.array([scale[variable] for variable in sem.names])


def _cell_units(sem: SemModel, scale: Floats) -> Floats:
    """What one unit of each cell of the z-scored model is in the users' units, shape (c,)."""
    return np.array(
        [
            scale[cell.row] * scale[cell.column] if cell.op == "~~" else scale[cell.row] / scale[cell.column]
            for cell in sem.cells
        ]
    )


def _in_units(sem: SemModel, unit: Floats) -> SemModel:
    """The same model with its fixed values turned to z-scores."""
    cells = [
        cell if cell.fixed is None else replace(cell, fixed=float(cell.fixed / factor))
        for cell, factor in zip(sem.cells, unit, strict=True)
    ]
    return replace(sem, cells=tuple(cells))


def _semopy_estimates(scaled: SemModel, scores: Floats, name: str) -> Floats:
    """Estimates of the free cells by semopy, from z-scores under internal names."""
    p = len(scaled.items)
    names = [f"x{j}" for j in range(p)] + [f"f{j}" for j in range(len(scaled.constructs))]
    label = {cell: f"b{k}" for k, cell in enumerate(scaled.free)}
    lines = []
    for cell in scaled.cells:
        left, right = names[cell.row], names[cell.column]
        if cell.op == "=~":
            left, right = right, left
        value = label.get(cell) or np.format_float_positional(cell.fixed or 0.0)
        lines.append(f"{left} {cell.op} {value}*{right}")
    with _quiet():
        from semopy import Model

        engine: Any = Model("\n".join(lines), cov_diag=True)
        try:
            engine.fit(
                pd.DataFrame(scores, columns=names[:p]), obj="MLW", solver="SLSQP", options=dict(_SOLVER)
            )
        except (np.linalg.LinAlgError, ValueError, FloatingPointError) as fault:
            found = f"the engine stopped: {fault}"
            remedy = "Simplify the model, or look for items that do not belong."
            raise ConvergenceError(Problem(name, found, remedy)) from fault
        active = [key for key, parameter in engine.parameters.items() if parameter.active]
        values = dict(zip(active, np.array(engine.param_vals, dtype=np.float64), strict=True))
    return np.array([values[label[cell]] for cell in scaled.free], dtype=np.float64)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep semopy silent: it logs through the root logger, and its line search leaves the proper region.

    The warnings silenced (overflow, improper logarithms, deprecations of its imports) say nothing about the
    result: whether the minimum is reached is checked afterwards by our own gradient.
    """
    root = logging.getLogger()
    nothing = logging.NullHandler()
    before = logging.root.manager.disable
    root.addHandler(nothing)
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        root.removeHandler(nothing)

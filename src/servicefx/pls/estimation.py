"""Fitting a path model of composites, from rows or from a correlation matrix."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from servicefx.errors import ConvergenceError, DataError, IdentificationError, Problem, StudyError
from servicefx.moments.checks import check_collinear
from servicefx.moments.moments import Moments
from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.choice_problems import choice_problems
from servicefx.pls.composites import Mode, Scheme
from servicefx.pls.model import PlsModel, pls_model
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.sample import MissingRule, sample_of
from servicefx.pls.solution import PlsChoices, Solution, solve
from servicefx.pls.stage_solution import StageSolution
from servicefx.pls.stages import SecondOrder
from servicefx.sem.threads import one_thread
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import ParameterTable

__all__ = ["fit", "fit_model", "moments_of"]

_NEARLY_SINGULAR = 1e-8
"""Smallest eigenvalue of correlations below which their columns are said to repeat one another."""


def fit(
    model: ParameterTable | str,
    data: pd.DataFrame | Moments,
    *,
    scheme: Scheme = "path",
    mode: Mapping[str, Mode] | None = None,
    consistent: bool = False,
    missing: MissingRule = "listwise",
    scaled: bool = True,
    second_order: SecondOrder = "disjoint",
    tolerance: float = 1e-10,
    max_iterations: int = 1000,
    level: float = 0.95,
) -> PlsFit:
    """Fit a path model of composites.

    Parameters
    ----------
    model : ParameterTable or str
        ``=~`` (reflective, Mode A), ``<~`` (formative, Mode B), ``~``. Items stand right of the first two, or
        other constructs (second order); terms of ``~`` may be products, ``a:b`` or ``a:a``.
    data : DataFrame or Moments
        The model's items (other columns are not read); moments serve models without products.
    scheme : {"path", "factorial", "centroid"}
        How neighbours enter the inner proxies.
    mode : mapping of str to {"A", "B"}, optional
        Construct -> mode, where it differs from its line's.
    consistent : bool
        Whether reflective Mode A constructs are taken for common factors (PLSc): loadings, correlations and
        paths are corrected for the errors of their items.
    missing : {"listwise", "mean", "em"}
        Rows with a gap are left out and counted in ``dropped``; gaps are filled by the item's mean; moments
        of highest likelihood.
    scaled : bool
        Whether items are standardised before they are weighted; scores always are.
    second_order : {"disjoint", "embedded", "repeated"}
        How constructs of constructs are estimated; see `servicefx.pls.stages.stages_of`.
    tolerance : float
        Largest move of a weight in the last round.
    max_iterations : int
        Rounds at most.
    level : float
        Of intervals made of this fit, unless they say otherwise.

    Returns
    -------
    PlsFit
        Standardised. Each composite is turned so that the loadings of its items sum to a positive number.

    Raises
    ------
    StudyError
        If the model is not one of composites, or a choice is not known.
    DataError
        If an item is absent, constant or holds text, there are no more rows than items, items repeat one
        another, or moments are given where rows are needed.
    IdentificationError
        If a composite's terms or the items of a Mode B composite cannot be told apart.
    ConvergenceError
        If the weights keep moving.

    References
    ----------
    Lohmöller (1989), Latent Variable Path Modeling with Partial Least Squares; Dijkstra & Henseler (2015),
    MIS Quarterly 39, 297-316 (PLSc).

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
    choices = PlsChoices(
        scheme=scheme, consistent=consistent, missing=missing, scaled=scaled, second_order=second_order,
        tolerance=tolerance, max_iterations=max_iterations,
    )  # fmt: skip
    problems = choice_problems(choices, level)
    if problems:
        raise StudyError(*problems)
    if not isinstance(model, ParameterTable | str):
        found = f"a {type(model).__name__}, where lines of text or a ParameterTable are expected"
        raise StudyError(Problem("model", found, "Write e.g. 'quality =~ q1 + q2'."))
    table = parse_model(model, products=True) if isinstance(model, str) else model
    return fit_model(pls_model(table, mode), data, choices, level)


def fit_model(model: PlsModel, data: pd.DataFrame | Moments, choices: PlsChoices, level: float) -> PlsFit:
    """`fit` for a model and choices that are known to hold."""
    _check_together(model, choices)
    with one_thread():
        if isinstance(data, Moments):
            base, n_obs, n_rows = moments_of(model, data), data.n_obs, data.n_obs
        else:
            sample = sample_of(model, data, choices.missing)
            base, n_obs, n_rows = sample.moments(), sample.n_obs, len(data)
        p = len(model.items)
        if n_obs <= p:
            found = f"{n_obs} rows for {p} items, more rows than items expected"
            raise DataError(Problem("data", found, "Add rows, or leave items out."))
        sd = base.sd[0]
        check_collinear(model.items, base.covariance[0, :p, :p] / np.outer(sd, sd))
        solution = solve(model, base, choices)
    _check_solution(model, solution, choices)
    reason = "item missing" if choices.missing == "listwise" else "no item answered"
    return PlsFit(
        model=model,
        choices=choices,
        n_obs=n_obs,
        dropped={reason: int(n_rows - n_obs)} if n_rows > n_obs else {},
        base=base,
        solution=solution,
        level=level,
    )


def moments_of(model: PlsModel, data: Moments) -> BaseMoments:
    """Moments of the items as base columns of one sample.

    Raises
    ------
    DataError
        If the model has products, which moments do not hold.
    """
    if model.products:
        found = f"'{model.products[0].name}' needs rows, but moments are given"
        raise DataError(Problem("model", found, "Fit the model to the rows, or remove the product."))
    part = data.subset(model.items)
    p = len(model.items)
    return BaseMoments(
        items=model.items, pairs=(), covariance=np.array(part.cov)[None], mean=np.zeros((1, p)),
        origin=np.zeros(p) if part.mean is None else np.array(part.mean),
    )  # fmt: skip


def _check_together(model: PlsModel, choices: PlsChoices) -> None:
    """Raise where a model and choices, each right by itself, do not go together."""
    for name in model.higher if choices.second_order == "repeated" else ():
        if name in model.outcomes and name not in model.reflective:
            found = (
                f"'{name}' repeats the items of its parts, which explain it wholly: other paths to it vanish"
            )
            raise StudyError(Problem("second_order", found, "Choose second_order='disjoint'."))
    if not choices.consistent:
        return
    for item in model.items:
        homes = [f"'{name}'" for name in model.constructs if item in model.blocks[name]]
        if len(homes) > 1:
            found = f"consistent=True, but {' and '.join(homes)} share '{item}', and with it an error"
            remedy = "Leave it in one of them, or choose consistent=False."
            raise StudyError(Problem("consistent", found, remedy))
    if model.products:
        found = f"consistent=True, but the product '{model.products[0].name}' has no correction here"
        raise StudyError(Problem("consistent", found, "Remove the product, or choose consistent=False."))
    if model.higher and choices.second_order != "disjoint":
        found = f"consistent=True with second_order='{choices.second_order}' has no correction"
        raise StudyError(Problem("second_order", found, "Choose second_order='disjoint'."))


def _check_solution(model: PlsModel, solution: Solution, choices: PlsChoices) -> None:
    if choices.consistent:
        _check_reliabilities(solution)
    for stage in solution.stages:
        if stage.converged[0]:
            continue
        if stage.iterations < choices.max_iterations:
            found = f"{_repeated(model, stage)} repeat one another"
            raise IdentificationError(Problem("PLS", found, "Leave one of them out."))
        found = f"the weights still move after {choices.max_iterations} rounds"
        raise ConvergenceError(Problem("PLS", found, "Choose another scheme, or look for empty constructs."))
    for outcome in model.outcomes:
        places = [at for at, (lhs, _) in enumerate(model.paths) if lhs == outcome]
        if not np.isnan(solution.paths[0, places]).any():
            continue
        listed = ", ".join(f"'{term}'" for term in model.terms(outcome))
        found = f"the terms {listed} of '{outcome}' repeat one another"
        raise IdentificationError(Problem("PLS", found, "Leave one of them out."))


def _repeated(model: PlsModel, run: StageSolution) -> str:
    """What repeats itself in a run without an answer, as far as it is known."""
    for outcome in model.outcomes:
        blocks = [model.blocks[term] for term in model.terms(outcome) if term in model.blocks]
        if any(blocks.count(block) > 1 for block in blocks):
            listed = ", ".join(f"'{term}'" for term in model.terms(outcome))
            return f"the terms {listed} of '{outcome}'"
    for name, block, mode in zip(
        run.stage.constructs, run.stage.design.blocks, run.stage.design.modes, strict=True
    ):
        among = run.correlation[0][np.ix_(block, block)]
        if mode == "B" and np.isfinite(among).all() and np.linalg.eigvalsh(among)[0] < _NEARLY_SINGULAR:
            listed = ", ".join(f"'{run.stage.columns[i].name}'" for i in block)
            return f"what '{name}' is made of, {listed},"
    return "the items of a composed construct, or the terms of one path equation,"


def _check_reliabilities(solution: Solution) -> None:
    """Raise where items go against each other, so that a correction by their reliability does not exist."""
    bad = [
        name
        for run in solution.stages
        for name, value in zip(run.stage.constructs, run.rho_a[0], strict=True)
        if value <= 0
    ]
    if bad:
        listed = ", ".join(f"'{name}'" for name in dict.fromkeys(bad))
        found = f"the items of {listed} do not measure one factor (rho_A is not above 0)"
        raise IdentificationError(Problem("PLS", found, "State it with '<~', or consistent=False."))

"""fit: a model in lavaan's language and data to a SemFit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from servicefx.errors import DataError, IdentificationError, Problem, StudyError, closest
from servicefx.moments.checks import check_collinear
from servicefx.moments.moments import Moments
from servicefx.sem.choices import LIKELIHOOD, Choices, checked_choices
from servicefx.sem.estimators.task import Solution, Task
from servicefx.sem.sample import Sample, SemData, read_sample
from servicefx.sem.sem_fit import SemFit
from servicefx.sem.structure.completion import complete_model
from servicefx.sem.structure.layout import layout_of
from servicefx.sem.structure.roles import roles_of
from servicefx.sem.threads import one_thread
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import ParameterTable

__all__ = ["fit", "fit_chosen", "prepared", "solution_of"]


_FAR = 2e4


def fit(
    model: str | ParameterTable,
    data: SemData,
    *,
    estimator: str = "ml",
    missing: str = "listwise",
    group: str | None = None,
    group_equal: Sequence[str] = (),
    ordered: Sequence[str] | bool = (),
    parameterization: str = "delta",
    cluster: str | None = None,
    weights: str | None = None,
    std_lv: bool = False,
    orthogonal: bool = False,
    meanstructure: bool | None = None,
    fixed_x: bool = True,
    information: str | None = None,
    level: float = 0.95,
) -> SemFit:
    """Fit a structural equation model.

    Parameters
    ----------
    model : str or ParameterTable
        In lavaan's language (`servicefx.syntax.parser.parse_model`); lavaan's ``sem()`` defaults are added.
    data : DataFrame, Moments, or mapping of str to either
        Rows; or moments, e.g. of a printed correlation table (``Moments.from_correlation``); or one of either
        for each group. Numeric, nullable, bool or ordered categorical columns.
    estimator : {"ml", "mlm", "mlr", "uls", "gls", "wls", "dwls", "wlsmv"}
        Maximum likelihood; the same with Satorra-Bentler or Huber-White errors and scaled tests; least
        squares unweighted, generalised, with full or diagonal weights; for ordered items (``wlsmv``).
    missing : {"listwise", "fiml"}
        Only complete rows (rows lost are in ``SemFit.dropped``), or full-information maximum likelihood.
    group : str, optional
        Column whose values are compared, each with its own parameters and means.
    group_equal : sequence of str
        Held equal across groups: ``loadings intercepts residuals residual_covariances means lv_variances
        lv_covariances regressions thresholds``.
    ordered : sequence of str, or bool
        Items that are ordered categories; True: all items that something explains.
    parameterization : {"delta", "theta"}
        Of ordered items.
    cluster, weights : str, optional
        Columns: units that rows were drawn in, sampling weights. Errors and test become robust.
    std_lv, orthogonal, fixed_x : bool
        Fix variances of constructs instead of first loadings; constructs do not covary; covariates are held
        at their sample moments.
    meanstructure : bool, optional
        Model means as well. By default with groups, ``~1`` lines, ``fiml``, ``ordered`` or ``cluster``.
    information : {"expected", "observed"}, optional
        Behind standard errors. By default observed with ``mlr`` and ``fiml``, else expected.
    level : float
        Of confidence intervals, strictly between 0 and 1.

    Returns
    -------
    SemFit
        Doubtful solutions are flagged by name in its ``problems``.

    Raises
    ------
    StudyError
        If the model or a choice is wrong.
    DataError
        If a column is absent, constant, a copy or combination of others, rows are too few, or the choice
        needs rows and moments are given.
    IdentificationError
        If degrees of freedom are negative or parameters cannot be told apart.
    ConvergenceError
        If no minimum is found.

    References
    ----------
    Jöreskog (1969), Psychometrika 34, 183-202 (ml); Satorra & Bentler (1994), in von Eye & Clogg, Latent
    Variables Analysis, 399-419 (mlm); Yuan & Bentler (2000), Sociol. Methodol. 30, 165-200 (mlr); Browne
    (1984), Br. J. Math. Stat. Psychol. 37, 62-83 (gls, wls); Muthén (1984), Psychometrika 49, 115-132
    (wlsmv); Arbuckle (1996), in Marcoulides & Schumacker, Advanced Structural Equation Modeling, 243-277
    (fiml).

    Examples
    --------
    >>> from servicefx.moments.moments import Moments
    >>> corr = [[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]]
    >>> data = Moments.from_correlation(corr, [1, 1, 1], 200, names=["x", "m", "y"])
    >>> fitted = fit("m ~ x; y ~ m", data)
    >>> round(fitted.measures["chi2"], 2), int(fitted.measures["df"])
    (19.21, 1)
    """
    choices = checked_choices(
        estimator=estimator,
        missing=missing,
        group=group,
        group_equal=group_equal,
        ordered=ordered,
        parameterization=parameterization,
        cluster=cluster,
        weights=weights,
        std_lv=std_lv,
        orthogonal=orthogonal,
        meanstructure=meanstructure,
        fixed_x=fixed_x,
        information=information,
        level=level,
    )
    if not isinstance(model, str | ParameterTable):
        found = f"a {type(model).__name__}, where text in lavaan's language is expected"
        raise StudyError(Problem("model", found, "Give the model first, as text, then the data."))
    table = parse_model(model) if isinstance(model, str) else model
    return fit_chosen(table, data, choices)


def fit_chosen(table: ParameterTable, data: SemData, choices: Choices) -> SemFit:
    """As `fit`, for a table and choices already made."""
    with one_thread():
        task = prepared(table, data, choices)
        solution = solution_of(task)
    for array in (solution.theta, solution.vcov):
        array.setflags(write=False)
    return SemFit(
        model=task.model,
        table=table,
        choices=choices,
        n_by_group=tuple(group.n_obs for group in task.sample.groups),
        dropped=dict(task.sample.dropped),
        solution=solution,
    )


def prepared(table: ParameterTable, data: SemData, choices: Choices) -> Task:
    """Everything an estimator needs, checked."""
    roles = roles_of(table, fixed_x=choices.fixed_x)
    ordered = _ordered_items(table, data, choices, roles.items)
    fiml = choices.missing == "fiml"
    sample = read_sample(
        data,
        roles.items,
        group=choices.group,
        keep_gaps=fiml,
        complete=roles.covariates if fiml else (),
        ordered=ordered,
        weights=choices.weights,
        cluster=choices.cluster,
    )
    _refuse_shared_names(roles.constructs, data)
    means = _models_means(table, choices, len(sample.groups), bool(ordered))
    if means and any(one.moments is not None and one.moments.mean is None for one in sample.groups):
        bare = len(sample.groups) > 1 and not table.of("~1")
        remedy = "Give the means as well, or set meanstructure=False." if bare else "Give the means as well."
        raise DataError(Problem("data", "the model has means, and the moments have none", remedy))
    if choices.group_equal and len(sample.groups) == 1:
        raise StudyError(Problem("group_equal", "there is one group, nothing to hold equal", "Name 'group'."))
    if "thresholds" in choices.group_equal and not ordered:
        found = "'thresholds' are those of ordered items, and there are none"
        raise StudyError(Problem("group_equal", found, "Name the ordered items, or leave it out."))
    model = complete_model(
        table,
        groups=sample.labels,
        means=means,
        std_lv=choices.std_lv,
        orthogonal=choices.orthogonal,
        fixed_x=choices.fixed_x,
        group_equal=choices.group_equal,
        levels=_levels(sample, ordered),
        parameterization=choices.parameterization,
    )
    _check_sample(sample, choices)
    task = Task(
        model=model,
        layout=layout_of(model),
        sample=sample,
        estimator=choices.estimator,
        missing=choices.missing,
        information=choices.information_used,
    )
    _check_identified(task)
    _check_nearness(task)
    return task


def solution_of(task: Task) -> Solution:
    """Hand a task to its estimator."""
    if task.missing == "fiml":
        from servicefx.sem.estimators.gaps.fiml import fit_missing

        return fit_missing(task)
    if task.model.ordered:
        from servicefx.sem.estimators.answers.ordered import fit_ordered

        return fit_ordered(task)
    if task.estimator in LIKELIHOOD:
        from servicefx.sem.estimators.complete import fit_complete

        return fit_complete(task)
    from servicefx.sem.estimators.squares.least_squares import fit_least_squares

    return fit_least_squares(task)


def _refuse_shared_names(constructs: tuple[str, ...], data: SemData) -> None:
    """Refuse constructs that bear the name of a column: one of the two would be meant, and not said."""
    first = next(iter(data.values())) if isinstance(data, Mapping) else data
    columns = set(first.names) if isinstance(first, Moments) else set()
    if isinstance(first, pd.DataFrame):
        columns = set(first.columns)
    shared = [name for name in constructs if name in columns]
    if shared:
        raise StudyError(
            *(
                Problem("model", f"construct '{name}' is a column of the data as well", "Rename one of them.")
                for name in shared
            )
        )


def _ordered_items(
    table: ParameterTable, data: SemData, choices: Choices, items: tuple[str, ...]
) -> tuple[str, ...]:
    """The ordered items: named, all explained ones, or (for wlsmv) the categorical columns; may be none."""
    explained = {row.rhs for row in table.of("=~")} | {row.lhs for row in table.of("~")}
    if choices.ordered is True:
        return tuple(item for item in items if item in explained)
    named = () if isinstance(choices.ordered, bool) else choices.ordered
    absent = [name for name in named if name not in items]
    if absent:
        raise StudyError(
            *(
                Problem("ordered", f"'{name}' is no item of the model{closest(name, items)}", "Correct it.")
                for name in absent
            )
        )
    if not named and choices.estimator == "wlsmv":
        frame = next(iter(data.values())) if isinstance(data, Mapping) else data
        if isinstance(frame, pd.DataFrame):
            named = tuple(
                item
                for item in items
                if item in explained
                and item in frame.columns
                and isinstance(frame[item].dtype, pd.CategoricalDtype)
            )
    unexplained = [name for name in named if name not in explained]
    if unexplained:
        raise StudyError(
            *(
                Problem(
                    "ordered",
                    f"'{name}' is explained by nothing in the model",
                    "Leave it out of 'ordered'; as a covariate it is used as a number.",
                )
                for name in unexplained
            )
        )
    return tuple(item for item in items if item in named)


def _models_means(table: ParameterTable, choices: Choices, n_groups: int, ordered: bool) -> bool:
    needed = n_groups > 1 or bool(table.of("~1")) or choices.missing == "fiml" or ordered
    if choices.meanstructure is False and needed and n_groups == 1:
        why = "ordered items" if ordered else "'~1' lines" if table.of("~1") else "missing='fiml'"
        raise StudyError(
            Problem("meanstructure", f"is False, and {why} need means", "Leave it out, or set it to True.")
        )
    if choices.meanstructure is None:
        return needed or choices.cluster is not None
    return choices.meanstructure


def _levels(sample: Sample, ordered: tuple[str, ...]) -> dict[str, int]:
    """Categories that occur in any group, by ordered item."""
    levels = {}
    for name in ordered:
        at = sample.names.index(name)
        found = np.unique(np.concatenate([g.values[:, at] for g in sample.groups if g.values is not None]))
        levels[name] = len(found)
        if len(found) < 2:
            raise DataError(
                Problem(f"column '{name}'", "holds one category, at least 2 expected", "Leave it out.")
            )
    return levels


def _check_sample(sample: Sample, choices: Choices) -> None:
    """Refuse too few rows, and columns that repeat or add up to others."""
    p = len(sample.names)
    for group in sample.groups:
        where = f"group '{group.label}'" if group.label else "data"
        if group.moments is not None:
            if group.n_obs <= p and choices.estimator != "uls":
                found = f"{group.n_obs} rows for {p} items, more rows than items expected"
                raise DataError(Problem(where, found, "Add rows, or leave items out."))
            check_collinear(sample.names, group.moments.correlation)
    needs_rows = choices.estimator in ("mlm", "mlr", "wls", "dwls", "wlsmv")
    if needs_rows and any(group.values is None for group in sample.groups):
        raise DataError(
            Problem(
                "data",
                f"'{choices.estimator}' needs the rows, and only moments are given",
                "Give the rows, or choose ml, gls or uls.",
            )
        )


def _check_identified(task: Task) -> None:
    """Refuse a model with more free values than moments before it is fitted."""
    from servicefx.sem.structure.counting import moments_and_free

    moments, free = moments_and_free(task.model)
    if free > moments:
        raise IdentificationError(
            Problem(
                task.where,
                f"{free} parameters from {moments} means, variances and covariances: "
                f"{moments - free} degrees of freedom",
                "Fix or remove parameters, or add items.",
            )
        )


def _check_nearness(task: Task) -> None:
    """Refuse columns so far from 0 that their effects drown in the intercepts' rounding."""
    explaining = {p.rhs for p in task.model.parameters if p.op == "~"} if task.model.means else set()
    problems: list[Problem] = []
    for group in task.sample.groups:
        for name in explaining.intersection(task.sample.names):
            at = task.sample.names.index(name)
            if group.moments is not None and group.moments.mean is not None:
                mean, variance = group.moments.mean[at], group.moments.cov[at, at]
            elif group.values is not None:
                mean, variance = np.nanmean(group.values[:, at]), np.nanvar(group.values[:, at])
            else:
                continue
            if abs(mean) > _FAR * variance**0.5:
                found = (
                    f"has a mean of {mean:.6g}, {abs(mean) / variance**0.5:.2g} standard deviations from 0"
                )
                problems.append(Problem(f"column '{name}'", found, "Subtract a constant from it."))
    if problems:
        raise DataError(*dict.fromkeys(problems))

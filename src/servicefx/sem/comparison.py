"""compare: chi2 difference tests of nested fits, scaled where their tests are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, IdentificationError, Problem, StudyError, closest
from servicefx.sem.difference_tests import (
    DifferenceTest,
    chi2_difference,
    difference_traces,
    satorra_2000,
    satorra_bentler_2001,
    satorra_bentler_2010,
)
from servicefx.sem.reading.measures import ModelTest
from servicefx.sem.sample import SemData
from servicefx.sem.sem_fit import SemFit
from servicefx.sem.structure.constraints import along_constraints, constraint_of

__all__ = ["compare", "difference_of"]

Floats = NDArray[np.float64]
METHODS = ("plain", "satorra_bentler_2001", "satorra_bentler_2010", "satorra_2000")


def compare(
    *fits: SemFit,
    names: Sequence[str] | None = None,
    method: str | None = None,
    data: SemData | None = None,
) -> pd.DataFrame:
    """Test restrictions: whether chi2 rises more than the degrees of freedom gained allow.

    Parameters
    ----------
    *fits : SemFit
        Two or more, of the same items and rows with the same estimator, each nested in one with fewer degrees
        of freedom; in any order. That they are nested is the reader's to know.
    names : sequence of str, optional
        How the table names them, in the order given; "1", "2", … by default.
    method : {"plain", "satorra_bentler_2001", "satorra_bentler_2010", "satorra_2000"}, optional
        By default plain for ``ml``, ``gls``, ``wls``; Satorra-Bentler 2001 for fits with mean-scaled tests;
        Satorra 2000 for scaled-and-shifted ones (``wlsmv``).
    data : optional
        What the fits were made of; only Satorra-Bentler 2010 needs it.

    Returns
    -------
    DataFrame
        ``model, df, chi2, chi2_diff, df_diff, p_value``, fewest degrees of freedom first; chi2 is unscaled,
        the difference scaled. ``attrs["problems"]`` holds what makes a difference doubtful.

    Raises
    ------
    StudyError
        If fits differ in items or estimator, degrees of freedom are equal, or the method does not suit.
    DataError
        If fits rest on different rows, or the method needs the data.

    References
    ----------
    Satorra (2000); Satorra & Bentler (2001), Psychometrika 66, 507-514; (2010), Psychometrika 75, 243-248.
    """
    _check(fits, method)
    labels = [str(at + 1) for at in range(len(fits))] if names is None else [str(name) for name in names]
    if len(labels) != len(fits):
        raise ValueError(f"{len(fits)} fits need as many names, not {len(labels)}")
    order = sorted(range(len(fits)), key=lambda at: fits[at].solution.test.df)
    rows: list[dict[str, object]] = []
    problems: list[Problem] = []
    for at, before in zip(order, [None, *order[:-1]], strict=True):
        test = fits[at].solution.test
        row: dict[str, object] = {"model": labels[at], "df": test.df, "chi2": test.chi2}
        row |= {"chi2_diff": np.nan, "df_diff": np.nan, "p_value": np.nan}
        if before is not None:
            found = difference_of(fits[at], fits[before], method=method, data=data)
            row |= {"chi2_diff": found.chi2_diff, "df_diff": found.df_diff, "p_value": found.p_value}
            if found.problem:
                remedy = "Compare with method='satorra_bentler_2010' and the data, or free less at once."
                problems.append(Problem(f"'{labels[at]}' against '{labels[before]}'", found.problem, remedy))
        rows.append(row)
    frame = pd.DataFrame(rows, columns=["model", "df", "chi2", "chi2_diff", "df_diff", "p_value"])
    frame.attrs["problems"] = tuple(problems)
    return frame


def difference_of(
    nested: SemFit, general: SemFit, *, method: str | None = None, data: SemData | None = None
) -> DifferenceTest:
    """The test of one fit against a more general one; arguments and errors as in `compare`."""
    left, right = nested.solution.test, general.solution.test
    chosen = method or _default(nested)
    if chosen == "plain":
        return chi2_difference(left, right)
    if chosen == "satorra_2000":
        return _satorra_2000(nested, general)
    if left.scaling_factor is None or right.scaling_factor is None:
        found = f"'{nested.estimator}' fits have no scaled test"
        raise StudyError(Problem("method", found, "Leave 'method' out, or fit with mlr or mlm."))
    if chosen == "satorra_bentler_2001":
        return satorra_bentler_2001(left, right)
    if nested.choices.missing == "fiml":
        found = f"'{chosen}' is not computed with missing='fiml'"
        raise StudyError(Problem("method", found, "Choose satorra_bentler_2001."))
    if data is None:
        raise DataError(Problem("data", f"'{chosen}' needs the rows", "Give the data of the fits."))
    return satorra_bentler_2010(left, right, _between(nested, general, data))


def _default(fit: SemFit) -> str:
    test = fit.solution.test
    if test.scaling_factor is None:
        return "plain"
    return "satorra_2000" if "gamma" in fit.solution.extra else "satorra_bentler_2001"


def _check(fits: Sequence[SemFit], method: str | None) -> None:
    if len(fits) < 2:
        raise StudyError(Problem("compare", f"{len(fits)} fit, at least 2 expected", "Give more."))
    if method is not None and method not in METHODS:
        found = f"'{method}' is not known{closest(method, METHODS)}"
        raise StudyError(Problem("method", found, f"Choose among {', '.join(METHODS)}."))
    first = fits[0]
    for other in fits[1:]:
        if sorted(other.model.items) != sorted(first.model.items):
            unlike = sorted(set(other.model.items) ^ set(first.model.items))
            named = ", ".join(f"'{name}'" for name in unlike)
            found = f"fits of different items cannot be compared: {named} is in one only"
            raise StudyError(Problem("compare", found, "Keep the item in both, its path fixed at 0."))
        if other.estimator != first.estimator or other.choices.missing != first.choices.missing:
            found = f"'{first.estimator}' and '{other.estimator}' fits have different statistics"
            raise StudyError(Problem("compare", found, "Fit both with the same choices."))
        if other.n_by_group != first.n_by_group or not _same_moments(first, other):
            raise DataError(
                Problem("compare", "the fits rest on different rows", "Fit both to the same data.")
            )
    counts = [fit.solution.test.df for fit in fits]
    if len(set(counts)) < len(counts):
        found = (
            f"two fits have the same degrees of freedom ({counts}), so that neither is nested in the other"
        )
        raise StudyError(Problem("compare", found, "Compare their information criteria."))


def _same_moments(one: SemFit, other: SemFit) -> bool:
    for left, right in zip(one.solution.moments, other.solution.moments, strict=True):
        cov = right.subset(left.names).cov
        size = np.sqrt(np.outer(np.diag(left.cov), np.diag(left.cov)))
        if np.abs(left.cov - cov).max(initial=0.0) > 1e-6 * size.max():
            return False
    return True


def _satorra_2000(nested: SemFit, general: SemFit) -> DifferenceTest:
    parts = general.solution.extra
    if not {"gamma", "weight", "delta"} <= set(parts) or "delta" not in nested.solution.extra:
        found = f"'{nested.estimator}' fits keep no weights of the moments"
        raise StudyError(Problem("method", found, "Leave 'method' out."))
    trace, squared = difference_traces(
        parts["weight"],  # type: ignore[arg-type]
        parts["gamma"],  # type: ignore[arg-type]
        _along_constraints(general),
        _along_constraints(nested),
        shares=[n / nested.n_obs for n in nested.n_by_group],
    )
    return satorra_2000(nested.solution.test, general.solution.test, trace=trace, trace_squared=squared)


def _along_constraints(fit: SemFit) -> list[Floats]:
    """Derivatives of each group's moments by free value, along the model's constraints."""
    stacked: Floats = fit.solution.extra["delta"]  # type: ignore[assignment]
    blocks = np.split(stacked, len(fit.model.groups))
    basis = along_constraints(fit.model, fit.theta)
    return [block @ basis for block in blocks]


def _between(nested: SemFit, general: SemFit, data: SemData) -> ModelTest:
    """Test of the general model at the nested one's estimates (M10)."""
    from servicefx.sem.estimation import prepared
    from servicefx.sem.estimators.likelihood import Likelihood, target_of
    from servicefx.sem.estimators.robust.sandwich import robust_parts
    from servicefx.sem.estimators.search import units_of
    from servicefx.sem.reading.standardised import parameter_values

    values = {
        (p.group, p.lhs, p.op, p.rhs): value
        for p, value in zip(nested.model.parameters, parameter_values(nested), strict=True)
    }
    absent = [p for p in general.model.first if (p.group, p.lhs, p.op, p.rhs) not in values]
    if absent and any(p.op != "~~" for p in absent):
        found = f"'{absent[0].text}' is in the general model only"
        raise IdentificationError(
            Problem("compare", found, "State it in both models, fixed in the nested one.")
        )
    theta = np.array([values.get((p.group, p.lhs, p.op, p.rhs), 0.0) for p in general.model.first])
    task = prepared(general.table, data, general.choices)
    moments = [group.moments for group in task.sample.groups if group.moments is not None]
    cov = np.array([one.cov for one in moments])
    mean = None if any(one.mean is None for one in moments) else np.array([one.mean for one in moments])
    units = units_of(task, cov, mean)
    target = target_of(
        list(units.cov),
        None if units.mean is None else list(units.mean),
        list(general.weight_by_group),
        with_means=general.model.means,
    )
    likelihood = Likelihood.of(units.scaled, target)
    constraint = constraint_of(task.model, units.unit)
    scaled = theta / units.unit
    jacobian = None if constraint is None else constraint(scaled)[1]
    parts = robust_parts(task, units, likelihood, scaled, jacobian)
    return ModelTest(
        chi2=nested.solution.test.chi2, df=general.solution.test.df, scaling_factor=parts.scaling_factor
    )

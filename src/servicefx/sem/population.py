"""A population stated in the model language, or taken from a fit: the moments that samples are drawn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.moments.moments import Moments
from servicefx.sem.reading.summary import implied_moments
from servicefx.sem.sem_fit import SemFit
from servicefx.sem.structure.completion import complete_model
from servicefx.sem.structure.layout import layout_of
from servicefx.sem.structure.matrices import implied
from servicefx.sem.structure.sem_model import Parameter
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import Modifier, ParameterTable

__all__ = ["drawn_moments", "drawn_rows", "freed", "population_of", "stated_moments"]

Floats = NDArray[np.float64]
_ENOUGH = 1e-10
_MANY = 1_000_000_000
"""Rows that moments of a population claim: only their means and covariances are used."""


def population_of(population: str | ParameterTable | SemFit | Moments) -> dict[str, Moments]:
    """Moments of a population by group; ``""`` where there is one.

    Raises
    ------
    StudyError
        As `stated_moments`, or if the fit has ordered items.
    """
    if isinstance(population, Moments):
        return {"": population}
    if not isinstance(population, SemFit):
        table = parse_model(population) if isinstance(population, str) else population
        return {"": stated_moments(table)}
    if population.model.ordered:
        found = "a fit of ordered items, and populations are of continuous ones"
        raise StudyError(Problem("population", found, "State the population as text."))
    moments = {}
    for g, group in enumerate(population.model.groups):
        sigma, mean = implied_moments(population, g)
        known = population.solution.moments[g].mean if mean is None else mean
        moments[group] = Moments(names=population.model.items, n_obs=_MANY, mean=known, cov=sigma)
    return moments


def stated_moments(table: ParameterTable) -> Moments:
    """Means and covariances implied by a model whose loadings and paths are all stated as numbers.

    First loadings without a number are 1. A variance without one is what brings the variable's whole variance
    to 1; covariances and intercepts without one are 0.

    Parameters
    ----------
    table : ParameterTable
        Of one group.

    Returns
    -------
    Moments

    Raises
    ------
    StudyError
        If a loading or path has no number, constraints are stated, or a variance of 1 is explained in whole.
    """
    if table.constraints:
        raise StudyError(
            Problem("population", "states an equality, and numbers are expected", "Remove '==' lines.")
        )
    model = complete_model(table, means=True, fixed_x=False)
    open_effects = [p for p in model.first if p.op in ("=~", "~")]
    if open_effects:
        raise StudyError(
            *(
                Problem("population", f"'{p.text}' has no number", f"State it, as in '{_example(p)}'.")
                for p in open_effects
            )
        )
    layout = layout_of(model)
    theta = np.zeros(layout.n_free)
    place = {name: at for at, name in enumerate(model.items)}
    place |= {name: layout.n_observed + at for at, name in enumerate(model.constructs)}
    sought = [p for p in model.first if p.op == "~~" and p.lhs == p.rhs]
    at = np.array([place[p.lhs] for p in sought], dtype=np.intp)
    if len(at):
        total = implied(layout, theta).total[0]
        around = implied(layout, theta).symmetric[0].copy()
        around[len(model.items), len(model.items)] = 0.0  # the constant
        known = np.diag(total @ around @ total.T)[at]
        values = np.linalg.solve(total[np.ix_(at, at)] ** 2, 1.0 - known)
        whole = [p.lhs for p, value in zip(sought, values, strict=True) if not value > _ENOUGH]
        if whole:
            raise StudyError(
                *(
                    Problem(
                        "population",
                        f"what explains '{name}' leaves nothing of a variance of 1",
                        f"State what is left, as in '{name} ~~ 0.5*{name}', or smaller effects.",
                    )
                    for name in whole
                )
            )
        theta[[p.position for p in sought]] = values
    p = len(model.items)
    sigma = implied(layout, theta).sigma[0]
    mean = sigma[:p, p]
    cov = sigma[:p, :p] - np.outer(mean, mean)
    if not np.linalg.eigvalsh(cov).min() > 0:
        found = "its covariances are not those of any data"
        raise StudyError(Problem("population", found, "State smaller covariances."))
    return Moments(names=model.items, n_obs=_MANY, mean=mean, cov=cov)


def freed(table: ParameterTable) -> ParameterTable:
    """A population's table as a model to be fitted: numbers other than 0 become free values."""
    rows = []
    for row in table.rows:
        modifiers = tuple(
            Modifier(label=one.label) if one.fixed is not None and one.fixed != 0.0 else one
            for one in row.modifiers
        )
        rows.append(replace(row, modifiers=modifiers if any(m != Modifier() for m in modifiers) else ()))
    return replace(table, rows=tuple(rows))


def drawn_rows(population: Moments, n: int, rng: np.random.Generator) -> Floats:
    """Rows of a multivariate normal population, shape (n, p)."""
    root = np.linalg.cholesky(population.cov)
    rows = rng.standard_normal((n, len(root))) @ root.T
    return np.asarray(rows if population.mean is None else rows + population.mean, dtype=np.float64)


def drawn_moments(population: Moments, n: int, rng: np.random.Generator) -> Moments:
    """Moments of n rows of a multivariate normal population, drawn without the rows.

    Their mean is normal, and n times their covariances follow Wishart's distribution with n - 1 degrees of
    freedom (Bartlett 1933, Proc. R. Soc. Edinb. 53, 260-283); n above p.
    """
    root = np.linalg.cholesky(population.cov)
    p = len(root)
    lower = np.tril(rng.standard_normal((p, p)), -1)
    np.fill_diagonal(lower, np.sqrt(rng.chisquare(n - 1 - np.arange(p))))
    half = root @ lower
    mean = root @ rng.standard_normal(p) / np.sqrt(n)
    cov = half @ half.T / n
    return replace(
        population,
        n_obs=n,
        mean=None if population.mean is None else population.mean + mean,
        cov=(cov + cov.T) / 2,
    )


def _example(parameter: Parameter) -> str:
    return f"{parameter.lhs} {parameter.op} 0.5*{parameter.rhs}"

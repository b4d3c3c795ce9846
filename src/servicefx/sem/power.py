"""power: how well a sample of a given size would do, by drawing many from a known population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

from servicefx.errors import ConvergenceError, IdentificationError, Problem, StudyError, closest
from servicefx.moments.moments import Moments
from servicefx.sem.choices import Choices, checked_choices, whole_number
from servicefx.sem.estimation import fit_chosen, prepared, solution_of
from servicefx.sem.estimators.task import Solution, Task
from servicefx.sem.population import drawn_moments, drawn_rows, freed, population_of
from servicefx.sem.sem_fit import SemFit
from servicefx.sem.structure.constraints import defined_gradient, defined_values
from servicefx.sem.structure.sem_model import SemModel
from servicefx.sem.threads import one_thread
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import ParameterTable

__all__ = ["SemPower", "power"]

Floats = NDArray[np.float64]
Population = str | ParameterTable | SemFit | Moments
_SUITED = ("ml", "mlm", "mlr", "gls", "wls")
_FROM_MOMENTS = ("ml", "gls")
_LARGE = 100_000
"""Times as many rows as in a sample stand for the population: n and n - 1 are the same then."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SemPower:
    """What many samples of one population gave.

    Attributes
    ----------
    parameters : DataFrame
        One row a free value (equal ones once), then the defined ones: ``group, lhs, op, rhs, label,
        population, estimate`` (mean), ``bias, bias_error, std_error`` (mean), ``std_deviation`` (of the
        estimates), ``coverage, power, power_error``. Power is the share of samples whose p-value is below
        1 - level; the errors are those of the simulation.
    df : int
        Degrees of freedom of the model fitted.
    chi2 : ndarray, shape (n_converged,)
        Test statistics, scaled where the estimator's are.
    level : float
        Of the intervals; 1 - level is the size of the tests.
    n_obs : int
        Rows of a sample, all groups together.
    n_draws, n_failed, n_improper : int
        Samples drawn; those without a solution, left out everywhere; those with a negative variance.
    population_chi2 : float
        What the model's misfit in the population alone adds to chi2 at this n; 0 where the model holds.
    """

    parameters: pd.DataFrame
    df: int
    chi2: Floats
    level: float
    n_obs: int
    n_draws: int
    n_failed: int
    n_improper: int
    population_chi2: float

    @property
    def n_converged(self) -> int:
        """Samples with a solution."""
        return self.n_draws - self.n_failed

    @property
    def rejection_rate(self) -> float:
        """Share of samples in which chi2 rejects the model; NaN without degrees of freedom."""
        if not self.df or not len(self.chi2):
            return float("nan")
        return float((chdtrc(self.df, self.chi2) < 1 - self.level).mean())

    @property
    def rejection_error(self) -> float:
        """Standard error of the `rejection_rate`, from the number of samples."""
        rate = self.rejection_rate
        return float(np.sqrt(rate * (1 - rate) / max(self.n_converged, 1)))


def power(
    population: Population,
    model: str | ParameterTable | None = None,
    *,
    n_obs: int,
    draws: int = 500,
    seed: int,
    estimator: str = "ml",
    std_lv: bool = False,
    orthogonal: bool = False,
    fixed_x: bool = True,
    level: float = 0.95,
) -> SemPower:
    """Power, bias and coverage of every parameter at a sample size, by Monte Carlo.

    Multivariate normal samples are drawn from a population and fitted one by one. For power against a stated
    misfit of the whole model, without simulation, see `rmsea_power` and `rmsea_sample_size`.

    Parameters
    ----------
    population : str, ParameterTable, SemFit or Moments
        A model whose loadings and paths are numbers (``f =~ 0.7*x1 + 0.6*x2``; ``g ~ 0.3*f``): variances that
        are not stated bring each variable's whole variance to 1, covariances not stated are 0. Or a fit,
        whose implied moments are the population's; or moments.
    model : str or ParameterTable, optional
        What is fitted. By default the population's own model, its numbers other than 0 free; a fit's own. A
        population given as moments needs it.
    n_obs : int
        Rows of a sample; several groups share them as the fit's did.
    draws : int
        Samples.
    seed : int
        Same seed, same samples; more draws add to them.
    estimator : {"ml", "mlm", "mlr", "gls", "wls"}
        As `servicefx.sem.fit`.
    std_lv, orthogonal, fixed_x, level
        As `servicefx.sem.fit`. Populations that are fits keep their own choices, except for ``estimator`` and
        ``level``.

    Returns
    -------
    SemPower
        Population values of the parameters are those of the model fitted to the population's moments, in its
        own scaling of the constructs.

    Raises
    ------
    StudyError
        If the population lacks numbers, or a choice does not suit.
    DataError
        If a column of the model is not in the population, or n is too small.
    IdentificationError, ConvergenceError
        If the model has no solution in the population itself, or in no sample.

    Notes
    -----
    Muthén & Muthén (2002), Struct. Equ. Modeling 9, 599-620. ``ml`` and ``gls`` need only the moments of
    samples, which are drawn directly (Wishart's distribution, by Bartlett's decomposition).

    Examples
    --------
    >>> study = power("y ~ 0.3*x", n_obs=100, draws=200, seed=1)
    >>> round(float(study.parameters["population"][0]), 3), study.n_failed
    (0.3, 0)
    """
    _check(estimator, draws, n_obs, seed)
    groups = population_of(population)
    table, choices = _model_and_choices(
        population,
        model,
        estimator=estimator,
        std_lv=std_lv,
        orthogonal=orthogonal,
        fixed_x=fixed_x,
        level=level,
    )
    ideal = _sized(population, groups, n_obs)
    from_moments = replace(choices, estimator="gls" if estimator == "gls" else "ml")
    truth = fit_chosen(table, _sized(population, groups, _LARGE * n_obs), from_moments)
    with one_thread():
        task = replace(
            prepared(table, ideal, from_moments),
            estimator=choices.estimator,
            information=choices.information_used,
        )
        found = [_solution_of_draw(task, seed, draw) for draw in range(draws)]
    solved = [one for one in found if one is not None]
    if not solved:
        text = f"none of {draws} samples of {n_obs} rows has a solution"
        raise ConvergenceError(Problem("power", text, "Draw larger samples, or simplify the model."))
    tests = [one.test for one in solved]
    return SemPower(
        parameters=_frame(truth, solved, level),
        df=truth.solution.test.df,
        chi2=np.array([one.chi2 if one.scaling_factor is None else one.chi2_scaled for one in tests]),
        level=level,
        n_obs=n_obs,
        n_draws=draws,
        n_failed=draws - len(solved),
        n_improper=sum(_is_improper(task.model, one.theta) for one in solved),
        population_chi2=truth.solution.test.chi2 / _LARGE,
    )


def _solution_of_draw(task: Task, seed: int, draw: int) -> Solution | None:
    """Fit one sample drawn from the moments that a task holds; None where there is no solution."""
    rng = np.random.default_rng([seed, draw])
    groups = []
    for group in task.sample.groups:
        if group.moments is None:
            raise ValueError("samples are drawn from moments")
        if task.estimator in _FROM_MOMENTS:
            groups.append(replace(group, moments=drawn_moments(group.moments, group.n_obs, rng)))
        else:
            rows = drawn_rows(group.moments, group.n_obs, rng)
            around = rows - rows.mean(axis=0)
            cov = around.T @ around / len(rows)
            moments = replace(group.moments, mean=rows.mean(axis=0), cov=(cov + cov.T) / 2)
            groups.append(replace(group, moments=moments, values=rows))
    try:
        return solution_of(replace(task, sample=replace(task.sample, groups=tuple(groups))))
    except (ConvergenceError, IdentificationError):
        return None


def _check(estimator: str, draws: int, n_obs: int, seed: int) -> None:
    problems: list[Problem] = []
    if str(estimator).casefold() not in _SUITED:
        found = f"'{estimator}' is not simulated{closest(str(estimator), _SUITED)}"
        problems.append(Problem("estimator", found, f"Choose among {', '.join(_SUITED)}."))
    problems += whole_number("draws", draws, 2, "Choose e.g. 500.")
    problems += whole_number("n_obs", n_obs, 2, "Count the rows of one sample.")
    problems += whole_number("seed", seed, 0, "Choose e.g. the study's seed.")
    if problems:
        raise StudyError(*problems)


def _model_and_choices(
    population: Population,
    model: str | ParameterTable | None,
    *,
    estimator: str,
    std_lv: bool,
    orthogonal: bool,
    fixed_x: bool,
    level: float,
) -> tuple[ParameterTable, Choices]:
    """What is fitted, and how: a fit's own choices are kept."""
    chosen = checked_choices(
        estimator=estimator, missing="listwise", group=None, group_equal=(), ordered=(),
        parameterization="delta", cluster=None, weights=None, std_lv=std_lv, orthogonal=orthogonal,
        meanstructure=None, fixed_x=fixed_x, information=None, level=level,
    )  # fmt: skip
    if isinstance(population, SemFit):
        own = population.choices
        chosen = replace(
            chosen,
            std_lv=own.std_lv,
            orthogonal=own.orthogonal,
            fixed_x=own.fixed_x,
            group_equal=own.group_equal,
            meanstructure=own.meanstructure,
        )
    if model is not None:
        return (parse_model(model) if isinstance(model, str) else model), chosen
    if isinstance(population, SemFit):
        return population.table, chosen
    if isinstance(population, Moments):
        raise StudyError(
            Problem("model", "the population is moments, and no model is given", "Name the model.")
        )
    return freed(parse_model(population) if isinstance(population, str) else population), chosen


def _sized(population: Population, groups: Mapping[str, Moments], n_obs: int) -> Moments | dict[str, Moments]:
    """The population's moments, said to be those of a sample of n rows."""
    if len(groups) == 1:
        return replace(next(iter(groups.values())), n_obs=n_obs)
    shares = np.array(population.n_by_group if isinstance(population, SemFit) else [1] * len(groups))
    ends = np.rint(np.cumsum(shares) / shares.sum() * n_obs).astype(int)
    counts = np.diff(ends, prepend=0)
    return {
        name: replace(one, n_obs=max(int(n), 1))
        for (name, one), n in zip(groups.items(), counts, strict=True)
    }


def _frame(truth: SemFit, solved: list[Solution], level: float) -> pd.DataFrame:
    """The table of parameters; see `SemPower.parameters`."""
    model = truth.model
    theta = np.array([one.theta for one in solved])
    variance = np.array([np.diag(one.vcov) for one in solved])
    population = truth.theta
    if model.definitions:
        with np.errstate(all="ignore"):
            values = np.array(list(defined_values(model, theta).values())).T
            slopes = [defined_gradient(model, one.theta) for one in solved]
        own = [np.einsum("dq,dq->d", s @ one.vcov, s) for s, one in zip(slopes, solved, strict=True)]
        theta, variance = np.hstack([theta, values]), np.hstack([variance, np.array(own)])
        population = np.append(population, [float(x) for x in defined_values(model, truth.theta).values()])
    error = np.sqrt(variance.clip(min=0.0))
    reach = float(ndtri((1 + level) / 2)) * error
    count = len(solved)
    detected = (np.abs(theta) > reach).mean(axis=0)
    spread = theta.std(axis=0, ddof=1) if count > 1 else np.full(theta.shape[1], np.nan)
    one_group = len(model.groups) == 1
    return pd.DataFrame(
        {
            "group": ["" if one_group else model.groups[p.group] for p in model.first]
            + [""] * len(model.definitions),
            "lhs": [p.lhs for p in model.first] + [d.name for d in model.definitions],
            "op": [p.op for p in model.first] + [":="] * len(model.definitions),
            "rhs": [p.rhs for p in model.first] + [d.expression.text for d in model.definitions],
            "label": [p.label for p in model.first] + [d.name for d in model.definitions],
            "population": population,
            "estimate": theta.mean(axis=0),
            "bias": theta.mean(axis=0) - population,
            "bias_error": spread / np.sqrt(count),
            "std_error": error.mean(axis=0),
            "std_deviation": spread,
            "coverage": (np.abs(theta - population) <= reach).mean(axis=0),
            "power": detected,
            "power_error": np.sqrt(detected * (1 - detected) / count),
        }
    )


def _is_improper(model: SemModel, theta: Floats) -> bool:
    """Whether a variance is negative."""
    return any(theta[p.position] < 0 for p in model.first if p.op == "~~" and p.lhs == p.rhs)

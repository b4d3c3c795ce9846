"""Refits by maximum likelihood from the moments of resamples: blocks of them at once, failures one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError, IdentificationError
from servicefx.moments.checks import check_collinear
from servicefx.moments.product_moments import ProductMoments
from servicefx.sem.estimators.likelihood import Likelihood, target_of
from servicefx.sem.estimators.minimum import minimised
from servicefx.sem.estimators.search import Units, inverse_information, units_of
from servicefx.sem.estimators.task import Task
from servicefx.sem.resampling.dense_form import DenseForm
from servicefx.sem.resampling.factor_form import factor_form
from servicefx.sem.resampling.rows import Stratum, left_out_moments, resampled_moments
from servicefx.sem.resampling.search import refitted
from servicefx.sem.resampling.target import Form, Resampled, definite, resampled
from servicefx.sem.resampling.terms import Questions
from servicefx.sem.sample import Sample
from servicefx.sem.sem_fit import SemFit
from servicefx.sem.structure.constraints import constraint_of, directions_along
from servicefx.sem.structure.layout import layout_of
from servicefx.sem.structure.matrices import implied
from servicefx.sem.structure.starts import plain_start, start_values

__all__ = ["Engine", "engine_of"]

Floats = NDArray[np.float64]
_CACHED, _LEAST = 340_000, 16
"""Cells of the covariance matrices refitted at once, for a core's cache; and the fewest resamples."""
_MOST_STEPS = 150
"""Of a search for one resample; those that arrive take a tenth of it."""
_FEW_UNITS = 500
"""Up to as many, one step is too coarse: what it leaves out is of order 1 / n of the acceleration."""
_COLLINEAR = 1e-10
"""Share of a column's variance below which what the others leave of it counts as nothing."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Engine:
    """What the blocks of one bootstrap share.

    Attributes
    ----------
    task : Task
        The fit's model, without its data.
    units : Units
        The units of the search, of the full sample.
    form : Form
        Works out slopes.
    questions : Questions
        t terms.
    strata : tuple of Stratum
        The rows.
    products : mapping of int to ProductMoments
        Group -> its (transformed) rows.
    start : ndarray, shape (q,)
        The fit's free values, unit-scaled.
    inverse : ndarray, shape (q, q)
        Inverse expected information there.
    basis : ndarray, shape (q, r), or None
        Directions along the constraints.
    linear : bool
        Whether constraints (if any) are linear.
    n_obs : int
        Rows of the full sample.
    """

    task: Task
    units: Units
    form: Form
    questions: Questions
    strata: tuple[Stratum, ...]
    products: Mapping[int, ProductMoments]
    start: Floats
    inverse: Floats
    basis: Floats | None
    linear: bool
    n_obs: int

    def block(self, number: int, *, with_chi2: bool) -> tuple[Floats, Floats]:
        """Terms (b, t) and chi2 (b,) of one block of resamples; NaN rows where a refit failed."""
        mean, cov, total = resampled_moments(self.strata, self.products, number)
        target = self._target(mean, cov, total)
        theta, done = np.repeat(self.start[None], len(cov), axis=0), np.zeros(len(cov), dtype=np.bool_)
        with np.errstate(all="ignore"):
            try:
                if self.linear:
                    theta, done = self._together(target)
                done &= np.isfinite(theta).all(axis=1) & _apart(cov)
                theta[~done] = self.start
                variance, residual, fine = self.form.variances(theta, target)
                done &= fine
            except np.linalg.LinAlgError:  # a circle of effects without end in one resample
                done[:] = False
                theta[:] = self.start
                variance, residual, _ = self.form.variances(theta, target)
        failed = []
        for row in np.flatnonzero(~done):
            found = self._alone(mean[row], cov[row], total[row])
            if found is None:
                failed.append(row)
                continue
            theta[row] = found
            again = self.form.variances(found[None], target.at(slice(row, row + 1)))
            variance[row], residual[row] = again[0][0], again[1][0]
        answers = self._answers(theta, variance, residual)
        answers[failed] = np.nan
        chi2 = np.full(len(cov), np.nan)
        if with_chi2:
            kept = np.setdiff1d(np.arange(len(cov)), failed)
            chi2[kept] = self.n_obs * self._discrepancy(theta[kept], target.at(kept))
        return answers, chi2

    def left_out(self, exact_inverse: Floats) -> Floats:
        r"""How the terms change when single rows or clusters are left out, shape (n, t).

        Newton steps :math:`H^{-1} g_{(i)}` from the full sample's solution with its exact Hessian: one, or of
        few units three. Centred within strata, and brought to the strata's sizes.
        """
        parts: list[list[Floats]] = [[] for _ in self.strata]
        sizes = [1] * len(self.strata)
        for stratum, units, (mean, cov, total) in left_out_moments(self.strata):
            target = self._target(mean, cov, total)
            with np.errstate(all="ignore"):
                theta = np.repeat(self.start[None], len(cov), axis=0)
                for _ in range(1 if units > _FEW_UNITS else 3):
                    theta = theta - self.form.gradient(theta, target) @ exact_inverse
                variance, residual, _ = self.form.variances(theta, target)
            parts[stratum].append(self._answers(theta, variance, residual))
            sizes[stratum] = units
        changes = []
        for part, units in zip(parts, sizes, strict=True):
            answers = np.concatenate(part)
            with np.errstate(all="ignore"):
                changes.append((answers.mean(axis=0) - answers) * (units - 1) / units)
        return np.concatenate(changes)

    def _together(self, target: Resampled) -> tuple[Floats, NDArray[np.bool_]]:
        """Refits of as many resamples at once as a core's cache holds."""
        b, size = (
            len(target.cov),
            max(_LEAST, _CACHED // self.units.layout.n_variables**2 // self.units.layout.n_groups),
        )
        found = [
            refitted(self.form, target.at(slice(k, k + size)), self.start, self.inverse, self.basis)
            for k in range(0, b, size)
        ]
        return np.concatenate([theta for theta, _ in found]), np.concatenate([done for _, done in found])

    def _target(self, mean: Floats, cov: Floats, total: Floats) -> Resampled:
        items = self.units.scale[: self.units.layout.n_items]
        return resampled(self.units.scaled, cov / np.multiply.outer(items, items), mean / items, total)

    def _answers(self, theta: Floats, variance: Floats, residual: Floats) -> Floats:
        values = np.empty((len(theta), len(self.questions.model.parameters)))
        users = theta * self.units.unit
        for at, parameter in enumerate(self.questions.model.parameters):
            if parameter.position >= 0:
                values[:, at] = users[:, parameter.position]
            else:
                values[:, at] = np.nan if parameter.fixed is None else parameter.fixed
        squared = self.units.scale**2
        return self.questions.of_variances(values, variance * squared, residual * squared)

    def _alone(self, mean: Floats, cov: Floats, total: Floats) -> Floats | None:
        """One refit by the fit's own search, from its solution and from cold starts; None where it fails."""
        names = self.task.model.items
        try:
            if not np.isfinite(cov).all():
                return None
            for one in cov:
                sd = np.sqrt(np.diag(one))
                if not (sd > 1e-12 * np.abs(self.units.scale[: len(sd)])).all():
                    return None
                check_collinear(names, one / np.outer(sd, sd))
            units = units_of(self.task, cov, mean)
            means = self.task.model.means
            scaled_means = None if units.mean is None else list(units.mean)
            target = target_of(list(units.cov), scaled_means, list(total), with_means=means)
            likelihood = Likelihood.of(units.scaled, target)
            start = self.start * self.units.unit / units.unit
            starts: list[Callable[[], Floats]] = [
                lambda: start,
                lambda: start_values(self.task.model, units.scaled, units.cov, units.mean, units.unit),
                lambda: plain_start(self.task.model, units.scaled, units.cov, units.mean, units.unit),
            ]
            constraint = constraint_of(self.task.model, units.unit)
            for begin in starts:
                found = minimised(likelihood, begin(), constraint, most=_MOST_STEPS)
                if found.converged:
                    return np.asarray(found.theta * units.unit / self.units.unit, dtype=np.float64)
        except (DataError, np.linalg.LinAlgError):
            return None
        return None

    def _discrepancy(self, theta: Floats, target: Resampled) -> Floats:
        """F of every resample at its solution, (b,)."""
        at = implied(target.layout, theta, shift=target.mean)
        second = DenseForm(layout=self.units.scaled).second(target)
        trace = np.einsum("bgii->bg", np.linalg.solve(at.sigma, second))
        log = np.linalg.slogdet(at.sigma)[1] - np.linalg.slogdet(second)[1]
        by_group = log + trace - second.shape[-1]
        return np.asarray((target.share * by_group).sum(axis=1), dtype=np.float64)


def _apart(cov: Floats) -> NDArray[np.bool_]:
    """Whether no column of a resample repeats others, shape (b,)."""
    own = np.einsum("bgii->bgi", cov)
    less = cov - np.eye(cov.shape[-1]) * (_COLLINEAR * own[..., None, :])
    return definite(less)


def engine_of(
    fit: SemFit, strata: tuple[Stratum, ...], questions: Questions, transformed: Mapping[int, Floats]
) -> tuple[Engine, Floats]:
    """Prepare the refits of a maximum-likelihood fit.

    Parameters
    ----------
    fit : SemFit
        Of complete rows.
    strata : tuple of Stratum
        Its rows.
    questions : Questions
        What is asked of every refit.
    transformed : mapping of int to ndarray
        Group -> rows that are resampled in the place of its own.

    Returns
    -------
    engine : Engine
    exact_inverse : ndarray, shape (q, q)
        Inverse of the exact Hessian of F / 2 at the solution, unit-scaled.
    """
    groups = sorted((rows for stratum in strata for rows in stratum.groups), key=lambda rows: rows.group)
    task = Task(
        model=fit.model,
        layout=layout_of(fit.model),
        sample=Sample(names=fit.model.items, groups=()),
        estimator="ml",
        missing="listwise",
        information="expected",
    )
    moments = fit.solution.moments
    cov = np.array([one.cov for one in moments])
    mean = np.array([np.average(rows.values, axis=0, weights=rows.weights) for rows in groups])
    units = units_of(task, cov, mean)
    scaled_mean = None if units.mean is None else list(units.mean)
    target = target_of(
        list(units.cov), scaled_mean, [rows.total for rows in groups], with_means=fit.model.means
    )
    likelihood = Likelihood.of(units.scaled, target)
    start = fit.theta / units.unit
    constraint = constraint_of(fit.model, units.unit)
    jacobian = None if constraint is None else constraint(start)[1]
    basis, linear = None, True
    if constraint is not None and jacobian is not None:
        basis = directions_along(jacobian)
        away = np.random.default_rng(1).uniform(0.5, 1.5, (2, len(start)))
        with np.errstate(all="ignore"):
            linear = all(np.allclose(constraint(x)[1], jacobian, rtol=0, atol=1e-10) for x in away)
    form = factor_form(units.scaled)
    engine = Engine(
        task=task,
        units=units,
        form=DenseForm(layout=units.scaled) if form is None else form,
        questions=questions,
        strata=strata,
        products={
            rows.group: ProductMoments(transformed.get(rows.group, rows.values), rows.weights)
            for rows in groups
        },
        start=start,
        inverse=inverse_information(task, likelihood.information(start), jacobian),
        basis=basis,
        linear=linear,
        n_obs=fit.n_obs,
    )
    try:
        exact = inverse_information(task, likelihood.information(start, observed=True), jacobian)
    except IdentificationError:  # at the edge of what is identified: the expected one is never indefinite
        exact = engine.inverse
    return engine, exact

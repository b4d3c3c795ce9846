"""Means and covariances of highest likelihood for rows with gaps, by accelerated EM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, DataError, Problem
from servicefx.moments.checks import check_collinear, check_not_constant, quoted
from servicefx.moments.patterns import MissingPatterns, expected_in_scale

__all__ = ["Saturated", "saturated_moments"]

Floats = NDArray[np.float64]
_DEPTH = 10
"""Earlier steps that an accelerated one combines."""
_ROUNDING = 1e-11
"""Rise of the half discrepancy, as a share of it, that is rounding."""
_SINGULAR = 1e-10
"""Smallest eigenvalue of the correlations below which a column is known from others."""
_COLLAPSED = 1e-13
"""Share of a column's variance, given the others, below which the steps run away to a singular matrix."""
_INVOLVED = 0.2
"""Weight in the smallest eigenvector above which a column is named."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Saturated:
    """Means and covariances of highest likelihood.

    Attributes
    ----------
    mean : ndarray, shape (p,)
        In the columns' units.
    cov : ndarray, shape (p, p)
        In products of the columns' units.
    half_discrepancy : float
        At these moments, per row; see `servicefx.moments.patterns.Expectation`.
    n_iterations : int
        Expectation steps taken.
    """

    mean: Floats
    cov: Floats
    half_discrepancy: float
    n_iterations: int


def saturated_moments(
    patterns: MissingPatterns, *, tol: float = 1e-10, max_iterations: int = 1000
) -> Saturated:
    """Means and covariances of highest likelihood, by EM with Anderson acceleration.

    Parameters
    ----------
    patterns : MissingPatterns
        Of one sample.
    tol : float
        Largest change of a mean or covariance in one step, in standard deviations, at which to stop.
    max_iterations : int
        Expectation steps allowed.

    Returns
    -------
    Saturated
        Without gaps, the means and the covariances with denominator n.

    Raises
    ------
    DataError
        If a column is constant, is known from others, or no row holds both columns of a pair.
    ConvergenceError
        If the steps are used up; the message names the columns that still move.

    Notes
    -----
    An accelerated step that lowers the likelihood is taken back and replaced by the plain one, so that the
    likelihood never falls.

    References
    ----------
    Dempster, Laird & Rubin (1977), J. R. Stat. Soc. B 39, 1-38. doi:10.1111/j.2517-6161.1977.tb01600.x
    Walker & Ni (2011), SIAM J. Numer. Anal. 49, 1715-1735, algorithm AA. doi:10.1137/10078356X
    """
    _check_observed(patterns)
    p = len(patterns.names)
    lower = np.tril_indices(p)

    def unpacked(point: Floats) -> tuple[Floats, Floats]:
        cov = np.empty((p, p))
        cov[lower] = point[p:]
        cov.T[lower] = point[p:]
        return point[:p], cov

    def em(point: Floats) -> tuple[float, Floats]:
        mean, cov = unpacked(point)
        step = expected_in_scale(patterns, mean, cov)
        if not (np.diag(step.precision) * np.diag(cov) < 1 / _COLLAPSED).all():
            return np.inf, point
        after = step.second_moment - np.outer(step.deviation, step.deviation)
        return step.half_discrepancy, np.concatenate([mean + step.deviation, after[lower]])

    start = np.concatenate([np.zeros(p), _available(patterns)[lower]])
    found = _fixed_point(em, start, tol, max_iterations)
    mean, cov = unpacked(found.point)
    _check_regular(patterns.names, cov)
    if found.change.max() >= tol:
        moving = unpacked(found.change)
        largest = np.maximum(moving[0], moving[1].max(axis=0))
        names = [patterns.names[at] for at in np.argsort(-largest)[:3]]
        raise ConvergenceError(
            Problem(
                "saturated moments of rows with gaps",
                f"{quoted(names)} still move by {largest.max():.2g} standard deviations after "
                f"{found.n_iterations} steps, less than {tol:.2g} expected",
                "Leave out the columns with the most gaps, or use complete rows.",
            )
        )
    scale = patterns.scale
    lengths = float((~patterns.missing).sum(axis=0) @ np.log(scale)) / patterns.n_obs
    return Saturated(
        mean=patterns.centre + scale * mean,
        cov=cov * np.outer(scale, scale),
        half_discrepancy=found.value + lengths,
        n_iterations=found.n_iterations,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Found:
    point: Floats
    value: float
    change: Floats
    n_iterations: int


def _fixed_point(
    step: Callable[[Floats], tuple[float, Floats]], start: Floats, tol: float, max_iterations: int
) -> _Found:
    """Fixed point of a step that never raises its value, by Anderson mixing that may not raise it either."""
    point, plain, value = start, start, np.inf
    change = np.full(len(start), np.inf)
    images: list[Floats] = []
    changes: list[Floats] = []
    n_iterations = 0
    while n_iterations < max_iterations:
        n_iterations += 1
        value_here, image = step(point)
        if not value_here <= value + _ROUNDING * (1 + abs(value)) and point is not plain:
            point = plain
            images.clear()
            changes.clear()
            continue
        if not np.isfinite(value_here):
            break
        value, plain = value_here, image
        change = np.abs(image - point)
        if change.max() < tol:
            break
        images.append(image)
        changes.append(image - point)
        del images[: -_DEPTH - 1], changes[: -_DEPTH - 1]
        point = _mixed(images, changes)
    return _Found(point=plain, value=float(value), change=change, n_iterations=n_iterations)


def _mixed(images: list[Floats], changes: list[Floats]) -> Floats:
    """Combination of the images whose change would be smallest; the last image where there is but one."""
    if len(images) == 1:
        return images[0]
    differences = np.diff(np.column_stack(changes), axis=1)
    share = np.linalg.lstsq(differences, changes[-1], rcond=1e-12)[0]
    return np.asarray(images[-1] - np.diff(np.column_stack(images), axis=1) @ share, dtype=np.float64)


def _available(patterns: MissingPatterns) -> Floats:
    """Covariances of the rows that hold each pair, or variances only where these are of no data."""
    there = (~patterns.missing).astype(np.float64)
    cov = patterns.values.T @ patterns.values / (there.T @ there)
    try:
        np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        return np.diag(np.diag(cov))
    return np.asarray(cov, dtype=np.float64)


def _check_regular(names: tuple[str, ...], cov: Floats) -> None:
    """Refuse covariances that make columns known from others, for want of rows or in the data themselves."""
    sd = np.sqrt(np.diag(cov))
    correlation = cov / np.outer(sd, sd)
    roots, vectors = np.linalg.eigh(correlation)
    if roots[0] > _SINGULAR:
        return
    copies = np.abs(np.tril(correlation, -1)) > 1 - _SINGULAR
    if copies.any():
        check_collinear(names, correlation)
    involved = [name for name, at in zip(names, vectors[:, 0], strict=True) if abs(at) > _INVOLVED]
    raise DataError(
        Problem(
            "columns",
            f"with these gaps {quoted(involved)} are known from one another: too few rows, or they add up",
            "Leave out the columns with the most gaps, or those that are sums of others.",
        )
    )


def _check_observed(patterns: MissingPatterns) -> None:
    """Refuse constant columns, and pairs of columns that no row holds both of."""
    names = patterns.names
    there = (~patterns.missing).sum(axis=0)
    sd = patterns.scale * np.sqrt((patterns.values**2).sum(axis=0) / there)
    largest = np.abs(patterns.centre) + patterns.scale * np.abs(patterns.values).max(axis=0)
    check_not_constant(names, sd, largest)
    apart = np.argwhere(np.tril(patterns.coverage == 0))
    if len(apart):
        raise DataError(
            *(
                Problem(
                    f"columns '{names[j]}' and '{names[i]}'",
                    "no row holds both, so that their covariance is not known",
                    "Leave one of the two out.",
                )
                for i, j in apart
            )
        )

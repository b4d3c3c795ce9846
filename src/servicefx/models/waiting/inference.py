"""Is there a bend, and where may it lie: multiplier bootstraps of the kink regression."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from servicefx.models.waiting.rows import WaitRows
from servicefx.models.waiting.search import KinkDesign, Stretches

__all__ = ["Inversion", "Multipliers", "inverted_test", "kink_covariance", "supremum_test"]

Floats = NDArray[np.float64]
_BLOCK_CELLS = 2_000_000
_PROFILE_POINTS = 401


class Multipliers:
    """Standard normal multipliers, one a row or one a cluster, the same for everybody who asks.

    Parameters
    ----------
    rows : WaitRows
    draws : int
        Bootstrap draws.
    seed : int
        The study's seed.
    """

    def __init__(self, rows: WaitRows, draws: int, seed: int) -> None:
        self._codes = rows.clusters
        self._size = len(rows.x) if rows.clusters is None else rows.n_clusters
        self._entropy = [seed, *f"waiting:{rows.outcome}:{rows.wait}".encode()]
        self._draws, self._rows = draws, len(rows.x)
        # one multiplier a row belongs to the row, wherever sorting by the wait puts it
        self._order = np.argsort(np.argsort(rows.positions)) if rows.clusters is None else None

    def blocks(self) -> list[Floats]:
        """Arrays of shape (some draws, n) that follow each other."""
        rng = np.random.default_rng(self._entropy)
        step = max(1, _BLOCK_CELLS // self._rows)
        found = []
        for begin in range(0, self._draws, step):
            drawn = rng.standard_normal((min(step, self._draws - begin), self._size))
            found.append(drawn[:, self._order if self._codes is None else self._codes])
        return found


class SupremumTest(NamedTuple):
    """Statistic, its bootstrap draws, p-value."""

    statistic: float
    draws: Floats
    p_value: float


def supremum_test(
    design: KinkDesign, outcome: Floats, where: Stretches, multipliers: list[Floats], *, clustered: bool
) -> SupremumTest:
    """Sup-F test of no bend against a bend at an unknown threshold.

    Parameters
    ----------
    design : KinkDesign
        Its terms are those of the straight line.
    outcome : ndarray, shape (n,)
        Explained.
    where : Stretches
        Where the bend is sought.
    multipliers : list of ndarray, shapes (draws, n)
        Random with mean 0 and variance 1.
    clustered : bool
        Whether whole clusters share a multiplier.

    Notes
    -----
    ``n (S0 - S1) / S1`` at the best threshold; its distribution without a bend is that of the same statistic
    of outcomes "residual of the straight line × multiplier" (Hansen 2017). Without
    clusters each residual is first divided by 1 - leverage, as HC3 does, which Hansen does not: in 600
    samples of 300 rows with unequal errors the test at 10 % so rejected 9.8 % rather than 14.7 % of them.
    """
    n = len(design.x)
    residual = design.residuals(outcome[None])
    plain = residual[0] / design.root
    if not clustered:
        plain = plain / (1 - np.minimum((design.basis**2).sum(axis=1), 0.99))
    statistic = float(_f(design.best(residual, where).gain, (residual**2).sum(axis=1), n)[0])
    draws = []
    for block in multipliers:
        drawn = design.residuals(block * plain)
        draws.append(_f(design.best(drawn, where).gain, (drawn**2).sum(axis=1), n))
    found = np.concatenate(draws)
    return SupremumTest(statistic, found, float((1 + (found >= statistic).sum()) / (1 + len(found))))


def _f(gain: Floats, total: Floats, n: int) -> Floats:
    """``n (S0 - S1) / S1``; inf where the bend explains everything."""
    left = total - gain
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(left > 1e-14 * total, n * gain / left, np.inf))


class Inversion(NamedTuple):
    """Interval of the threshold by test inversion, and the profile it is read from.

    Attributes
    ----------
    low, high : float
        Smallest and largest threshold not rejected, in the scale of the design.
    critical : float
        Bootstrap quantile the profile is held against.
    at, profile : ndarray, shape (g,)
        Thresholds and ``F(g) = n (S(g) - S) / S``.
    parts : int
        Separate stretches of thresholds not rejected; the interval is their hull.
    draws : ndarray, shape (B,)
        Bootstrap statistics behind the critical value.
    """

    low: float
    high: float
    critical: float
    at: Floats
    profile: Floats
    parts: int
    draws: Floats


def inverted_test(
    design: KinkDesign,
    outcome: Floats,
    fitted: Floats,
    threshold: float,
    where: Stretches,
    multipliers: list[Floats],
    level: float,
) -> Inversion:
    """All thresholds that the F test of ``g = g0`` does not reject.

    Parameters
    ----------
    design, outcome, where, multipliers
        As `supremum_test`.
    fitted : ndarray, shape (n,)
        Of the kink regression.
    threshold : float
        Its estimate.
    level : float
        Confidence level.

    Notes
    -----
    The critical value is the ``level`` quantile of ``n (S*(ĝ) - S*) / S*`` over outcomes "fitted + residual
    × multiplier" (Hansen 2017: the bootstrap set).
    """
    n = len(design.x)
    low, high = where.left[0], where.right[-1]
    at = np.unique(np.concatenate([np.linspace(low, high, _PROFILE_POINTS), [threshold]]))
    residual = design.residuals(outcome[None])
    total = (residual**2).sum(axis=1)
    profile = _profile(design.gain_at(residual, at), design.best(residual, where).gain, total, n)[0]
    error, here = outcome - fitted, np.array([threshold])
    draws = []
    for block in multipliers:
        drawn = design.residuals(fitted + block * error)
        sums = (drawn**2).sum(axis=1)
        draws.append(_profile(design.gain_at(drawn, here), design.best(drawn, where).gain, sums, n)[:, 0])
    found = np.concatenate(draws)
    critical = float(np.quantile(found, level))
    inside = profile <= critical
    first, last = int(np.argmax(inside)), len(at) - 1 - int(np.argmax(inside[::-1]))
    parts = int(np.sum(np.diff(np.concatenate([[0], inside.astype(int)])) == 1))
    return Inversion(
        _crossing(at, profile, critical, first, -1),
        _crossing(at, profile, critical, last, 1),
        critical,
        at,
        profile,
        parts,
        found,
    )


def _profile(gain: Floats, best: Floats, total: Floats, n: int) -> Floats:
    """``n (S(g) - S) / S``, shape (B, G), not below 0."""
    left = (total - best)[:, None]
    return np.asarray(np.maximum(n * (best[:, None] - gain) / np.maximum(left, 1e-300), 0.0))


def _crossing(at: Floats, profile: Floats, critical: float, inside: int, step: int) -> float:
    """Where the profile crosses its critical value beside a threshold not rejected."""
    outside = inside + step
    if not 0 <= outside < len(at):
        return float(at[inside])
    share = (critical - profile[inside]) / (profile[outside] - profile[inside])
    return float(at[inside] + share * (at[outside] - at[inside]))


def kink_covariance(
    x: Floats,
    held: Floats,
    threshold: float,
    slopes: tuple[float, float],
    residual: Floats,
    weights: Floats,
    clusters: NDArray[np.intp] | None,
) -> Floats:
    """Sampling covariance of slopes, held coefficients and threshold.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Wait.
    held : ndarray, shape (n, k)
        Other terms, the constant among them.
    threshold : float
    slopes : tuple of float
        Before and beyond it.
    residual : ndarray, shape (n,)
        Outcome less fitted.
    weights : ndarray, shape (n,)
    clusters : ndarray of int, shape (n,), or None

    Returns
    -------
    ndarray, shape (k + 3, k + 3)
        Order: slope before, slope beyond, held, threshold. Robust to heteroskedasticity, or to dependence
        within clusters; factor n / (n - k - 3), with clusters also G / (G - 1) · (n - 1) / n.

    Notes
    -----
    Hansen (2017): sandwich of the non-linear least squares problem, whose second
    derivatives of slope and threshold enter the bread. Rows that waited exactly as long as the threshold
    count half on either side.
    """
    before, beyond = np.heaviside(threshold - x, 0.5), np.heaviside(x - threshold, 0.5)
    away = x - threshold
    slope = np.column_stack([away * before, away * beyond, held])
    gradient = np.column_stack([slope, -slopes[0] * before - slopes[1] * beyond])
    n, k = gradient.shape
    bread = gradient.T @ (gradient * weights[:, None])
    for row, side in enumerate((before, beyond)):
        bread[row, -1] += weights @ (side * residual)
        bread[-1, row] = bread[row, -1]
    scores = gradient * (weights * residual)[:, None]
    factor = n / (n - k)
    if clusters is not None:
        count = int(clusters.max()) + 1
        summed = np.zeros((count, k))
        np.add.at(summed, clusters, scores)
        scores, factor = summed, (n - 1) / (n - k) * count / (count - 1)
    inverse = np.linalg.inv(bread)
    return np.asarray(inverse @ (scores.T @ scores) @ inverse.T * factor)

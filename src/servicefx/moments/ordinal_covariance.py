"""Asymptotic covariance of thresholds, means, variances and latent covariances: one product by row blocks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from servicefx.moments.ordinal_thresholds import Thresholds
from servicefx.moments.polychoric import Polychoric
from servicefx.moments.polyserial import Polyserial

__all__ = ["Margins", "Pearson", "asymptotic_covariance", "margins_of", "pearson"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
_ROWS = 2048
_TWO_VALUED = 1e-10
"""Determinant of the mean's and variance's information below which a column holds two values only."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Margins:
    """Means and variances of c continuous columns and their information.

    Attributes
    ----------
    mean, sd : ndarray, shape (c,)
        Denominator n.
    inverse : ndarray, shape (c, 2, 2)
        Inverse information of the mean (in SDs) and the variance (relative), from the outer product.
    """

    mean: Floats
    sd: Floats
    inverse: Floats

    def influence(self, z: Floats) -> tuple[Floats, Floats]:
        """Influence of rows on each mean (in SDs) and variance (relative), both of shape (c, b)."""
        bend = (z * z - 1) / 2
        inverse = self.inverse[:, :, :, None]
        return inverse[:, 0, 0] * z + inverse[:, 0, 1] * bend, inverse[:, 1, 0] * z + inverse[:, 1, 1] * bend


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pearson:
    """Correlations of m pairs of continuous columns and what their influence functions are made of.

    Attributes
    ----------
    later, earlier : ndarray of int, shape (m,)
        Counted among the continuous columns, ``later > earlier``.
    r : ndarray, shape (m,)
    information : ndarray, shape (m,)
        Mean squared score.
    cross : ndarray, shape (m, 4)
        Cross-products of the score with those of both means and both variances.
    """

    later: Codes
    earlier: Codes
    r: Floats
    information: Floats
    cross: Floats

    def influence(self, z: Floats, mean: Floats, variance: Floats) -> Floats:
        """Influence of rows on each correlation, shape (m, b)."""
        out = _pearson_score(z[self.later], z[self.earlier], self.r[:, None])
        for place, (rows, at) in enumerate(
            ((mean, self.later), (mean, self.earlier), (variance, self.later), (variance, self.earlier))
        ):
            out -= self.cross[:, place, None] * rows[at]
        out /= self.information[:, None]
        return out


def margins_of(values: Floats, *, observed: bool = False) -> tuple[Margins, Floats]:
    """Means, variances and their information; and the standardised values, shape (c, n).

    With ``observed`` the influence functions are the distribution-free ones. A column of two values cannot
    tell its mean's from its variance's score and gets those in any case.
    """
    n = values.shape[1]
    mean, sd = values.mean(axis=1), values.std(axis=1)
    z = (values - mean[:, None]) / sd[:, None]
    third, fourth = (z**3).sum(axis=1) / n, (z**4).sum(axis=1) / n
    information = np.empty((len(values), 2, 2))
    information[:, 0, 0] = 1.0
    information[:, 0, 1] = information[:, 1, 0] = third / 2
    information[:, 1, 1] = (fourth - 1) / 4
    flat = information[:, 1, 1] - information[:, 0, 1] ** 2 < _TWO_VALUED
    flat |= observed
    information[flat] = np.diag([1.0, 0.5])
    inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
    return Margins(mean=mean, sd=sd, inverse=inverse), z


def pearson(z: Floats, *, observed: bool = False) -> Pearson:
    """Product-moment correlations of all pairs of standardised columns, z of shape (c, n)."""
    c, n = z.shape
    earlier, later = np.triu_indices(c, 1)
    m = len(later)
    r = ((z @ z.T) / n)[later, earlier]
    if observed:
        slope = -r / (2 * (1 - r * r))
        cross = np.column_stack((0 * r, 0 * r, slope, slope))
        return Pearson(
            later=later, earlier=earlier, r=r, information=(1 + r * r) / (1 - r * r) ** 2, cross=cross
        )
    information, cross = np.zeros(m), np.zeros((m, 4))
    for start in range(0, n, _ROWS):
        x, y = z[later, start : start + _ROWS], z[earlier, start : start + _ROWS]
        rr = r[:, None]
        rest = 1 - rr * rr
        score = _pearson_score(x, y, rr)
        mean_x, mean_y = (x - rr * y) / rest, (y - rr * x) / rest
        information += np.einsum("mb,mb->m", score, score)
        for place, other in enumerate((mean_x, mean_y, (x * mean_x - 1) / 2, (y * mean_y - 1) / 2)):
            cross[:, place] += np.einsum("mb,mb->m", score, other)
    return Pearson(later=later, earlier=earlier, r=r, information=information / n, cross=cross / n)


def _pearson_score(x: Floats, y: Floats, r: Floats) -> Floats:
    """Slope of the bivariate normal log-density in the correlation."""
    rest = 1 - r * r
    return np.asarray((r * rest + (1 + r * r) * x * y - r * (x * x + y * y)) / (rest * rest))


def asymptotic_covariance(
    codes: Codes,
    z: Floats,
    *,
    steps: Thresholds | None,
    margins: Margins,
    ordinal_pairs: Polychoric | None,
    mixed_pairs: Polyserial | None,
    continuous_pairs: Pearson,
) -> Floats:
    """Asymptotic covariance of sqrt(n) times all moments, by kind.

    Parameters
    ----------
    codes : ndarray of int, shape (q, n)
    z : ndarray, shape (c, n)
    steps, margins : Thresholds or None, Margins
        First-step estimates; None without ordinal columns.
    ordinal_pairs, mixed_pairs, continuous_pairs : Polychoric or None, Polyserial or None, Pearson
        Second-step estimates.

    Returns
    -------
    ndarray, shape (k, k)
        Order: thresholds, means, variances, polychoric, polyserial and product-moment covariances.

    Notes
    -----
    The mean over rows of the outer product of the influence functions (denominator n): the sandwich of the
    two-step estimator.

    References
    ----------
    Muthén (1984), Psychometrika 49, 115-132.
    """
    n = codes.shape[1]
    c = len(margins.mean)
    n_steps = 0 if steps is None else int((steps.n_levels - 1).sum())
    counts = [
        n_steps,
        c,
        c,
        0 if ordinal_pairs is None else len(ordinal_pairs.r),
        0 if mixed_pairs is None else len(mixed_pairs.r),
        len(continuous_pairs.r),
    ]
    ends = np.cumsum([0, *counts]).tolist()
    place = [slice(start, end) for start, end in pairwise(ends)]
    gamma: Floats | None = None
    variance = margins.sd**2
    block = np.empty((ends[-1], min(n, _ROWS)))
    for start in range(0, n, _ROWS):
        code, number = codes[:, start : start + _ROWS], z[:, start : start + _ROWS]
        out = block if number.shape[1] == block.shape[1] else np.empty((ends[-1], number.shape[1]))
        if steps is not None:
            _look_up_thresholds(steps, code, out[place[0]])
        if ordinal_pairs is not None:
            _look_up_pairs(ordinal_pairs, code, out[place[3]])
        if c:
            of_mean, of_variance = margins.influence(number)
            out[place[1]] = of_mean * margins.sd[:, None]
            out[place[2]] = of_variance * variance[:, None]
            if mixed_pairs is not None:
                rows = mixed_pairs.influence(code, number, of_mean, of_variance)
                at = mixed_pairs.continuous
                rows += mixed_pairs.r[:, None] / 2 * of_variance[at]
                out[place[4]] = rows * margins.sd[at, None]
            rows = continuous_pairs.influence(number, of_mean, of_variance)
            at, other = continuous_pairs.later, continuous_pairs.earlier
            rows += continuous_pairs.r[:, None] / 2 * (of_variance[at] + of_variance[other])
            out[place[5]] = rows * (margins.sd[at] * margins.sd[other])[:, None]
        product = out @ out.T
        gamma = product if gamma is None else np.add(gamma, product, out=gamma)
    assert gamma is not None
    gamma /= n
    return gamma


def _look_up_thresholds(steps: Thresholds, codes: Codes, out: Floats) -> None:
    """Influence of rows on the thresholds, column by column, into ``out``."""
    start = 0
    for column, levels in enumerate(steps.n_levels.tolist()):
        stop = start + levels - 1
        np.take(
            steps.influence[column, : levels - 1], codes[column], axis=1, out=out[start:stop], mode="clip"
        )
        start = stop


def _look_up_pairs(pairs: Polychoric, codes: Codes, out: Floats) -> None:
    """Influence of rows on the correlations of ordinal pairs into ``out``, one earlier column at a time."""
    most = pairs.influence.shape[1]
    flat = pairs.influence.reshape(-1)
    step = most * most
    shifted = codes * most
    shifted += step * np.arange(len(codes))[:, None]
    start = 0
    for earlier in range(len(codes) - 1):
        stop = start + len(codes) - 1 - earlier
        index = shifted[earlier + 1 :] + (codes[earlier] + step * (start - earlier - 1))
        np.take(flat, index, out=out[start:stop], mode="clip")
        start = stop

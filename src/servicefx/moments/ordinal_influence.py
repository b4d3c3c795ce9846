"""Influence functions of polychoric correlations as tables over the cells of each pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from servicefx.moments.bivariate import normal_pdf
from servicefx.moments.ordinal_thresholds import Thresholds

__all__ = ["LEAST_PROBABILITY", "density_and_bend", "pair_influence"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
LEAST_PROBABILITY = 1e-13
"""Cell probability below which rounding rules: a correlation that makes a given answer rarer is too large."""


def density_and_bend(tau_later: Floats, tau_earlier: Floats, r: Floats) -> tuple[Floats, Floats]:
    """Bivariate normal density at all pairs of thresholds, and its derivative in the correlation.

    Parameters
    ----------
    tau_later, tau_earlier : ndarray, shapes (m, s) and (m, t)
    r : ndarray, shape (m,)

    Returns
    -------
    tuple of two ndarrays, shape (m, s, t)
    """
    product = tau_later[:, :, None] * tau_earlier[:, None, :]
    squares = (tau_later * tau_later)[:, :, None] + (tau_earlier * tau_earlier)[:, None, :]
    rest = 1 - r * r
    density = product * (r / rest)[:, None, None]
    density -= squares * (0.5 / rest)[:, None, None]
    np.exp(density, out=density)
    density *= (0.5 / np.pi / np.sqrt(rest))[:, None, None]
    product *= ((1 + r * r) / rest**2)[:, None, None]
    squares *= (r / rest**2)[:, None, None]
    product -= squares
    product += (r / rest)[:, None, None]
    product *= density
    return density, product


def pair_influence(
    margins: Thresholds,
    later: Codes,
    earlier: Codes,
    r: Floats,
    cell: Floats,
    slope: Floats,
    n_obs: int,
    *,
    observed: bool,
) -> Floats:
    r"""Influence of one pair of answers on each polychoric correlation, thresholds estimated first.

    Parameters
    ----------
    margins : Thresholds
        Of the q columns.
    later, earlier : ndarray of int, shape (m,)
        Columns of each pair.
    r : ndarray, shape (m,)
        Correlations at their maximum.
    cell, slope : ndarray, shape (m, K, K)
        Cell probabilities there, and their derivatives in the correlation.
    n_obs : int
        Rows.
    observed : bool
        Information from second derivatives; else from products of scores, as lavaan does.

    Returns
    -------
    ndarray, shape (m, K, K)
        :math:`(s - A_{21} \mathrm{IF}_\tau) / A_{22}` with the score s of a cell.

    References
    ----------
    Muthén (1984), Psychometrika 49, 115-132.
    """
    tables = margins.tables
    safe = np.where(tables > 0, np.maximum(cell, LEAST_PROBABILITY), np.inf)
    score = slope / safe
    information = np.maximum(np.einsum("mab,mab,mab->m", tables, score, score) / n_obs, 1e-12)
    weight = tables * score / safe / n_obs
    h, k = margins.tau[later][:, :, None], margins.tau[earlier][:, None, :]
    rr = r[:, None, None]
    root = np.sqrt(1 - rr * rr)
    m, most, _ = tables.shape
    conditional = np.zeros((m, most - 1, most + 1))
    conditional[:, :, -1] = 1.0
    conditional[:, :, 1:-1] = ndtr((k - rr * h) / root)
    edge = normal_pdf(margins.tau)
    moved = weight[:, :-1, :] - weight[:, 1:, :]
    cross_later = edge[later] * np.einsum("mtb,mtb->mt", moved, np.diff(conditional, axis=2))
    conditional[:, :, 1:-1] = ndtr((h - rr * k) / root).transpose(0, 2, 1)
    moved = (weight[:, :, :-1] - weight[:, :, 1:]).transpose(0, 2, 1)
    cross_earlier = edge[earlier] * np.einsum("mta,mta->mt", moved, np.diff(conditional, axis=2))
    if observed:
        information, at_later, at_earlier = _second_order(
            margins, later, earlier, r, tables / safe / n_obs, information
        )
        cross_later -= at_later
        cross_earlier -= at_earlier
    own = np.matmul(cross_later[:, None, :], margins.influence[later])[:, 0, :, None]
    other = np.matmul(cross_earlier[:, None, :], margins.influence[earlier])
    return np.asarray((score - own - other) / information[:, None, None], dtype=np.float64)


def _second_order(
    margins: Thresholds, later: Codes, earlier: Codes, r: Floats, weight: Floats, products: Floats
) -> tuple[Floats, Floats, Floats]:
    """Observed information, and what second derivatives of the cells take from the cross-products.

    At the bound a likelihood may bend upwards: products of scores are kept there.
    """
    h, k = margins.tau[later], margins.tau[earlier]
    density, bend = density_and_bend(h, k, r)
    stripes = weight[:, :-1] - weight[:, 1:]
    inner = stripes[:, :, :-1] - stripes[:, :, 1:]
    information = products - np.einsum("mst,mst->m", inner, bend)
    bent = information > products / 100
    inner = np.where(bent[:, None, None], inner * density, 0.0)
    rest = (1 - r * r)[:, None, None]
    away = h[:, :, None] - r[:, None, None] * k[:, None, :]
    at_later = -(inner * away / rest).sum(axis=2)
    away = k[:, None, :] - r[:, None, None] * h[:, :, None]
    at_earlier = -(inner * away / rest).sum(axis=1)
    return np.where(bent, information, products), at_later, at_earlier

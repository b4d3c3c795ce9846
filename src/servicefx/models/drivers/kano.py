"""Kano's classes of drivers from penalty and reward, and how sure the class is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.moments.bivariate import bivariate_normal_cdf

__all__ = ["kano_chances", "kano_class"]

Floats = NDArray[np.float64]
_FAR = 40.0


def _lines(hybrid: float) -> dict[str, Floats]:
    """Two half-planes a class: rows (penalty, reward) whose products with the pair must both be above 0.

    The four wedges meet at the origin and fill the plane. Impact asymmetry below -hybrid says
    reward (1 + hybrid) + penalty (1 - hybrid) < 0 where reward - penalty > 0.
    """
    basic, excitement = [1.0 - hybrid, 1.0 + hybrid], [1.0 + hybrid, 1.0 - hybrid]
    return {
        "basic": np.array([[-1.0, 0.0], [-basic[0], -basic[1]]]),
        "performance": np.array([basic, [-excitement[0], -excitement[1]]]),
        "excitement": np.array([[0.0, 1.0], excitement]),
        "reversed": np.array([[1.0, 0.0], [0.0, -1.0]]),
    }


def kano_class(penalty: float, reward: float, hybrid: float) -> str:
    """Class of a driver: basic, performance, excitement, or reversed (lower is better).

    Parameters
    ----------
    penalty, reward : float
        Low less middle, high less middle, in points of the outcome.
    hybrid : float
        Impact asymmetry up to which a driver is a performance factor, in (0, 1).

    Examples
    --------
    >>> kano_class(-1.0, 0.2, 0.1), kano_class(-1.0, 1.0, 0.1), kano_class(-0.2, 1.0, 0.1)
    ('basic', 'performance', 'excitement')
    """
    for kind, lines in _lines(hybrid).items():
        if (lines @ [penalty, reward] >= 0).all():
            return kind
    return "excitement"


def kano_chances(penalty: float, reward: float, covariance: Floats, hybrid: float) -> dict[str, float]:
    """Share of the joint normal distribution of penalty and reward in each class.

    Parameters
    ----------
    penalty, reward, hybrid
        As `kano_class`.
    covariance : ndarray, shape (2, 2)
        Sampling covariance of (penalty, reward).

    Returns
    -------
    dict of str to float
        ``basic, performance, excitement, reversed``; summing to 1 up to rounding.

    Examples
    --------
    >>> chances = kano_chances(0.0, 0.0, np.eye(2), 0.1)
    >>> round(chances["reversed"], 12)
    0.25
    """
    chances = {}
    for kind, lines in _lines(hybrid).items():
        spread = lines @ covariance @ lines.T
        error = np.sqrt(np.maximum(np.diag(spread), 1e-300))
        limits = np.clip(lines @ [penalty, reward] / error, -_FAR, _FAR)
        correlation = np.clip(spread[0, 1] / (error[0] * error[1]), -1 + 1e-15, 1 - 1e-15)
        found = bivariate_normal_cdf(limits[None, :1], limits[None, 1:], np.array([correlation]))
        chances[kind] = float(np.clip(found[0, 0, 0], 0.0, 1.0))
    return chances

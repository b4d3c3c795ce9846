"""Log probability of a count and its derivatives: Poisson, negative binomial, either with zeros added."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln, log_expit, psi, zeta

__all__ = ["CountDensity", "count_density"]

Floats = NDArray[np.float64]
_MOST_SUMMED = 2000
"""Largest count whose terms are summed one by one."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CountDensity:
    """Log probabilities with first and second derivatives, each of shape (B, c).

    Attributes
    ----------
    logp : ndarray
        Log probability of every count.
    mean : ndarray
        By the log of the mean.
    mean_mean : ndarray
    spread, spread_spread, mean_spread : ndarray or None
        By the log of the dispersion; None for a Poisson count.
    zero, zero_zero, mean_zero, spread_zero : ndarray or None
        By the log odds of a zero that is certain; None where there are none.
    """

    logp: Floats
    mean: Floats
    mean_mean: Floats
    spread: Floats | None = None
    spread_spread: Floats | None = None
    mean_spread: Floats | None = None
    zero: Floats | None = None
    zero_zero: Floats | None = None
    mean_zero: Floats | None = None
    spread_zero: Floats | None = None


def count_density(
    values: Floats,
    codes: NDArray[np.intp],
    log_mean: Floats,
    log_dispersion: Floats | None = None,
    zero_odds: Floats | None = None,
) -> CountDensity:
    """Log probability of counts under B sets of parameters at once.

    Parameters
    ----------
    values : ndarray, shape (u,)
        Different counts.
    codes : ndarray of int, shape (c,)
        Which of them each cell holds.
    log_mean : ndarray, shape (B, c)
        Log of the mean of the count, zeros that are certain left aside.
    log_dispersion : ndarray, shape (B, 1), optional
        Log of alpha, the variance being mu + alpha mu² (NB2); None means Poisson.
    zero_odds : ndarray, shape (B, c), optional
        Log odds that a cell is certainly zero; None means that none is.

    Returns
    -------
    CountDensity

    References
    ----------
    Cameron & Trivedi (2013), Regression Analysis of Count Data, 2nd ed., eqs. 3.3, 3.26 and 4.55.
    """
    y = values[codes]
    constant = gammaln(values + 1.0)[codes]
    if log_dispersion is None:
        mean = np.exp(log_mean)
        density = CountDensity(logp=y * log_mean - mean - constant, mean=y - mean, mean_mean=-mean)
    else:
        density = _negative_binomial(y, values, codes, constant, log_mean, log_dispersion)
    return density if zero_odds is None else _with_zeros(density, y == 0, zero_odds)


def _negative_binomial(
    y: Floats, values: Floats, codes: NDArray[np.intp], constant: Floats, log_mean: Floats, tau: Floats
) -> CountDensity:
    """NB2 with size theta = 1 / alpha, in terms that stay of order one as alpha goes to 0."""
    theta = np.exp(-tau)
    mean = np.exp(log_mean)
    ratio = np.exp(log_mean + tau)  # mu / theta
    log_one = np.log1p(ratio)
    rest = 1.0 / (1.0 + ratio)
    rise, first, second = (part[:, codes] for part in _rising(values, tau))
    by_theta = first - theta * log_one + (mean - y) * rest  # theta times the derivative by theta
    return CountDensity(
        logp=rise - constant + y * (log_mean - log_one) - theta * log_one,
        mean=(y - mean) * rest,
        mean_mean=-(mean + ratio * y) * rest**2,
        spread=-by_theta,
        spread_spread=by_theta - second + mean * rest - (mean - y) * rest**2,
        mean_spread=(mean - y) * ratio * rest**2,
    )


def _rising(values: Floats, tau: Floats) -> tuple[Floats, Floats, Floats]:
    """Sums over j below each count of log(1 + alpha j), 1 / (1 + alpha j) and its square, (B, u) each.

    They are log Gamma(y + theta) - log Gamma(theta) + y log alpha and its derivatives, which lose all their
    digits for small alpha; counts too large to sum up are far from that.
    """
    most = int(values.max())
    if most <= _MOST_SUMMED:
        steps = 1.0 + np.exp(tau) * np.arange(most)
        at = values.astype(np.intp)
        none = np.zeros((len(tau), 1))
        parts = (np.log(steps), 1.0 / steps, 1.0 / steps**2)
        rise, first, second = (np.hstack([none, part.cumsum(axis=1)])[:, at] for part in parts)
        return rise, first, second
    theta = np.exp(-tau)
    return (
        gammaln(values + theta) - gammaln(theta) + values * tau,
        theta * (psi(values + theta) - psi(theta)),
        theta**2 * (zeta(2.0, theta) - zeta(2.0, values + theta)),
    )


def _with_zeros(base: CountDensity, is_zero: NDArray[np.bool_], odds: Floats) -> CountDensity:
    """The same count where some cells are certainly zero."""
    chance = expit(odds)
    log_counted = log_expit(-odds)
    mixed = np.logaddexp(log_expit(odds), log_counted + base.logp)
    # chance that a zero seen is one of the count's own, and 1 for all other values
    own = np.where(is_zero, np.exp(log_counted + base.logp - mixed), 1.0)
    doubt = own * (1.0 - own)
    inflated = replace(
        base,
        logp=np.where(is_zero, mixed, log_counted + base.logp),
        mean=own * base.mean,
        mean_mean=own * base.mean_mean + doubt * base.mean**2,
        zero=1.0 - own - chance,
        zero_zero=doubt - chance * (1.0 - chance),
        mean_zero=-doubt * base.mean,
    )
    if base.spread is None or base.spread_spread is None or base.mean_spread is None:
        return inflated
    return replace(
        inflated,
        spread=own * base.spread,
        spread_spread=own * base.spread_spread + doubt * base.spread**2,
        mean_spread=own * base.mean_spread + doubt * base.mean * base.spread,
        spread_zero=-doubt * base.spread,
    )
